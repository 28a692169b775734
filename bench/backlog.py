"""A long queue: what it costs while nobody works on it, and how fast it gets shorter."""

import asyncio
from time import perf_counter
from typing import Any, Final, NamedTuple

import httpx
import psutil

from bench.bench import Bench
from bench.resident import resident
from bench.sides import percentile
from bench.submission import submit, submitted
from bench.system import system
from bench.tap import tapped
from deploy.local.child import StartError
from shared.broker.bus import Bus
from shared.events import Options, Task
from shared.job import ready
from shared.storage.job_files import Storage

AT_ONCE: Final = 100
POLLS: Final = 200
DRAIN_SECONDS: Final = 15
WORKERS: Final = 4
PATIENCE_SECONDS: Final = 120
OPTIONS: Final = Options(tasks=(Task.STEM_SEPARATION,))


class Snapshots(NamedTuple):
    """How often status has looked at the queue, and for how long in all."""

    looks: float
    seconds: float


async def backlog(bench: Bench, jobs: int) -> dict[str, Any]:
    """The first of them have files, and are what the workers come to."""
    with system(bench, {"gateway": 1, "status": 1}) as services:
        async with Bus(bench.amqp_url, "bench") as bus, httpx.AsyncClient(base_url=services.url, timeout=30) as http:
            before = resident(services) | {"RabbitMQ": _broker()}
            job_ids, submit_seconds = await _submit(bench, bus, jobs)
            await _visible(http, job_ids[-1])
            looked = await _snapshots(http, services.services["status"].url)
            polls = [await _timed(http, job_ids[n * jobs // POLLS]) for n in range(POLLS)]
            looking = await _snapshots(http, services.services["status"].url)
            while looking.looks == looked.looks:  # polls are what has status look at the queue
                await _timed(http, job_ids[0])
                looking = await _snapshots(http, services.services["status"].url)
            after = resident(services) | {"RabbitMQ": _broker()}
            drained = await _drained_per_second(bench, bus)
    return {
        "jobs": jobs,
        "submitted_per_second": round(jobs / submit_seconds),
        "megabytes_before": before,
        "megabytes_after": after,
        "poll_p50_ms": round(1000 * percentile(polls, 50), 2),
        "poll_p99_ms": round(1000 * percentile(polls, 99), 2),
        "snapshot_seconds": round((looking.seconds - looked.seconds) / (looking.looks - looked.looks), 3),
        "workers": WORKERS,
        "drained_per_second": drained,
    }


async def _submit(bench: Bench, bus: Bus, jobs: int) -> tuple[list[str], float]:
    storage = Storage(str(bench.folder / "storage"))
    with_files = await asyncio.gather(*(submit(bus, storage, OPTIONS) for _ in range(jobs // 10)))
    events = [submitted(OPTIONS) for _ in range(jobs - len(with_files))]
    began = perf_counter()
    for start in range(0, len(events), AT_ONCE):
        await asyncio.gather(*(bus.publish(event, ready(event, event)) for event in events[start : start + AT_ONCE]))
    seconds = (perf_counter() - began) * jobs / len(events)
    return [*with_files, *(event.job_id for event in events)], seconds


async def _visible(http: httpx.AsyncClient, job_id: str) -> None:
    """Raises StartError."""
    deadline = perf_counter() + PATIENCE_SECONDS
    while not (await http.get(f"/api/status/{job_id}")).is_success:
        if perf_counter() > deadline:
            raise StartError("a job of the backlog is not to be seen", job_id)


async def _timed(http: httpx.AsyncClient, job_id: str) -> float:
    began = perf_counter()
    (await http.get(f"/api/status/{job_id}")).raise_for_status()
    return perf_counter() - began


async def _drained_per_second(bench: Bench, bus: Bus) -> float:
    """By no-op workers, for a while."""
    async with tapped(bus, "task_completed") as completed:
        with system(bench, {"separator": WORKERS}):
            before, began = len(completed), perf_counter()
            await asyncio.sleep(DRAIN_SECONDS)
            return round((len(completed) - before) / (perf_counter() - began), 1)


def _broker() -> float:
    """Megabytes of the broker that this process started."""
    processes = psutil.Process().children(recursive=True)
    return sum(float(process.memory_info().rss) for process in processes if process.name() == "beam.smp") / 1e6


async def _snapshots(http: httpx.AsyncClient, status_url: str) -> Snapshots:
    metrics = (await http.get(f"{status_url}/metrics")).raise_for_status().text
    values = dict(line.rsplit(" ", 1) for line in metrics.splitlines())
    name = "karaoke_queue_snapshot_seconds"
    return Snapshots(float(values[f"{name}_count"]), float(values[f"{name}_sum"]))
