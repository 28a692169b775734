"""Jobs of three tasks that compute nothing: what remains is the path of the events. Every job queue has one worker per
task, which takes one task at a time (prefetch 1) and acknowledges it when it is done. The start, one percentage and the
end of every task are stored where a client can see them. All clients poll in the same way: the five oldest jobs every
50 ms, a single job every 5 ms.

- **Ours**: jobs are submitted as the gateway does after decoding (files, manifest, a confirmed and mandatory publish,
  quorum queues), or as an upload of a second of silence. Tasks run in the workers' child processes, fetch the song from
  the storage and store their (empty) files there. Documents are in MongoDB, acknowledged by its journal. The
  transcription waits for the separation, and the beats are refined afterwards: four tasks per job.
- **Celery**: a chord of three tasks and its callback, one prefork child per worker, quorum queues, confirmed
  publishing, results in Redis.
- **Dramatiq**: a group of three tasks and its callback, durable classic queues, confirmed publishing, results and
  progress in Redis.
- **taskiq**: three tasks in the workers' event loops, quorum queues, confirmed publishing; results, progress and the
  number of ended tasks in Redis.
- **arq**: three of its jobs in event loops, everything in Redis, which its workers poll every 5 ms.

Redis writes its log to the disk every second, so a crash of the machine can lose the last second. The libraries store
no files, and none of their tasks waits for another.

Processor time is that of all processes: workers with their children, our services, servers, and the client.
"Accepted to started" is the time from the 202 to the `TaskStarted` from the broker; it is negative if a worker was
faster than the response. "Published to visible" is the time from an event's planned publication, at a steady 150 per
second, to the document that shows it: every event for a client that follows its job by server-sent events, one of ten
for a client that polls every 10 ms, including the wait for the next poll.
"""

from collections.abc import Sequence
from statistics import median

import aiohttp
import httpx2
import uvloop
from matplotlib.figure import Figure as Picture

from bench import markdown
from bench.comparison import percentile
from bench.figure import Bench, Goal, Measured
from bench.job_queues import job_queues, redis
from bench.latency import Visibility, start_delays
from bench.programs.karaoke_jobs import UploadQueue
from bench.services import ALL, Services, running
from shared.broker.bus import Bus
from shared.storage.job_files import Storage

TITLE = "The event path"
EVENTS_PER_SECOND = 150
SECONDS_A_RUN = 4
JOBS, UPLOADS, ALONE, STARTS = 80, 12, 10, 6
KINDS = ("workers", "services", "broker", "store", "client")
DELAYS = {
    "started": "accepted to started",
    "followed": "published to visible, followed",
    "polled": "published to visible, polled",
}
STORES = ("database_ms", "redis_ms")


def measure(bench: Bench) -> Measured:
    loads: dict[str, list[dict[str, float]]] = {}
    alone: dict[str, list[float]] = {}
    with redis(bench.folder / "redis") as redis_url:
        queues = job_queues(bench, redis_url)
        for turn in range(bench.runs):
            for name, start in queues.items():
                bench.log(f"run {turn + 1}: {name}")
                with start() as queue:
                    jobs = UPLOADS if "HTTP" in name else JOBS
                    loads.setdefault(name, []).append(queue.run_concurrently(jobs))
                    alone.setdefault(name, []).extend(queue.run_one_by_one(ALONE))
    bench.log("from accepted to started, from published to visible")
    with running(bench, ALL) as services:
        delays = uvloop.run(_delays(bench, services))
    return {"loads": loads, "alone_ms": alone, "delays_ms": delays}


def goals(measured: Measured) -> list[Goal]:
    delays = measured["delays_ms"]
    visible = [
        Goal(f"{DELAYS[how]}, p99 at {EVENTS_PER_SECOND} events/s", delays[how]["p99"], 250, None, " ms", 0)
        for how in ("followed", "polled")
    ]
    return [Goal("accepted to started, p50", delays["started"]["p50"], 50, None, " ms", 0), *visible]


def table(measured: Measured) -> str:
    head = ("", "jobs/s", "ms of CPU per job", *KINDS, "a single job, p50", "p90")
    rows = [_row(name, loads, measured["alone_ms"][name]) for name, loads in measured["loads"].items()]
    delays = [
        (what, str(delay["count"]), *(f"{delay[part]:.0f} ms" for part in ("p50", "p90", "p99", "most")))
        for what, delay in zip(DELAYS.values(), (measured["delays_ms"][name] for name in DELAYS), strict=True)
    ]
    delay_table = markdown.table(("", "samples", "p50", "p90", "p99", "greatest"), delays)
    return f"{markdown.table(head, rows)}\n\n{delay_table}"


def plot(measured: Measured, picture: Picture) -> None:
    rates, costs, alone = picture.subplots(1, 3, sharey=True)
    names = list(measured["loads"])
    rates.barh(names, [_median(loads, "jobs_per_second") for loads in measured["loads"].values()])
    rates.set(xlabel="jobs/s")
    rates.invert_yaxis()
    before = [0.0] * len(names)
    for kind in KINDS:
        cost = [_median(loads, kind) for loads in measured["loads"].values()]
        costs.barh(names, cost, left=before, label=kind)
        before = [sum(pair) for pair in zip(before, cost, strict=True)]
    costs.set(xlabel="ms of CPU per job")
    costs.legend(fontsize=6)
    alone.boxplot(
        list(measured["alone_ms"].values()), positions=range(len(names)), orientation="horizontal", showfliers=False
    )
    alone.set(xlabel="ms, a single job", xlim=(0, None), yticks=range(len(names)), yticklabels=names)


def _row(name: str, loads: Sequence[dict[str, float]], alone: Sequence[float]) -> tuple[str, ...]:
    costs = [_median(loads, kind) for kind in KINDS]
    shown = (f"{_median(loads, 'jobs_per_second'):.1f}", *(f"{cost:.1f}" for cost in (sum(costs), *costs)))
    return name, *shown, f"{median(alone):.0f} ms", f"{percentile(alone, 90):.0f} ms"


def _median(loads: Sequence[dict[str, float]], key: str) -> float:
    """Return the median of a rate, or of a kind of process's time, which is 0 without such a process."""
    parts = {"store": STORES}.get(key, (key, f"{key}_ms"))
    return median(sum(load.get(part, 0) for part in parts) for load in loads)


async def _delays(bench: Bench, services: Services) -> dict[str, dict[str, float]]:
    storage = Storage(str(bench.folder / "storage"))
    async with (
        _client(services.status_url) as status,
        _client(services.gateway_url) as gateway,
        Bus(bench.amqp_url, "bench") as bus,
    ):
        await bus.check()
        started = await start_delays(bus, UploadQueue(bus, storage, status, gateway), STARTS * bench.runs)
        async with aiohttp.ClientSession(services.status_url, connector=aiohttp.TCPConnector(limit=0)) as http:
            visible = Visibility(bus, http)
            await visible.measure(EVENTS_PER_SECOND * SECONDS_A_RUN * bench.runs, EVENTS_PER_SECOND)
    delays = {"started": started, "followed": visible.followed, "polled": visible.polled}
    return {name: _summary([1000 * each for each in seconds]) for name, seconds in delays.items()}


def _client(url: str) -> httpx2.AsyncClient:
    """Return a client without a limit of connections."""
    return httpx2.AsyncClient(base_url=url, timeout=60, limits=httpx2.Limits(max_connections=None))


def _summary(values: Sequence[float]) -> dict[str, float]:
    parts = {f"p{percent}": round(percentile(values, percent), 1) for percent in (50, 90, 99)}
    return {"count": len(values), **parts, "most": round(max(values), 1)}
