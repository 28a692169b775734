"""The queues that an event reaches, also on a broker with the bindings of an earlier release."""

import asyncio

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractExchange
from aio_pika.exceptions import DeliveryError
from aiormq.exceptions import ChannelPreconditionFailed

from shared.broker import topology
from shared.broker.bus import Bus
from shared.events import Event, JobCancelled, TasksRerun
from shared.tasks import Task
from tests.fakes import JOB_ID, START, completed, failed, progressed, started, submitted

SEPARATION, TRANSCRIPTION, BEATS = Task
QUEUES = (*topology.TASK_QUEUES, topology.STATUS_QUEUE)

EVENTS: list[tuple[Event, tuple[Task, ...]]] = [
    (submitted(), ()),
    *((submitted(task), (task,)) for task in Task),
    (submitted(*Task), (SEPARATION, BEATS)),
    (submitted(*Task), (TRANSCRIPTION, BEATS)),
    (TasksRerun(job_id=JOB_ID, at=START, run=1, tasks=tuple(Task)), tuple(Task)),
    (JobCancelled(job_id=JOB_ID, at=START), ()),
    (completed(SEPARATION), (TRANSCRIPTION, BEATS)),
    *((completed(done), (task,)) for done in Task for task in Task),
    *((event(task), ()) for task in Task for event in (started, completed, failed)),
    *((progressed(task, 50), ()) for task in Task),
]


@pytest.mark.parametrize(("event", "ready"), EVENTS, ids=lambda value: getattr(value, "type", None))
async def test_an_event_reaches_status_and_the_workers_of_the_tasks_it_makes_ready_once(
    bus: Bus, event: Event, ready: tuple[Task, ...]
) -> None:
    await bus.publish(event, ready)
    counts = {queue: await bus.backlog(queue) for queue in QUEUES}
    assert counts == {queue: int(queue in {"status", *(task.queue for task in ready)}) for queue in QUEUES}


@pytest.fixture
async def earlier(channel: AbstractChannel) -> AbstractExchange:
    """Bind the workers' queues as the earlier release did, and return the exchange."""
    exchange = await channel.get_exchange(topology.EXCHANGE)
    queues = await topology.declare(channel)
    try:
        for task in Task:
            await queues[task.queue].bind(exchange, topology.replaced_binding_key(task))
    except ChannelPreconditionFailed:
        pytest.skip("this broker has no such bindings: it refuses three # in one")
    await _unbind(channel, exchange)
    return exchange


async def _unbind(channel: AbstractChannel, exchange: AbstractExchange) -> None:
    for task in Task:
        queue = await channel.get_queue(task.queue)
        for key in topology.binding_keys(task):
            await queue.unbind(exchange, key)


async def test_bindings_of_an_earlier_release_are_replaced_while_messages_arrive(
    earlier: AbstractExchange, channel: AbstractChannel, amqp_url: str
) -> None:
    key = topology.routing_key(submitted(BEATS), [BEATS])
    published, is_declared = 0, False

    async with await aio_pika.connect(amqp_url) as connection:
        exchange = await (await connection.channel()).get_exchange(topology.EXCHANGE)

        async def publish() -> None:
            nonlocal published
            while published < 20 or not is_declared:
                await exchange.publish(aio_pika.Message(b""), key)
                published += 1

        publishing = asyncio.create_task(publish())
        for _ in range(3):  # as several services do
            await topology.declare(channel)
        is_declared = True
        await publishing
    assert (await channel.declare_queue(BEATS.queue, passive=True)).declaration_result.message_count == published

    await _unbind(channel, earlier)
    await (await channel.get_queue(topology.STATUS_QUEUE)).unbind(earlier, "#")
    async with await aio_pika.connect(amqp_url) as connection:
        exchange = await (await connection.channel(on_return_raises=True)).get_exchange(topology.EXCHANGE)
        with pytest.raises(DeliveryError):  # no queue is bound by an earlier pattern
            await exchange.publish(aio_pika.Message(b""), key)
    await topology.declare(channel)


async def test_a_topology_is_declared_again_without_the_earlier_bindings(channel: AbstractChannel) -> None:
    assert set(await topology.declare(channel)) == set(await topology.declare(channel))


def test_no_binding_has_more_wildcards_than_rabbitmq_allows() -> None:
    assert all(key.count("#") <= 2 for task in Task for key in topology.binding_keys(task))
