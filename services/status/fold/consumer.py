"""Folds events from the broker into the store, in batches."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from time import time_ns

import structlog
from aio_pika.abc import AbstractIncomingMessage

from services.status.callbacks.dispatcher import CallbackDispatcher
from services.status.database.store import Store
from services.status.fold.batch_ack import batch_ack
from services.status.fold.dead_letters import on_dead_letter
from services.status.fold.genuine import is_genuine
from services.status.fold.outcome_counter import OutcomeCounter
from shared.broker.bus import Bus
from shared.broker.connection import BROKER_ERRORS
from shared.broker.topology import STATUS_QUEUE, TASK_QUEUES, dead_letter_queue
from shared.events import Event, TaskProgressed, decode
from shared.telemetry import tracing
from shared.telemetry.logs import error_fields, log_fields
from shared.telemetry.metrics import DEAD_LETTERS, EVENTS_REFUSED, FOLDED, VISIBLE_SECONDS, initialize_labels

log = structlog.get_logger()

Received = tuple[Event, AbstractIncomingMessage]

BATCH = 1000
GATHER_SECONDS = 0.01
"""Time that a batch waits for more events: writing a batch costs as much as folding ten events."""


class Consumer:
    def __init__(
        self, bus: Bus, store: Store, grace_seconds: float = 10, callbacks: CallbackDispatcher | None = None
    ) -> None:
        """`callbacks` is notified of folded events; None sends no callbacks."""
        self._bus = bus
        self._store = store
        self._grace_seconds = grace_seconds
        self._callbacks = callbacks
        self._outcomes = OutcomeCounter(store)
        initialize_labels(DEAD_LETTERS, *((queue,) for queue in (*TASK_QUEUES, STATUS_QUEUE)))
        initialize_labels(EVENTS_REFUSED, ("undecodable",), ("unfoldable",), ("unsigned",), ("wrong_key",))
        self._received: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()

    @asynccontextmanager
    async def consuming(self) -> AsyncIterator[None]:
        """Fold until the context ends. Messages received by then are folded and acknowledged first."""
        async with asyncio.TaskGroup() as tasks:
            folding = tasks.create_task(self._fold_forever())
            try:
                async with AsyncExitStack() as stack:
                    for queue in (*TASK_QUEUES, STATUS_QUEUE):
                        handler = partial(on_dead_letter, self._bus, queue)
                        await stack.enter_async_context(
                            self._bus.consuming(dead_letter_queue(queue), handler, prefetch=10)
                        )
                    await stack.enter_async_context(self._bus.consuming(STATUS_QUEUE, self._received.put, 2 * BATCH))
                    yield
            finally:
                folded = asyncio.create_task(self._received.join())
                await asyncio.wait({folded, folding}, timeout=self._grace_seconds, return_when=asyncio.FIRST_COMPLETED)
                folding.cancel()
                folded.cancel()

    async def _fold_forever(self) -> None:
        while True:
            batch = [await self._received.get()]
            if self._received.qsize() < BATCH:
                await asyncio.sleep(GATHER_SECONDS)
            while not self._received.empty() and len(batch) < BATCH:
                batch.append(self._received.get_nowait())
            await self._fold(batch)
            for _ in batch:
                self._received.task_done()

    async def _fold(self, batch: list[AbstractIncomingMessage]) -> None:
        began_at = time_ns()
        received = [each for message in batch if (each := _decoded(message))]
        genuine = [each for each in received if is_genuine(*each, self._bus.signer)]
        folded = await self._fold_each(genuine)
        tracing.record_folds(((event, message.headers) for event, message in folded), began_at)
        dead = ({id(message) for message in batch} - _ids(received)) | (_ids(genuine) - _ids(folded))
        for message in batch:
            if id(message) in dead:
                with suppress(*BROKER_ERRORS):
                    await message.reject(requeue=False)
        # An unacknowledged message is delivered again, and folding it again changes nothing.
        await batch_ack([message for message in batch if id(message) not in dead])
        _record_folded(folded)
        try:
            await self._outcomes.count([event for event, _ in folded])
        except Exception:
            log.exception("ended jobs not counted")

    async def _fold_each(self, received: Sequence[Received]) -> Sequence[Received]:
        """Fold all events at once and return them. If that fails, fold each half on its own, to find the bad event.

        An unavailable database is waited for, so what fails here fails again: the bad event is left out.
        """
        if not received:
            return []
        try:
            events = [event for event, _ in received]
            await self._store.fold(events)
            if self._callbacks:
                await self._callbacks.record(events)
        except Exception as error:  # noqa: BLE001 -- one event must not cost the others their fold
            if len(received) > 1:
                middle = len(received) // 2
                return [*await self._fold_each(received[:middle]), *await self._fold_each(received[middle:])]
            [(event, _)] = received
            fields = log_fields(event) | error_fields(error)
            log.error("event cannot be folded", type=event.type, **fields)  # noqa: TRY400 -- its text may quote the event
            EVENTS_REFUSED.labels("unfoldable").inc()
            return []
        return received


def _decoded(message: AbstractIncomingMessage) -> Received | None:
    try:
        return decode(message.body), message
    except ValueError as error:
        log.warning("undecodable message", bytes=len(message.body), error=str(error))
        EVENTS_REFUSED.labels("undecodable").inc()
        return None


def _ids(received: Iterable[Received]) -> set[int]:
    return {id(message) for _, message in received}


def _record_folded(folded: Iterable[Received]) -> None:
    now, is_debug = datetime.now(UTC), log.is_enabled_for(logging.DEBUG)
    types: Counter[str] = Counter()
    for event, message in folded:
        types[event.type] += 1
        VISIBLE_SECONDS.observe((now - event.at).total_seconds())
        is_progress = isinstance(event, TaskProgressed)
        if is_debug or not is_progress:
            write = log.debug if is_progress else log.info
            write("event folded", type=event.type, **log_fields(event), **tracing.message_trace_fields(message.headers))
    for name, count in types.items():
        FOLDED.labels(name).inc(count)
