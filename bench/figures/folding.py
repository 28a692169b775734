"""
Events per second that one status process folds: 20,000 of 500 jobs, shuffled, wait in its queue at a real broker, and
end as documents in a real database. Beside that, the same events in batches of the same size, as bare bulk upserts: one
plain `$set` for each event, of the very registers that it claims, made beforehand, by the same driver into the same
database. That side has no broker, decodes and compares nothing, and tells nobody.

A profile of the status process has half of its time in the broker's protocol (frames, and a message made of them), a
third in folding: the claims of events, their encoding for the database, metrics and logs.
"""

import asyncio
from http.client import HTTPConnection
from random import Random
from statistics import median
from time import perf_counter, sleep
from typing import Any, Final
from uuid import uuid4

from matplotlib.figure import Figure as Picture
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import UpdateOne

from bench import markdown
from bench.bench import Bench
from bench.figure import Goal, Measured
from bench.sides import ratio, values
from bench.stories import stories, tell
from bench.system import System, system
from deploy.local.child import StartError
from deploy.local.ports import LOOPBACK
from deploy.local.services import Service
from services.status.database.codec import storable
from services.status.fold.consumer import BATCH
from shared.broker.bus import Bus
from shared.events import Event
from shared.job import claims

TITLE = "Folding"
EVENTS: Final = 20_000
JOBS: Final = 500
BEGUN: Final = 0.1
"""The clock runs from when this share of the events has been folded, so that it does not measure a start."""

LIMIT_SECONDS: Final = 120
LOOK_SECONDS: Final = 0.5
"""To answer a look takes the status process some milliseconds, in which it folds nothing."""


def measure(bench: Bench) -> Measured:
    return asyncio.run(_measure(bench))


def goals(measured: Measured) -> list[Goal]:
    rates = measured["events_per_second"]
    return [Goal("events per second, of bare upserts'", ratio(rates["status"], rates["bare upserts"]), at_least=0.5)]


def table(measured: Measured) -> str:
    rates = measured["events_per_second"]
    rows = [(side, f"{median(of):,.0f}", f"{ratio(of, rates['bare upserts']):.2f}") for side, of in rates.items()]
    return markdown.table(("", "events per second", "of bare upserts"), rows)


def plot(measured: Measured, picture: Picture) -> None:
    axes = picture.subplots()
    rates = measured["events_per_second"]
    axes.boxplot(list(rates.values()), orientation="horizontal", tick_labels=list(rates))
    axes.set(xlabel="events per second", xlim=(0, None))


async def _measure(bench: Bench) -> Measured:
    mongo: Any = AsyncIOMotorClient(bench.mongo_url)

    async def bare() -> float:
        jobs = mongo[f"bare-{uuid4().hex}"]["jobs"]
        claimed = [(event.job_id, storable(claims(event))) for event in _events()]
        began = perf_counter()
        for start in range(0, EVENTS, BATCH):
            updates = [
                UpdateOne({"_id": job_id}, {"$set": registers}, upsert=True)
                for job_id, registers in claimed[start : start + BATCH]
            ]
            await jobs.bulk_write(updates, ordered=False)
        return round(EVENTS / (perf_counter() - began))

    sides = {"status": lambda: folded_per_second(bench), "bare upserts": bare}
    rates = await values(sides, bench.runs)
    mongo.close()
    return {"events": EVENTS, "jobs": JOBS, "batch": BATCH, "events_per_second": rates}


async def folded_per_second(bench: Bench, replicas: int = 1) -> float:
    """By so many processes, which find the events in their queue."""
    async with Bus(bench.amqp_url, "bench") as bus:
        await bus.check()  # the queue is there
        await tell(bus, _events())
    env = {"LOG_LEVEL": "info", "MONGO_DATABASE": f"status-{uuid4().hex}"}
    with system(bench, {"status": replicas}, env) as services:
        return await asyncio.to_thread(_folded_per_second, services)


def _events() -> list[Event]:
    """The same in each run, of other jobs."""
    events = list(stories([str(uuid4()) for _ in range(JOBS)], EVENTS // JOBS))
    Random(1).shuffle(events)
    return events


def _folded_per_second(services: System) -> float:
    """From look to look, by the service's own count. Raises StartError when it is not done in time."""
    deadline = perf_counter() + LIMIT_SECONDS
    looks: list[tuple[float, float]] = []
    while perf_counter() < deadline:
        folded, now = _folded(services), perf_counter()
        if folded >= BEGUN * EVENTS:
            looks.append((folded, now))
        if folded >= EVENTS:
            (before, began), *_, (after, ended), _ = looks  # the last look comes too late
            return round((after - before) / (ended - began))
        sleep(LOOK_SECONDS)
    raise StartError(f"status had not folded {EVENTS} events after {LIMIT_SECONDS} s")


def _folded(services: System) -> float:
    """By all replicas together."""
    return sum(map(_folded_by, services.services.values()))


def _folded_by(status: Service) -> float:
    connection = HTTPConnection(LOOPBACK, status.port, timeout=10)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("karaoke_events_folded_total"))
