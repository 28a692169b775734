"""The exchanges, queues and bindings.

Every service declares all of them, so that services can start in any order. Where services lack that permission, an
operator creates the same topology (`deploy/k8s/components/rabbitmq`), and the services wait for it.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel, AbstractQueue

from shared.events import Event, TaskEvent
from shared.tasks import Task

EXCHANGE: Final = "karaoke"
DEAD_LETTERS: Final = "karaoke.dead"
PROBE: Final = "karaoke.probe"
"""An exchange without queues: a confirmed publish to it shows that the broker works."""
STATUS_QUEUE: Final = "status"
TASK_QUEUES: Final = tuple(task.queue for task in Task)
DELIVERY_LIMIT: Final = 3
"""Redeliveries of one message. A song that kills every worker that takes it is then dead-lettered."""

RETRY_SECONDS: tuple[float, ...] = (2, 10, 60)
"""Seconds that a task waits in the broker for its next attempt, after the first, second and each later failure."""

CONSUMER_TIMEOUT_SECONDS: Final = 3 * 60 * 60
"""Longest time that a delivery may stay unsettled; more than the longest task. Brokers before 3.12 ignore the queue
argument and need it in their own configuration."""

Prepare = Callable[[AbstractChannel], Awaitable[dict[str, AbstractQueue]]]
"""`declare` or `verify`: returns the queues by name."""


def routing_key(event: Event, ready: Iterable[Task]) -> str:
    """Return, for example, `task_completed.stem_separation.ready.transcription`: an event and the tasks it makes ready.

    So one message reaches the status service and exactly the workers that have something to do.
    """
    return ".".join([subject(event), "ready", *ready])


def subject(event: Event) -> str:
    """Return the begin of the event's routing key, which says who may publish it: see `deploy/k8s`."""
    return f"{event.type}.{event.task}" if isinstance(event, TaskEvent) else event.type


def binding_keys(task: Task) -> tuple[str, ...]:
    """Return the patterns of the routing keys that make a task ready: of events without and with a task of their own.

    Two patterns are needed, as RabbitMQ from 4.3 allows at most two `#` in one.
    """
    return f"*.ready.#.{task}.#", f"*.*.ready.#.{task}.#"


def replaced_binding_key(task: Task) -> str:
    """Return the pattern of earlier releases, which may still be bound on a running broker."""
    return f"*.#.ready.#.{task}.#"


def dead_letter_queue(queue: str) -> str:
    return f"{queue}.dead"


def retry_queue(seconds: float) -> str:
    """Return the name of the queue that delays messages, and of its exchange for services of earlier releases.

    After `seconds` a message moves to the queue that its routing key names.
    """
    return f"karaoke.retry.{1000 * seconds:.0f}ms"


def return_exchange(seconds: float) -> str:
    """Return the name of the exchange through which a message returns to its queue `seconds` later.

    It is a topic exchange, because only for those a user's permissions can name routing keys: here the own queue.
    """
    return f"karaoke.return.{1000 * seconds:.0f}ms"


async def declare(channel: AbstractChannel) -> dict[str, AbstractQueue]:
    """Create what is missing, remove the bindings of earlier releases, and return the queues by name."""
    events = await channel.declare_exchange(EXCHANGE, ExchangeType.TOPIC, durable=True)
    await channel.declare_exchange(PROBE, ExchangeType.FANOUT, durable=True)
    returns = await channel.declare_exchange(return_exchange(0), ExchangeType.TOPIC, durable=True)
    letters = await channel.declare_exchange(DEAD_LETTERS, ExchangeType.DIRECT, durable=True)
    bindings = {task.queue: binding_keys(task) for task in Task} | {STATUS_QUEUE: ("#",)}
    queues = {}
    for name, patterns in bindings.items():
        limits = {"x-delivery-limit": DELIVERY_LIMIT, "x-consumer-timeout": 1000 * CONSUMER_TIMEOUT_SECONDS}
        queues[name] = await _declare_queue(channel, name, limits | _dead_lettering(DEAD_LETTERS, name))
        for pattern in patterns:
            await queues[name].bind(events, pattern)
        if name != STATUS_QUEUE:
            await queues[name].bind(returns, name)
        dead = dead_letter_queue(name)
        queues[dead] = await _declare_queue(channel, dead, {})
        await queues[dead].bind(letters, name)
    for seconds in RETRY_SECONDS:
        retries = await channel.declare_exchange(retry_queue(seconds), ExchangeType.FANOUT, durable=True)
        delayed = await channel.declare_exchange(return_exchange(seconds), ExchangeType.TOPIC, durable=True)
        time_limit = {"x-message-ttl": int(1000 * seconds)}
        queues[retries.name] = await _declare_queue(channel, retries.name, time_limit | _dead_lettering(exchange=""))
        await queues[retries.name].bind(retries)
        await queues[retries.name].bind(delayed, "#")
    for task in Task:  # after the new bindings, so that no message misses its queue
        await queues[task.queue].unbind(events, replaced_binding_key(task))
    return queues


@dataclass(frozen=True)
class Uses:
    """Names of what a service publishes to, consumes or counts."""

    exchanges: tuple[str, ...]
    queues: tuple[str, ...]


def uses(service: str) -> Uses:
    """Return what a service uses; its user in `deploy/k8s` has a permission for each of them."""
    if service == "status":
        return Uses(
            (EXCHANGE, PROBE), (*TASK_QUEUES, STATUS_QUEUE, *map(dead_letter_queue, (*TASK_QUEUES, STATUS_QUEUE)))
        )
    if service in TASK_QUEUES:
        return Uses((EXCHANGE, PROBE, *map(return_exchange, (0, *RETRY_SECONDS))), (service,))
    return Uses((EXCHANGE, PROBE), ())


async def verify(channel: AbstractChannel, service: str) -> dict[str, AbstractQueue]:
    """Return the queues that a service uses, created by an operator. Raises AMQPError if something is missing.

    Asks for nothing else: RabbitMQ from 4.2.6 answers only users who have a permission for what they ask for. Bindings
    cannot be verified: an event that reaches no queue is returned to its publisher.
    """
    used = uses(service)
    for exchange in used.exchanges:
        await channel.get_exchange(exchange)
    return {name: await channel.get_queue(name) for name in used.queues}


async def _declare_queue(channel: AbstractChannel, name: str, arguments: dict[str, Any]) -> AbstractQueue:
    return await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"} | arguments)


def _dead_lettering(exchange: str, key: str | None = None) -> dict[str, Any]:
    """Dead-letter to `exchange`, with the routing key `key` or the message's own; keep a message until it arrives."""
    return {
        "x-dead-letter-exchange": exchange,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",  # required by at-least-once; there is no length limit to reach
    } | ({"x-dead-letter-routing-key": key} if key else {})
