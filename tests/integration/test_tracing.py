"""Traces across services, on a real broker, with spans in memory."""

from typing import Any

from aio_pika.abc import AbstractChannel
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.status.database.store import Store
from services.status.fold.consumer import Consumer
from shared.broker.bus import Bus
from shared.broker.topology import DELIVERY_LIMIT
from shared.events import TaskCompleted, TaskFailed
from shared.tasks import Task
from shared.telemetry import tracing
from tests.fakes import JOB_ID, completed, submitted
from tests.system import Bench, Listener, until

BEATS = Task.BEAT_ANALYSIS


def traces(spans: InMemorySpanExporter) -> dict[int, list[ReadableSpan]]:
    found: dict[int, list[ReadableSpan]] = {}
    for span in spans.get_finished_spans():
        assert span.context
        found.setdefault(span.context.trace_id, []).append(span)
    return found


def told(spans: list[ReadableSpan]) -> list[str]:
    return sorted(span.name for span in spans)


async def headers(channel: AbstractChannel, queue: str) -> dict[str, Any]:
    message = await (await channel.get_queue(queue)).get()
    assert message
    await message.ack()
    return {name: value for name, value in message.headers.items() if not name.startswith("x-")}  # the broker's


async def test_without_tracing_messages_have_no_header(bus: Bus, channel: AbstractChannel) -> None:
    await bus.publish(submitted(BEATS), (BEATS,))
    assert await headers(channel, BEATS.queue) == {}


async def test_a_message_has_its_trace_in_the_traceparent_header(
    bus: Bus, channel: AbstractChannel, spans: InMemorySpanExporter
) -> None:
    await bus.publish(submitted(BEATS), (BEATS,))
    ((trace_id, _),) = traces(spans).items()
    version, sent_id, _, flags = (await headers(channel, BEATS.queue))["traceparent"].split("-")
    assert (version, int(sent_id, 16), int(flags, 16) & 1) == ("00", trace_id, 1)


async def test_a_repeated_attempt_stays_in_the_trace(
    bench: Bench, listener: Listener, spans: InMemorySpanExporter
) -> None:
    await bench.submit()
    async with bench.worker("die_once"):
        await listener.until(TaskCompleted)
    ((_, of_job),) = traces(spans).items()
    assert told(of_job) == sorted(
        [
            "publish job_submitted",
            *("attempt beat_analysis", "publish task_started", "load", "compute"),
            *("attempt beat_analysis", "publish task_started", "load", "compute", "write", "publish task_completed"),
        ]
    )
    attempts = [span.attributes for span in of_job if span.name == "attempt beat_analysis"]
    assert attempts == [{"job_id": JOB_ID, "task": BEATS, "attempt": number} for number in (1, 2)]


async def test_a_dead_letter_stays_in_the_trace(
    bus: Bus, store: Store, channel: AbstractChannel, spans: InMemorySpanExporter
) -> None:
    await bus.publish(submitted(BEATS), (BEATS,))
    queue = await channel.get_queue(BEATS.queue)
    for _ in range(1 + DELIVERY_LIMIT):
        message = await queue.get(timeout=10)
        assert message
        await message.reject(requeue=True)

    async def failed() -> bool:
        job = await store.get(JOB_ID)
        return job is not None and isinstance(job.event(BEATS), TaskFailed)

    async with Consumer(bus, store).consuming():
        await until(failed, True)
    ((_, of_job),) = traces(spans).items()
    assert told(of_job) == ["dead letter", "fold", "fold", "publish job_submitted", "publish task_failed"]


async def test_events_folded_in_one_batch_keep_their_own_traces(
    bus: Bus, store: Store, spans: InMemorySpanExporter
) -> None:
    for name in ("a", "b"):
        for event in (submitted(BEATS), completed(BEATS)):
            with tracing.tracer.start_as_current_span(f"job {name}"):
                await bus.publish(event.model_copy(update={"job_id": name}))
    async with Consumer(bus, store).consuming():
        await until(lambda: folds(spans), 4)
    of_jobs = [
        sorted({str(span.attributes["job_id"]) for span in found if span.name == "fold" and span.attributes})
        for found in traces(spans).values()
    ]
    assert sorted(of_jobs) == [["a"], ["a"], ["b"], ["b"]]


async def folds(spans: InMemorySpanExporter) -> int:
    return sum(span.name == "fold" for span in spans.get_finished_spans())
