"""Events from a real broker, folded into a real database and read over HTTP."""

import aio_pika
import httpx2
from aio_pika.abc import AbstractChannel

from services.status.database.store import Store
from services.status.fold.consumer import Consumer
from shared.broker.bus import Bus
from shared.broker.topology import DELIVERY_LIMIT, dead_letter_queue
from shared.events import AlignmentRequested
from shared.job import ready
from shared.storage.job_files import Storage
from shared.tasks import Task
from shared.telemetry.metrics import DEAD_LETTERS
from tests.fakes import JOB_ID, completed, failed, progressed, refined, started, submitted
from tests.system import recent, until

BEATS = Task.BEAT_ANALYSIS


async def status_of(status_client: httpx2.AsyncClient) -> str:
    answer = await status_client.get(f"/api/status/{JOB_ID}")
    return str(answer.json().get("status", answer.status_code))


async def test_a_published_event_changes_the_document(
    bus: Bus, store: Store, status_client: httpx2.AsyncClient
) -> None:
    async with Consumer(bus, store).consuming():
        await bus.publish(recent(submitted(BEATS)))
        await until(lambda: status_of(status_client), "queued")
        await bus.publish(started(BEATS))
        await bus.publish(progressed(BEATS, 50))
        await until(lambda: status_of(status_client), "processing")
        await bus.publish(completed(BEATS))
        await until(lambda: status_of(status_client), "completed")


async def test_received_events_are_folded_before_the_consumer_stops(
    bus: Bus, store: Store, channel: AbstractChannel
) -> None:
    events = 300
    for seq in range(events):
        await bus.publish(progressed(BEATS, seq % 100, seq=seq))
    async with Consumer(bus, store).consuming():
        pass  # the messages delivered by now have been received
    job = await store.get(JOB_ID)
    event = job.event(BEATS) if job else None
    folded = 1 + event.seq if event else 0
    waiting = await channel.declare_queue("status", passive=True)
    assert folded + (waiting.declaration_result.message_count or 0) == events


async def test_a_message_of_a_lost_connection_does_not_stop_others_from_being_acknowledged(
    bus: Bus, store: Store, channel: AbstractChannel, amqp_url: str
) -> None:
    await bus.publish(submitted())
    async with await aio_pika.connect(amqp_url) as lost:
        void = await (await (await lost.channel()).get_queue("status")).get()
    async with await aio_pika.connect(amqp_url) as connection:
        live = await (await (await connection.channel()).get_queue("status")).get()
        assert void
        assert live
        await Consumer(bus, store)._fold([void, live])
    assert await bus.backlog("status") == 0


async def test_acknowledging_a_batch_settles_no_later_message(
    bus: Bus, store: Store, channel: AbstractChannel, amqp_url: str
) -> None:
    for seq in range(5):
        await bus.publish(progressed(BEATS, seq, seq=seq))
        if seq == 1:
            await channel.default_exchange.publish(aio_pika.Message(b"not an event"), "status")
    async with await aio_pika.connect(amqp_url) as connection:
        queue = await (await connection.channel()).get_queue("status")
        messages = [await queue.get() for _ in range(6)]
        await Consumer(bus, store)._fold(messages[:4])
        assert [message.processed for message in messages] == [True] * 4 + [False] * 2
    await until(lambda: bus.backlog("status"), 2)
    await until(lambda: bus.backlog(dead_letter_queue("status")), 1)


async def test_a_job_is_found_before_its_event_arrives(storage: Storage, status_client: httpx2.AsyncClient) -> None:
    assert await status_of(status_client) == "404"
    await storage.put_manifest(recent(submitted()))
    assert await status_of(status_client) == "queued"


async def test_an_unknown_or_expired_job_is_not_found(store: Store, status_client: httpx2.AsyncClient) -> None:
    answer = await status_client.get("/api/status/nonesuch")
    assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")
    await store.fold([recent(submitted(), hours=25)])
    assert await status_of(status_client) == "404"


