"""Jobs of three tasks that do nothing: what is left is the path of the events. Every side has a worker for each
task that takes one at a time (prefetch 1) and acknowledges what is done. "Started", a percentage and the end of every
task are kept where a client sees them, which polls in the same way: the five oldest jobs every 50 ms, a job alone
every 5 ms.

**Ours** is submitted as the gateway does it once a song is decoded (files, manifest, a confirmed and mandatory
publish; quorum queues), or as an upload of a second of silence. Its tasks run in the workers' child processes, fetch
the song from the storage and put their (empty) files there; documents are in MongoDB, acknowledged by its journal. The
transcription waits for the separation, and the beats are refined afterwards: four tasks a job.
**Celery**: a chord of three and its callback, a prefork child a worker, quorum queues, confirmed publishing, results
in Redis. **Dramatiq**: a group of three and its callback, durable classic queues, confirmed publishing, results and
progress in Redis. **taskiq**: three tasks in the workers' event loops, quorum queues, confirmed publishing, results,
progress and the count of ended tasks in Redis. **arq**: three of its jobs in event loops, all in Redis, which its
workers ask every 5 ms. Redis writes its log to the disk every second, so what it was told last may go with the
machine. No peer keeps a file, and none of their tasks waits for another.

Processor time is that of all processes: workers with their children, our services, servers, and the client.
"Accepted to started" is from the 202 to the `TaskStarted` heard from the broker, below 0 where a worker was faster
than the answer. "Published to visible" is from when an event was to be sent, 150 a second whether or not that is kept
up with, to the document that shows it: every event for who follows its job by server-sent events, one of ten for who
polls every 10 ms, the wait for the next poll included.
"""

from collections.abc import Sequence
from statistics import median

import aiohttp
import uvloop
from matplotlib.figure import Figure as Picture

from bench import markdown
from bench.bench import Bench
from bench.contenders import OURS, contenders
from bench.figure import Goal, Measured
from bench.programs.karaoke import Uploads
from bench.redis import redis
from bench.sides import percentile
from bench.starts import Starts, client
from bench.system import System, system
from bench.visibility import Visibility
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
        sides = contenders(bench, redis_url)
        for turn in range(bench.runs):
            for name, start in sides.items():
                bench.say(f"run {turn + 1}: {name}")
                with start() as side:
                    loads.setdefault(name, []).append(side.load(UPLOADS if "HTTP" in name else JOBS))
                    alone.setdefault(name, []).extend(side.alone(ALONE))
    bench.say("from accepted to started, from published to visible")
    with system(bench, OURS | {"gateway": 1}) as running:
        delays = uvloop.run(_delays(bench, running))
    return {"loads": loads, "alone_ms": alone, "delays_ms": delays}


def goals(measured: Measured) -> list[Goal]:
    delays = measured["delays_ms"]
    visible = [
        Goal(f"{DELAYS[how]}, p99 at {EVENTS_PER_SECOND} events/s", delays[how]["p99"], 250, None, " ms", 0)
        for how in ("followed", "polled")
    ]
    return [Goal("accepted to started, p50", delays["started"]["p50"], 50, None, " ms", 0), *visible]


def table(measured: Measured) -> str:
    head = ("", "jobs/s", "ms of CPU a job", *KINDS, "a job alone, p50", "p90")
    rows = [_row(name, loads, measured["alone_ms"][name]) for name, loads in measured["loads"].items()]
    delays = [
        (what, str(told["count"]), *(f"{told[part]:.0f} ms" for part in ("p50", "p90", "p99", "most")))
        for what, told in zip(DELAYS.values(), (measured["delays_ms"][name] for name in DELAYS), strict=True)
    ]
    of_delays = markdown.table(("", "samples", "p50", "p90", "p99", "most"), delays)
    return f"{markdown.table(head, rows)}\n\n{of_delays}"


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
    costs.set(xlabel="ms of CPU a job")
    costs.legend(fontsize=6)
    alone.boxplot(
        list(measured["alone_ms"].values()), positions=range(len(names)), orientation="horizontal", showfliers=False
    )
    alone.set(xlabel="ms, a job alone", xlim=(0, None), yticks=range(len(names)), yticklabels=names)


def _row(name: str, loads: Sequence[dict[str, float]], alone: Sequence[float]) -> tuple[str, ...]:
    costs = [_median(loads, kind) for kind in KINDS]
    shown = (f"{_median(loads, 'jobs_per_second'):.1f}", *(f"{cost:.1f}" for cost in (sum(costs), *costs)))
    return name, *shown, f"{median(alone):.0f} ms", f"{percentile(alone, 90):.0f} ms"


def _median(loads: Sequence[dict[str, float]], key: str) -> float:
    """Of a rate, or of what a kind of process took; 0 for a side that has none of the kind."""
    parts = {"store": STORES}.get(key, (key, f"{key}_ms"))
    return median(sum(load.get(part, 0) for part in parts) for load in loads)


async def _delays(bench: Bench, running: System) -> dict[str, dict[str, float]]:
    storage = Storage(str(bench.folder / "storage"))
    async with (
        client(running.services["status"].url) as status,
        client(running.url) as gateway,
        Bus(bench.amqp_url, "bench") as bus,
    ):
        await bus.check()
        started = await Starts(bus, Uploads(bus, storage, status, gateway)).measure(STARTS * bench.runs)
        async with aiohttp.ClientSession(
            running.services["status"].url, connector=aiohttp.TCPConnector(limit=0)
        ) as light:
            visible = Visibility(bus, light)
            await visible.measure(EVENTS_PER_SECOND * SECONDS_A_RUN * bench.runs, EVENTS_PER_SECOND)
    told = {"started": started, "followed": visible.followed, "polled": visible.polled}
    return {name: _summary([1000 * each for each in seconds]) for name, seconds in told.items()}


def _summary(values: Sequence[float]) -> dict[str, float]:
    parts = {f"p{percent}": round(percentile(values, percent), 1) for percent in (50, 90, 99)}
    return {"count": len(values), **parts, "most": round(max(values), 1)}
