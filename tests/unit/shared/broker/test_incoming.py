"""Parts of aio-pika and aiormq that direct delivery needs. After an update that fails here, adapt or remove it."""

from types import SimpleNamespace
from typing import Any

import aiormq
import pytest
from aio_pika import IncomingMessage
from aiormq.abc import DeliveredMessage
from pamqp import commands
from pamqp.header import ContentHeader

from shared.broker.incoming import UnlockedMessage, deliver_directly

PROPERTIES = commands.Basic.Properties(
    content_type="application/json",
    headers={"traceparent": "00"},
    delivery_mode=2,
    message_id="1",
    message_type="event",
)


def channel() -> Any:
    return SimpleNamespace(is_closed=False, consumers={"tag": None})


def delivered(on: Any) -> DeliveredMessage:
    frame = commands.Basic.Deliver("tag", 7, False, "karaoke", "job_submitted.ready")
    return DeliveredMessage(delivery=frame, header=ContentHeader(0, 4, PROPERTIES), body=b"body", channel=on)


def test_an_unlocked_message_equals_one_of_aio_pika() -> None:
    message = delivered(channel())
    assert UnlockedMessage(message).info() == IncomingMessage(message).info()


def test_an_unlocked_message_skips_a_check_that_aio_pika_makes() -> None:
    assert IncomingMessage.__setattr__ is not object.__setattr__
    message = IncomingMessage(delivered(channel()))
    message.lock()
    with pytest.raises(ValueError, match="locked"):
        message.priority = 1


async def test_the_callback_in_the_consumers_of_a_channel_receives_the_next_message() -> None:
    received: list[Any] = []

    async def handler(message: Any) -> None:
        received.append(message)

    on = channel()
    deliver_directly(IncomingMessage(delivered(on)), handler)
    await on.consumers["tag"](delivered(on))
    assert [(type(message), message.body, message.delivery_tag) for message in received] == [
        (UnlockedMessage, b"body", 7)
    ]


def test_aiormq_finds_the_callback_of_a_message_in_consumers() -> None:
    """`Channel._on_deliver_frame` reads it there; the integration test of the bus shows that it is called."""
    assert "consumers" in aiormq.Channel._on_deliver_frame.__code__.co_names


def test_a_cancelled_consumer_is_left_alone() -> None:
    on = channel()
    on.consumers.clear()

    async def handler(_: Any) -> None: ...

    deliver_directly(IncomingMessage(delivered(on)), handler)
    assert on.consumers == {}
