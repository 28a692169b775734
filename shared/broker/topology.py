"""The exchange, queues and bindings. Every service declares all of it, so whoever starts first is right.

Where services have no rights to, an operator makes the same (`deploy/k8s/components/rabbitmq`), and they wait for it.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractQueue

from shared.events import Event, TaskEvent
from shared.tasks import Task

EXCHANGE: Final = "karaoke"
DEAD_LETTERS: Final = "karaoke.dead"
STATUS_QUEUE: Final = "status"
TASK_QUEUES: Final = tuple(task.queue for task in Task)
DELIVERY_LIMIT: Final = 3
"""Redeliveries of one message; a song that kills every worker that takes it becomes a dead letter after that."""

RETRY_SECONDS: tuple[float, ...] = (2, 10, 60)
"""How long a task waits in the broker before its next attempt, after the first, the second and each later failure."""

CONSUMER_TIMEOUT_SECONDS: Final = 3 * 60 * 60
"""How long a delivery may stay unsettled; more than the longest task. Brokers before 3.12 know it from their own
configuration alone, and pass over the argument."""

Prepare = Callable[[AbstractChannel], Awaitable[dict[str, AbstractQueue]]]
"""What gives the queues by name: `declare` or `find`."""


def routing_key(event: Event, ready: Iterable[Task]) -> str:
    """`task_completed.stem_separation.ready.transcription`: what happened, and which tasks can start because of it.

    One publish so reaches the status service and exactly the workers that have something to do.
    """
    about = [event.type, event.task] if isinstance(event, TaskEvent) else [event.type]
    return ".".join([*about, "ready", *ready])


def dead(queue: str) -> str:
    return f"{queue}.dead"


def waiting_room(seconds: float) -> str:
    """The exchange, and its queue, that hand a message on after `seconds`, to the queue that its routing key names."""
    return f"karaoke.retry.{1000 * seconds:.0f}ms"


async def declare(channel: AbstractChannel) -> dict[str, AbstractQueue]:
    """The queues by name. What is there is left as it is; what is missing, or was deleted, is made."""
    events = await channel.declare_exchange(EXCHANGE, ExchangeType.TOPIC, durable=True)
    letters = await channel.declare_exchange(DEAD_LETTERS, ExchangeType.DIRECT, durable=True)
    bindings = {task.queue: f"*.#.ready.#.{task}.#" for task in Task} | {STATUS_QUEUE: "#"}
    queues = {}
    for name, pattern in bindings.items():
        limits = {"x-delivery-limit": DELIVERY_LIMIT, "x-consumer-timeout": 1000 * CONSUMER_TIMEOUT_SECONDS}
        queues[name] = await _declare_queue(channel, name, limits | _handing_on(DEAD_LETTERS, name))
        await queues[name].bind(events, pattern)
        queues[dead(name)] = await _declare_queue(channel, dead(name), {})
        await queues[dead(name)].bind(letters, name)
    for seconds in RETRY_SECONDS:
        room = await channel.declare_exchange(waiting_room(seconds), ExchangeType.FANOUT, durable=True)
        time_limit = {"x-message-ttl": int(1000 * seconds)}
        queues[room.name] = await _declare_queue(channel, room.name, time_limit | _handing_on(exchange=""))
        await queues[room.name].bind(room)
    return queues


async def find(channel: AbstractChannel) -> dict[str, AbstractQueue]:
    """The same queues, where somebody else makes them. Asking for them needs no rights. Raises AMQPError without them.

    Bindings cannot be asked for: an event that reaches no queue comes back to its publisher.
    """
    rooms = [waiting_room(seconds) for seconds in RETRY_SECONDS]
    for exchange in (EXCHANGE, DEAD_LETTERS, *rooms):
        await channel.get_exchange(exchange)
    read = (*TASK_QUEUES, STATUS_QUEUE)
    return {name: await channel.get_queue(name) for name in (*read, *map(dead, read), *rooms)}


async def _declare_queue(channel: AbstractChannel, name: str, arguments: dict[str, Any]) -> AbstractQueue:
    return await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"} | arguments)


def _handing_on(exchange: str, key: str | None = None) -> dict[str, Any]:
    """What a queue gives up goes to `exchange`, by its own routing key or by `key`, and is let go only then."""
    return {
        "x-dead-letter-exchange": exchange,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",  # at-least-once asks for it; there is no length limit to reach
    } | ({"x-dead-letter-routing-key": key} if key else {})
