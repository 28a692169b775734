"""The exchange, queues and bindings. Every service declares all of it, so whoever starts first is right."""

from collections.abc import Iterable
from typing import Final

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel

from shared.events import Event, Task, TaskEvent

EXCHANGE: Final = "karaoke"
DEAD_LETTERS: Final = "karaoke.dead"
STATUS_QUEUE: Final = "status"
TASK_QUEUES: Final = {
    Task.STEM_SEPARATION: "separator",
    Task.TRANSCRIPTION: "transcriber",
    Task.BEAT_ANALYSIS: "beats",
}
DELIVERY_LIMIT: Final = 3
"""Redeliveries of one message; a song that kills every worker that takes it becomes a dead letter after that."""

CONSUMER_TIMEOUT_SECONDS: Final = 3 * 60 * 60
"""How long a delivery may stay unsettled; more than the longest task. Brokers before 3.12 know it from their own
configuration alone, and pass over the argument."""


def routing_key(event: Event, ready: Iterable[Task]) -> str:
    """`task_completed.stem_separation.ready.transcription`: what happened, and which tasks can start because of it.

    One publish so reaches the status service and exactly the workers that have something to do.
    """
    about = [event.type, event.task] if isinstance(event, TaskEvent) else [event.type]
    return ".".join([*about, "ready", *ready])


def dead(queue: str) -> str:
    return f"{queue}.dead"


async def declare(channel: AbstractChannel) -> None:
    events = await channel.declare_exchange(EXCHANGE, ExchangeType.TOPIC, durable=True)
    letters = await channel.declare_exchange(DEAD_LETTERS, ExchangeType.DIRECT, durable=True)
    bindings = {queue: f"*.#.ready.#.{task}.#" for task, queue in TASK_QUEUES.items()} | {STATUS_QUEUE: "#"}
    for name, pattern in bindings.items():
        queue = await channel.declare_queue(
            name,
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-delivery-limit": DELIVERY_LIMIT,
                "x-consumer-timeout": 1000 * CONSUMER_TIMEOUT_SECONDS,
                "x-dead-letter-exchange": DEAD_LETTERS,
                "x-dead-letter-routing-key": name,
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",  # at-least-once asks for it; there is no length limit to reach
            },
        )
        await queue.bind(events, pattern)
        letter_queue = await channel.declare_queue(dead(name), durable=True, arguments={"x-queue-type": "quorum"})
        await letter_queue.bind(letters, name)
