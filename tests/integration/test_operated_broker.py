"""Each service with only the permissions of its user in `deploy/k8s`, on a topology declared by the operator."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import aio_pika
import httpx2
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aiormq.exceptions import ChannelAccessRefused

from deploy.local.ports import LOOPBACK
from services.status.database.store import Store
from services.status.fold.consumer import Consumer
from shared.broker import subscription, topology
from shared.broker.bus import Bus
from shared.broker.topology import (
    DEAD_LETTERS,
    EXCHANGE,
    STATUS_QUEUE,
    TASK_QUEUES,
    dead_letter_queue,
    retry_queue,
    return_exchange,
)
from shared.errors import TransientError
from shared.events import (
    AlignmentCompleted,
    AlignmentFailed,
    AlignmentRequested,
    CorrectedLyrics,
    JobCancelled,
    TaskCompleted,
)
from shared.job import ready
from shared.settings import Settings
from shared.storage.job_files import SONG, Storage
from shared.tasks import Task
from shared.web.health import Health
from shared.worker.compute import Compute
from shared.worker.task_runner import TaskRunner
from shared.worker.worker import Worker
from tests.fakes import JOB_ID, START, WALTZ, corrected, corrected_lyrics, submitted
from tests.integration.operated import PASSWORD, OperatedBroker, make_topology

TASKS = list(Task)


@pytest.fixture(autouse=True)
def _quick_retries() -> None:
    """Keep the usual delays: only their retry exchanges exist."""


@pytest.fixture(scope="module")
def broker(amqp_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OperatedBroker]:
    broker = OperatedBroker(tmp_path_factory.mktemp("operated") / "broker")
    try:
        broker.begin()
        yield broker
    finally:
        broker.end()


@pytest.fixture(scope="module")
async def operator(broker: OperatedBroker) -> AsyncIterator[AbstractChannel]:
    async with await aio_pika.connect(broker.url) as connection:
        channel = await connection.channel()
        await make_topology(channel)
        broker.limit_topics("/")
        yield channel


@pytest.fixture(autouse=True)
async def _empty(operator: AbstractChannel) -> None:
    for queue in (*TASK_QUEUES, STATUS_QUEUE):
        for name in (queue, dead_letter_queue(queue)):
            await (await operator.get_queue(name)).purge()


def bus(broker: OperatedBroker, service: str, vhost: str = "") -> Bus:
    return Bus(broker.url_of(service, vhost), service, declares=False)


async def test_the_manifests_declare_the_same_topology_as_the_services(broker: OperatedBroker) -> None:
    async with await aio_pika.connect(broker.add_vhost("declared")) as connection:
        await topology.declare(await connection.channel())
    made, declared = broker.definitions("/"), broker.definitions("declared")
    assert made == declared
    assert [len(made[kind]) for kind in ("exchanges", "queues", "bindings")] == [10, 11, 20]


async def test_a_job_completes_with_services_of_minimal_permissions(
    broker: OperatedBroker, store: Store, tmp_path: Path
) -> None:
    """Its first worker dies, so that the task also passes a retry exchange."""
    settings = Settings(storage_url=str(tmp_path))
    storage, song = Storage(settings.storage_url), submitted(Task.BEAT_ANALYSIS)
    await storage.put(f"{JOB_ID}/{SONG}", b"a song")
    await storage.put_manifest(song)
    asked = AlignmentRequested(job_id=JOB_ID, at=START, number=1)
    aligned = AlignmentCompleted(job_id=JOB_ID, at=START, number=1, correction=3, lyrics=CorrectedLyrics(word_count=9))
    given_up = AlignmentFailed(job_id=JOB_ID, at=START, number=1, error="given up", error_code="worker_died")
    async with (
        bus(broker, "gateway") as gateway,
        bus(broker, "status") as status,
        bus(broker, "beats") as beats,
        bus(broker, "transcriber") as transcriber,
    ):
        with Compute("beats", settings) as compute:
            engine = "tests.integration.engines:die_once"
            worker = Worker(TaskRunner(Task.BEAT_ANALYSIS, engine, (), settings, beats, storage, compute), Health())
            async with Consumer(status, store).consuming(), worker.consuming():
                await gateway.publish(song, ready(song, song))
                await gateway.publish(corrected())
                await gateway.publish(corrected_lyrics())
                await status.publish(corrected(2))  # as it publishes a dead letter again
                await status.publish(corrected_lyrics(2))
                await gateway.publish(asked, ready(song, asked))
                await transcriber.publish(aligned)
                await status.publish(given_up)
                await _until(lambda: _is_completed(store))
                for each in (gateway, status, beats):
                    await each.check()
                assert await status.backlog("beats") == 0
    job = await store.get(JOB_ID)
    assert job
    assert isinstance(completed := job.event(Task.BEAT_ANALYSIS), TaskCompleted)
    assert completed.attempt == 2
    assert (job.counted_rhythm, job.corrected_lyrics) == (WALTZ, CorrectedLyrics(word_count=9))
    assert job.alignment == aligned


async def _is_completed(store: Store) -> bool:
    job = await store.get(JOB_ID)
    return bool(job and isinstance(job.event(Task.BEAT_ANALYSIS), TaskCompleted))


@pytest.mark.parametrize("service", ["gateway", "status", *TASK_QUEUES])
async def test_a_service_may_ask_for_everything_that_it_uses(
    broker: OperatedBroker, operator: AbstractChannel, service: str
) -> None:
    async with await aio_pika.connect(broker.url_of(service)) as connection:
        found = await topology.verify(await connection.channel(), service)
    assert set(found) == set(topology.uses(service).queues)


@pytest.mark.parametrize("queue", TASK_QUEUES)
async def test_status_can_count_the_tasks_that_wait(broker: OperatedBroker, queue: str) -> None:
    task = next(task for task in Task if task.queue == queue)
    async with bus(broker, "gateway") as gateway, bus(broker, "status") as status:
        await gateway.publish(submitted(task), [task])
        assert await status.backlog(queue) == 1


@pytest.mark.parametrize("task", TASKS)
async def test_a_worker_can_consume_redeliver_and_receive_cancellations(broker: OperatedBroker, task: Task) -> None:
    queue = task.queue
    taken: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    cancellations: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    async with (
        bus(broker, "gateway") as gateway,
        bus(broker, queue) as worker,
        worker.listening("job_cancelled", cancellations.put),
        worker.consuming(queue, taken.put, prefetch=1),
    ):
        await gateway.publish(submitted(task), [task])
        for after, uncounted in ((topology.RETRY_SECONDS[0], False), (0, True)):
            message = await asyncio.wait_for(taken.get(), 20)
            await worker.redeliver(message, queue, after=after, uncounted=uncounted)
            await message.ack()
        await (await asyncio.wait_for(taken.get(), 20)).reject(requeue=False)
        await gateway.publish(JobCancelled(job_id=JOB_ID, at=START))
        await asyncio.wait_for(cancellations.get(), 20)
    async with bus(broker, "status") as status, status.consuming(dead_letter_queue(queue), taken.put, prefetch=1):
        await (await asyncio.wait_for(taken.get(), 20)).ack()


Attempt = Callable[[AbstractChannel], Awaitable[object]]


def reads(queue: str) -> Attempt:
    async def attempt(channel: AbstractChannel) -> None:
        await (await channel.get_queue(queue)).get(fail=False)

    return attempt


def empties(queue: str) -> Attempt:
    async def attempt(channel: AbstractChannel) -> None:
        await (await channel.get_queue(queue)).purge()

    return attempt


def deletes(queue: str) -> Attempt:
    return lambda channel: channel.queue_delete(queue)


def writes(exchange: str, key: str = "") -> Attempt:
    async def attempt(channel: AbstractChannel) -> None:
        target = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
        await target.publish(aio_pika.Message(b""), key, mandatory=False)

    return attempt


def declares(queue: str) -> Attempt:
    return lambda channel: channel.declare_queue(queue, durable=True, arguments={"x-queue-type": "quorum"})


def subscribes(exchange: str, key: str = "#") -> Attempt:
    async def attempt(channel: AbstractChannel) -> None:
        queue = await channel.declare_queue("beats.00000000-0000-0000-0000-000000000000", exclusive=True)
        await queue.bind(exchange, key)

    return attempt


def binds(queue: str, exchange: str) -> Attempt:
    async def attempt(channel: AbstractChannel) -> None:
        await (await channel.get_queue(queue, ensure=False)).bind(exchange, "#")

    return attempt


SERVICES = ("gateway", "status", *TASK_QUEUES)
DELAYS = (0, *topology.RETRY_SECONDS)
JOB_KEYS = (
    *(f"job_{kind}.ready" for kind in ("submitted", "retried", "cancelled", "expired")),
    "rhythm_corrected.ready",
    "lyrics_corrected.ready",
    "alignment_requested.ready",
)
TASK_KEYS = tuple(f"task_{kind}.{task}.ready" for kind in ("completed", "failed") for task in Task)
OUTCOME_KEYS = ("alignment_completed.ready", "alignment_failed.ready")
"""Only the transcriber may publish them, and status, for a worker that died."""

FORBIDDEN: list[tuple[str, Attempt]] = [
    *(("gateway", reads(queue)) for queue in (*TASK_QUEUES, STATUS_QUEUE, dead_letter_queue(STATUS_QUEUE))),
    ("gateway", empties("beats")),
    ("gateway", deletes("beats")),
    ("gateway", declares("mine")),
    ("gateway", writes(DEAD_LETTERS, "beats")),
    ("gateway", writes(return_exchange(0), "beats")),
    *((user, writes("", queue)) for user in SERVICES for queue in (STATUS_QUEUE, "beats")),
    *(("gateway", writes(EXCHANGE, key)) for key in (*TASK_KEYS, *OUTCOME_KEYS, "job_expired.ready", "status", "")),
    *((queue, writes(EXCHANGE, key)) for queue in ("separator", "beats") for key in OUTCOME_KEYS),
    *((task.queue, writes(EXCHANGE, key)) for task in Task for key in JOB_KEYS),
    *((task.queue, writes(EXCHANGE, key)) for task in Task for key in TASK_KEYS if f".{task}." not in key),
    *(
        (worker, writes(return_exchange(s), queue))
        for worker in TASK_QUEUES
        for s in DELAYS
        for queue in (STATUS_QUEUE, *TASK_QUEUES)
        if queue != worker
    ),
    *((worker, writes(retry_queue(s), worker)) for worker in TASK_QUEUES for s in topology.RETRY_SECONDS),
    *((worker, reads(other)) for worker in TASK_QUEUES for other in TASK_QUEUES if other != worker),
    *((worker, reads(dead_letter_queue(worker))) for worker in TASK_QUEUES),
    *((worker, reads(STATUS_QUEUE)) for worker in TASK_QUEUES),
    *((worker, deletes(worker)) for worker in TASK_QUEUES),
    ("beats", declares("mine")),
    ("beats", declares("beats.mine")),
    ("beats", writes(DEAD_LETTERS, "beats")),
    ("beats", subscribes(DEAD_LETTERS)),
    *(("beats", subscribes(EXCHANGE, key)) for key in ("#", "job_submitted.#", "*.ready.#")),
    *(("status", reads(queue)) for queue in TASK_QUEUES),
    *(("status", empties(queue)) for queue in TASK_QUEUES),
    *(("status", deletes(queue)) for queue in (*TASK_QUEUES, STATUS_QUEUE)),
    *(("status", binds(queue, EXCHANGE)) for queue in TASK_QUEUES),
    ("status", writes(DEAD_LETTERS, "beats")),
    ("keda", reads("beats")),
    ("keda", writes(EXCHANGE)),
]


@pytest.mark.parametrize(("user", "attempt"), FORBIDDEN)
async def test_every_other_operation_is_refused(broker: OperatedBroker, user: str, attempt: Attempt) -> None:
    async with await aio_pika.connect(broker.url_of(user)) as connection:
        with pytest.raises(ChannelAccessRefused):
            await attempt(await connection.channel())


async def test_a_service_waits_for_the_topology(broker: OperatedBroker) -> None:
    administrator = broker.add_vhost("late")
    broker.permit("gateway", "late")
    async with bus(broker, "gateway", "late") as gateway, await aio_pika.connect(administrator) as connection:
        with pytest.raises(TransientError):
            await gateway.check()
        await make_topology(await connection.channel())
        broker.limit_topics("late")
        await gateway.publish(submitted())


async def test_a_deleted_queue_is_consumed_again_once_the_operator_has_declared_it(
    broker: OperatedBroker, operator: AbstractChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[Exception] = []
    verify = topology.verify

    async def watched(channel: AbstractChannel, service: str) -> dict[str, AbstractQueue]:
        try:
            return await verify(channel, service)
        except Exception as error:
            failed.append(error)
            raise

    monkeypatch.setattr(topology, "verify", watched)
    monkeypatch.setattr(subscription, "IDLE_SECONDS", 0.2)
    taken: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    async with (
        bus(broker, "gateway") as gateway,
        bus(broker, "beats") as worker,
        worker.consuming("beats", taken.put, prefetch=1),
    ):
        before = _channels(broker)
        await operator.queue_delete("beats")
        await _until(lambda: len(failed) >= 3)
        await make_topology(operator)
        await gateway.publish(submitted(Task.BEAT_ANALYSIS), [Task.BEAT_ANALYSIS])
        await (await asyncio.wait_for(taken.get(), 30)).ack()
        assert _channels(broker) <= before + 1  # failed attempts leave no channel open


def _channels(broker: OperatedBroker) -> int:
    return len(broker.control("list_channels", "pid").splitlines())


async def test_keda_counts_running_and_waiting_tasks(broker: OperatedBroker) -> None:
    """Use KEDA's user and the request of its scaler with `protocol: http`."""
    taken: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    url = f"http://{LOOPBACK}:{broker.management_port}/api/queues/%2F/separator"
    async with (
        httpx2.AsyncClient(auth=("keda", PASSWORD)) as http,
        bus(broker, "gateway") as gateway,
        bus(broker, "separator") as worker,
        worker.consuming("separator", taken.put, prefetch=1),
    ):
        for _ in range(2):
            await gateway.publish(submitted(Task.STEM_SEPARATION), [Task.STEM_SEPARATION])
        at_work = await asyncio.wait_for(taken.get(), 20)

        async def counted() -> bool:
            queue = (await http.get(url)).raise_for_status().json()
            return (queue.get("messages"), queue.get("messages_unacknowledged")) == (2, 1)

        await _until(counted)
        await at_work.ack()
        await (await asyncio.wait_for(taken.get(), 20)).ack()


async def _until(wanted: Callable[[], bool | Awaitable[bool]], within: float = 40) -> None:
    async with asyncio.timeout(within):
        while True:
            answer = wanted()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(0.1)
