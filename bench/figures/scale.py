"""Separators that wait for one second instead of computing, with a sufficiently long queue: tasks per second by number
of workers, from the end of the first round to the end of the last but one. Then 1 to 3 replicas of status fold 20,000
waiting events. Last, a queue of 10,000 jobs without workers: the memory of the processes that keep it, the response
time of a poll through the gateway, and the time to read the whole queue; then the rate at which four workers that
compute nothing take tasks from it. Everything shares the cores: what does not grow with the replicas is limited by
them.
"""

import asyncio
from itertools import product
from statistics import median
from time import perf_counter
from typing import Any, Final, NamedTuple

import httpx2
import psutil
from matplotlib.figure import Figure as Picture

from bench import markdown
from bench.comparison import percentile
from bench.events import job_submitted, recorded, submit_job, wait_until
from bench.figure import Bench, Goal, Measured
from bench.figures.folding import folded_per_second
from bench.processes import memory
from bench.services import running
from deploy.local.child import StartError
from shared.broker.bus import Bus
from shared.events import Options
from shared.job import ready
from shared.storage.job_files import Storage
from shared.tasks import Task

TITLE = "Scale"
WORKERS = (1, 2, 4, 8)
REPLICAS = (1, 2, 3)
TASK_SECONDS: Final = 1
ROUNDS: Final = 6
JOBS = 10_000
CONCURRENT: Final = 100
POLLS: Final = 200
DRAIN_WORKERS: Final = 4
DRAIN_SECONDS: Final = 15
TIMEOUT_SECONDS: Final = 120
SEPARATION: Final = (Task.STEM_SEPARATION,)


class SnapshotCounter(NamedTuple):
    """Number of times that status has read the whole queue, and the total of seconds."""

    reads: float
    seconds: float


def measure(bench: Bench) -> Measured:
    tasks: dict[str, list[float]] = {str(workers): [] for workers in WORKERS}
    folded: dict[str, list[float]] = {str(replicas): [] for replicas in REPLICAS}
    for _, workers in product(range(bench.runs), WORKERS):
        tasks[str(workers)].append(asyncio.run(_tasks_per_second(bench, workers)))
    bench.log(f"tasks per second: {tasks}")
    for _, replicas in product(range(bench.runs), REPLICAS):
        folded[str(replicas)].append(asyncio.run(folded_per_second(bench, replicas)))
    bench.log(f"events folded per second: {folded}")
    return {
        "task_seconds": TASK_SECONDS,
        "tasks_per_second": tasks,
        "folded_per_second": folded,
        "backlog": asyncio.run(_backlog(bench, JOBS)),
    }


def goals(measured: Measured) -> list[Goal]:
    return [
        Goal(
            f"{workers} workers, relative to {workers} times one worker", _efficiency(measured, workers), at_least=0.95
        )
        for workers in WORKERS[1:]
    ]


def table(measured: Measured) -> str:
    tasks = measured["tasks_per_second"]
    by_workers = [
        (str(workers), f"{median(tasks[str(workers)]):.2f}", f"{_efficiency(measured, workers):.3f}")
        for workers in WORKERS
    ]
    by_replicas = [(replicas, f"{median(rates):,.0f}") for replicas, rates in measured["folded_per_second"].items()]
    return "\n\n".join(
        (
            markdown.table(("workers", "tasks per second", "relative to linear"), by_workers),
            markdown.table(("status replicas", "events folded per second"), by_replicas),
            markdown.table((f"a queue of {JOBS:,} jobs", ""), _backlog_rows(measured)),
        )
    )


def plot(measured: Measured, picture: Picture) -> None:
    left, right = picture.subplots(1, 2)
    left.plot(WORKERS, [median(measured["tasks_per_second"][str(n)]) for n in WORKERS], marker="o", label="measured")
    one = median(measured["tasks_per_second"]["1"])
    left.plot(WORKERS, [one * n for n in WORKERS], linestyle=":", label="linear")
    left.set(xlabel="separators", ylabel="tasks per second", xlim=(0, None), ylim=(0, None))
    left.legend()
    folded = measured["folded_per_second"]
    right.bar(list(folded), [median(rates) for rates in folded.values()])
    right.set(xlabel="status replicas", ylabel="events folded per second")


def _efficiency(measured: Measured, workers: int) -> float:
    tasks: dict[str, list[float]] = measured["tasks_per_second"]
    return median(tasks[str(workers)]) / (workers * median(tasks["1"]))


def _backlog_rows(measured: Measured) -> list[tuple[str, str]]:
    found = measured["backlog"]
    grown = [
        (f"memory of {name}", f"{found['megabytes_before'][name]:,.0f} to {after:,.0f} MB")
        for name, after in found["megabytes_after"].items()
        if name in found["megabytes_before"]
    ]
    return [
        ("submitted per second, confirmed", f"{found['submitted_per_second']:,}"),
        *grown,
        ("a poll through the gateway, p50", f"{found['poll_p50_ms']} ms"),
        ("p99", f"{found['poll_p99_ms']} ms"),
        ("reading the whole queue", f"{found['snapshot_seconds']} s"),
        (f"tasks per second of {found['workers']} workers", f"{found['drained_per_second']}"),
    ]