async def kill_every_worker(amqp_url: str, task: Task = BEATS) -> None:
    """Let workers take the task and disconnect without settling it, until the delivery limit."""
    for _ in range(DELIVERY_LIMIT + 1):
        async with await aio_pika.connect(amqp_url) as worker:
            queue = await (await worker.channel()).get_queue(task.queue)
            await queue.get(timeout=10)


async def test_an_alignment_that_kills_every_worker_fails_without_failing_the_transcription(
    bus: Bus, store: Store, status_client: httpx2.AsyncClient, amqp_url: str
) -> None:
    song = recent(submitted(Task.TRANSCRIPTION))
    asked = AlignmentRequested(job_id=JOB_ID, at=song.at, number=1)

    async def alignment() -> str | None:
        found = (await status_client.get(f"/api/status/{JOB_ID}")).json()["transcription"]["alignment"]
        return str(found["error_code"]) if found else None

    async with Consumer(bus, store).consuming():
        await bus.publish(song)
        await bus.publish(completed(Task.TRANSCRIPTION))
        await until(lambda: status_of(status_client), "completed")
        await bus.publish(asked, ready(song, asked))
        await kill_every_worker(amqp_url, Task.TRANSCRIPTION)
        await until(alignment, "worker_died")
        assert await status_of(status_client) == "completed"


async def test_a_song_that_kills_every_worker_fails_its_task(
    bus: Bus, store: Store, status_client: httpx2.AsyncClient, amqp_url: str
) -> None:
    song = recent(submitted(BEATS))
    async with Consumer(bus, store).consuming():
        await bus.publish(song, ready(song, song))
        await kill_every_worker(amqp_url)
        await until(lambda: status_of(status_client), "failed")
    document = (await status_client.get(f"/api/status/{JOB_ID}")).json()
    assert document["beat_analysis"]["error_code"] == "worker_died"
    assert document["beat_analysis"]["attempt"] == DELIVERY_LIMIT + 1
    assert document["error_message"] == "Audio processing failed: The task was given up"


async def test_a_refinement_that_kills_every_worker_keeps_the_first_result(
    bus: Bus, store: Store, status_client: httpx2.AsyncClient, amqp_url: str
) -> None:
    song = recent(submitted(Task.STEM_SEPARATION, BEATS))
    separated = completed(Task.STEM_SEPARATION, run=1)  # a failure in this run would outrank the first result
    await store.fold([song, completed(BEATS)])
    buried = DEAD_LETTERS.labels(BEATS.queue)
    before = buried._value.get()

    async def is_buried() -> bool:
        return bool(buried._value.get() > before and await bus.backlog(dead_letter_queue(BEATS.queue)) == 0)

    async with Consumer(bus, store).consuming():
        await bus.publish(separated, ready(song, separated))
        await kill_every_worker(amqp_url)
        await until(is_buried, wanted=True)
    job = await store.get(JOB_ID)
    assert job
    assert job.event(BEATS) == completed(BEATS)
    assert await bus.backlog("status") == 0
    assert await status_of(status_client) == "completed"


async def test_a_refinement_of_a_finished_job_changes_its_etag(store: Store, status_client: httpx2.AsyncClient) -> None:
    path = f"/api/status/{JOB_ID}"
    await store.fold([recent(submitted(BEATS)), completed(BEATS)])
    first = await status_client.get(path)
    await store.fold([refined(BEATS)])
    second = await status_client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (second.status_code, second.json()["status"]) == (200, "completed")
    assert [answer.json()["beat_analysis"]["refined"] for answer in (first, second)] == [False, True]
    assert "retry-after" not in second.headers
    await store.fold([refined(BEATS)])
    again = await status_client.get(path, headers={"If-None-Match": second.headers["etag"]})
    assert again.status_code == 304


async def test_undecodable_messages_do_not_stop_the_consumer(
    bus: Bus, store: Store, status_client: httpx2.AsyncClient, channel: AbstractChannel
) -> None:
    async with Consumer(bus, store).consuming():
        for body in (b"\xff", b"{}", b'{"type":"job_submitted","version":2}'):
            await channel.default_exchange.publish(aio_pika.Message(body), "status")
        await bus.publish(recent(submitted(BEATS)))
        await bus.publish(failed(BEATS))
        await until(lambda: status_of(status_client), "failed")
