"""Events per second that one status process folds: 20,000 events of 500 jobs, shuffled, wait in its queue on a real
broker, and are stored as documents in a real database.

- **A bare consumer** takes the same messages from the same queue with aio-pika, and upserts the fields of each event in
  batches of the same size. It compares nothing, so late and repeated events would replace newer ones, and it logs,
  counts and notifies nothing.
- **Bare upserts** use no broker: each is a plain `$set` of the registers that an event would write, made beforehand.

In a profile, the status process spends half of its time on the broker's protocol (frames and messages), and a third on
folding: the events' registers, their encoding for the database, metrics and logs.
"""

import asyncio
import json
from http.client import HTTPConnection
from random import Random
from statistics import median
from time import perf_counter, sleep
from typing import Any, Final
from uuid import uuid4

import aio_pika
import uvloop
from aio_pika.abc import AbstractIncomingMessage
from matplotlib.figure import Figure as Picture
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import UpdateOne

from bench import markdown
from bench.comparison import alternating_values, ratio
from bench.events import job_events, publish_all
from bench.figure import Bench, Goal, Measured
from bench.services import Services, running
from deploy.local.child import StartError
from deploy.local.ports import LOOPBACK
from deploy.local.services import Service
from services.status.database.codec import storable
from services.status.fold.consumer import BATCH
from shared.broker.bus import Bus
from shared.broker.topology import STATUS_QUEUE
from shared.events import Event
from shared.job import claims

TITLE = "Folding"
CONSUMER: Final = "a bare consumer"
EVENTS: Final = 20_000
JOBS: Final = 500
WARM_UP: Final = 0.1
"""Share of the events that is folded before the measurement begins, so that it does not include the start."""

LIMIT_SECONDS: Final = 120
SAMPLE_SECONDS: Final = 0.5
"""The status process needs some milliseconds to report its metrics, in which it folds nothing."""


def measure(bench: Bench) -> Measured:
    return uvloop.run(_measure(bench))


def goals(measured: Measured) -> list[Goal]:
    rates = measured["events_per_second"]
    return [
        Goal("events per second, relative to a bare consumer", ratio(rates["status"], rates[CONSUMER]), at_least=0.5)
    ]


def table(measured: Measured) -> str:
    rates = measured["events_per_second"]
    rows = [(name, f"{median(of):,.0f}", f"{ratio(of, rates[CONSUMER]):.2f}") for name, of in rates.items()]
    return markdown.table(("", "events per second", "relative to a bare consumer"), rows)


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

    async def consumer() -> float:
        jobs = mongo[f"consumer-{uuid4().hex}"]["jobs"]
        await _publish(bench)
        received: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        async with await aio_pika.connect(bench.amqp_url) as connection:
            channel = await connection.channel()
            await channel.set_qos(2 * BATCH)
            began = perf_counter()
            await (await channel.get_queue(STATUS_QUEUE)).consume(received.put)
            for _ in range(EVENTS // BATCH):
                batch = [await received.get() for _ in range(BATCH)]
                fields = [json.loads(message.body) for message in batch]
                updates = [UpdateOne({"_id": of["job_id"]}, {"$set": of}, upsert=True) for of in fields]
                await jobs.bulk_write(updates, ordered=False)
                await batch[-1].ack(multiple=True)
            return round(EVENTS / (perf_counter() - began))

    programs = {"status": lambda: folded_per_second(bench), CONSUMER: consumer, "bare upserts": bare}
    rates = await alternating_values(programs, bench.runs)
    mongo.close()
    return {"events": EVENTS, "jobs": JOBS, "batch": BATCH, "events_per_second": rates}


async def folded_per_second(bench: Bench, replicas: int = 1) -> float:
    """Return the rate of this number of processes, with all events already in their queue."""
    await _publish(bench)
    env = {"LOG_LEVEL": "info", "MONGO_DATABASE": f"status-{uuid4().hex}"}
    with running(bench, {"status": replicas}, env) as services:
        return await asyncio.to_thread(_folded_per_second, services)


async def _publish(bench: Bench) -> None:
    async with Bus(bench.amqp_url, "bench") as bus:
        await bus.check()  # creates the queue
        await publish_all(bus, _events())


def _events() -> list[Event]:
    """Return the same events in each run, but of other jobs."""
    events = list(job_events([str(uuid4()) for _ in range(JOBS)], EVENTS // JOBS))
    Random(1).shuffle(events)
    return events


def _folded_per_second(services: Services) -> float:
    """Measure between two samples of the service's own counter. Raises StartError on timeout."""
    deadline = perf_counter() + LIMIT_SECONDS
    samples: list[tuple[float, float]] = []
    while perf_counter() < deadline:
        folded, now = _folded(services), perf_counter()
        if folded >= WARM_UP * EVENTS:
            samples.append((folded, now))
        if folded >= EVENTS:
            (before, began), *_, (after, ended), _ = samples  # without the last, which is taken too late
            return round((after - before) / (ended - began))
        sleep(SAMPLE_SECONDS)
    raise StartError(f"status has not folded {EVENTS} events after {LIMIT_SECONDS} s")


def _folded(services: Services) -> float:
    """Return the number of all replicas together."""
    return sum(map(_folded_by, services.services.values()))


def _folded_by(status: Service) -> float:
    connection = HTTPConnection(LOOPBACK, status.port, timeout=10)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("karaoke_events_folded_total"))