async def _tasks_per_second(bench: Bench, workers: int) -> float:
    """Measure from the end of the first round to the end of the last but one, without the start and the end."""
    jobs = ROUNDS * workers
    options = Options(tasks=SEPARATION, model=f"seconds-{TASK_SECONDS}")
    storage = Storage(str(bench.folder / "storage"))
    with running(bench, {"separator": workers}):
        async with Bus(bench.amqp_url, "bench") as bus, recorded(bus, "task_completed") as completed:
            await asyncio.gather(*(submit_job(bus, storage, options) for _ in range(jobs)))
            await wait_until(lambda: len(completed) == jobs, TIMEOUT_SECONDS, "for tasks to be completed")
    ends = sorted(event.at for event in completed)
    span = ends[-1 - workers] - ends[workers - 1]
    return round((jobs - 2 * workers) / span.total_seconds(), 3)


async def _backlog(bench: Bench, jobs: int) -> dict[str, Any]:
    """Measure with this number of waiting jobs. The first tenth has files, for the workers."""
    with running(bench, {"gateway": 1, "status": 1}) as services:
        async with (
            Bus(bench.amqp_url, "bench") as bus,
            httpx2.AsyncClient(base_url=services.gateway_url, timeout=30) as http,
        ):
            before = memory(services) | {"RabbitMQ": _broker_memory()}
            job_ids, submit_seconds = await _submit(bench, bus, jobs)
            await _wait_until_visible(http, job_ids[-1])
            before_polls = await _snapshots(http, services.status_url)
            polls = [await _timed(http, job_ids[n * jobs // POLLS]) for n in range(POLLS)]
            snapshots = await _snapshots(http, services.status_url)
            while snapshots.reads == before_polls.reads:  # status reads the queue because of polls
                await _timed(http, job_ids[0])
                snapshots = await _snapshots(http, services.status_url)
            after = memory(services) | {"RabbitMQ": _broker_memory()}
            drained = await _drained_per_second(bench, bus)
    return {
        "jobs": jobs,
        "submitted_per_second": round(jobs / submit_seconds),
        "megabytes_before": before,
        "megabytes_after": after,
        "poll_p50_ms": round(1000 * percentile(polls, 50), 2),
        "poll_p99_ms": round(1000 * percentile(polls, 99), 2),
        "snapshot_seconds": round(
            (snapshots.seconds - before_polls.seconds) / (snapshots.reads - before_polls.reads), 3
        ),
        "workers": DRAIN_WORKERS,
        "drained_per_second": drained,
    }


async def _submit(bench: Bench, bus: Bus, jobs: int) -> tuple[list[str], float]:
    storage, options = Storage(str(bench.folder / "storage")), Options(tasks=SEPARATION)
    with_files = await asyncio.gather(*(submit_job(bus, storage, options) for _ in range(jobs // 10)))
    events = [job_submitted(options) for _ in range(jobs - len(with_files))]
    began = perf_counter()
    for start in range(0, len(events), CONCURRENT):
        await asyncio.gather(*(bus.publish(event, ready(event, event)) for event in events[start : start + CONCURRENT]))
    seconds = (perf_counter() - began) * jobs / len(events)
    return [*with_files, *(event.job_id for event in events)], seconds


async def _wait_until_visible(http: httpx2.AsyncClient, job_id: str) -> None:
    """Raises StartError."""
    deadline = perf_counter() + TIMEOUT_SECONDS
    while not (await http.get(f"/api/status/{job_id}")).is_success:
        if perf_counter() > deadline:
            raise StartError("a job of the queue is not visible", job_id)


async def _timed(http: httpx2.AsyncClient, job_id: str) -> float:
    began = perf_counter()
    (await http.get(f"/api/status/{job_id}")).raise_for_status()
    return perf_counter() - began


async def _drained_per_second(bench: Bench, bus: Bus) -> float:
    """Return the tasks per second of workers that compute nothing, measured for a while."""
    async with recorded(bus, "task_completed") as completed:
        with running(bench, {"separator": DRAIN_WORKERS}):
            before, began = len(completed), perf_counter()
            await asyncio.sleep(DRAIN_SECONDS)
            return round((len(completed) - before) / (perf_counter() - began), 1)


def _broker_memory() -> float:
    """Return the megabytes of the broker that this process started."""
    processes = psutil.Process().children(recursive=True)
    return sum(float(process.memory_info().rss) for process in processes if process.name() == "beam.smp") / 1e6


async def _snapshots(http: httpx2.AsyncClient, status_url: str) -> SnapshotCounter:
    metrics = (await http.get(f"{status_url}/metrics")).raise_for_status().text
    values = dict(line.rsplit(" ", 1) for line in metrics.splitlines())
    name = "karaoke_queue_snapshot_seconds"
    return SnapshotCounter(float(values[f"{name}_count"]), float(values[f"{name}_sum"]))
