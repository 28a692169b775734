"""Tells receivers that a job is over, as Standard Webhooks has it; tries again for an hour."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Final

import structlog
from pydantic import SecretStr
from standardwebhooks import Webhook

from services.status.callbacks.outbox import Callback, Outbox, callback_id
from services.status.callbacks.sender import CallbackSender
from services.status.read.documents import Documents
from services.status.read.rendered_document import RenderedDocument
from shared.callbacks.address import owner_secret
from shared.errors import PermanentError, TransientError
from shared.events import Event
from shared.telemetry.metrics import CALLBACKS, initialize_labels

log = structlog.get_logger()

AT_ONCE: Final = 20
OF_ONE_HOST: Final = 4
OF_ONE_OWNER: Final = 10
"""So that a receiver that is slow does not take all places."""

LOOK_SECONDS: Final = 1.0
SUCCESS: Final = range(200, 300)
GONE: Final = 410


class CallbackDispatcher:
    def __init__(self, outbox: Outbox, documents: Documents, sender: CallbackSender, secret: SecretStr) -> None:
        self._outbox = outbox
        self._documents = documents
        self._sender = sender
        self._secret = secret
        self._due = asyncio.Event()
        self._under_way: dict[asyncio.Task[None], Callback] = {}
        initialize_labels(CALLBACKS, ("told",), ("postponed",), ("given_up",))

    async def note(self, events: Iterable[Event]) -> None:
        """From here on no end that came with `events` is lost. Waits for a database that is away."""
        if await self._outbox.note(events):
            self._due.set()

    @asynccontextmanager
    async def delivering(self, grace_seconds: float) -> AsyncIterator[None]:
        """Until left; what is under way by then may end. What does not is done again, by whoever is there."""
        looking = asyncio.create_task(self._deliver_forever())
        try:
            yield
        finally:
            looking.cancel()
            if self._under_way:
                await asyncio.wait(self._under_way, timeout=grace_seconds)
            for task in self._under_way:
                task.cancel()

    async def _deliver_forever(self) -> None:
        while True:
            self._due.clear()
            try:
                while len(self._under_way) < AT_ONCE and (callback := await self._next()):
                    task = asyncio.create_task(self._deliver(callback))
                    self._under_way[task] = callback
                    task.add_done_callback(self._done)
            except TransientError as error:
                log.warning("callbacks are not looked for", error=str(error))
            except Exception:  # one that cannot be read must not keep the others
                log.exception("callbacks are not looked for")
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._due.wait()

    async def _next(self) -> Callback | None:
        hosts = Counter(callback.host for callback in self._under_way.values())
        owners = Counter(callback.owner for callback in self._under_way.values() if callback.owner)
        return await self._outbox.claim(
            [host for host, count in hosts.items() if count >= OF_ONE_HOST],
            [owner for owner, count in owners.items() if count >= OF_ONE_OWNER],
        )

    def _done(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task)
        self._due.set()
        if not task.cancelled() and (error := task.exception()):
            log.warning("callback not settled; it is made again", error=str(error))

    async def _deliver(self, callback: Callback) -> None:
        """Raises TransientError while the database is away: the lease runs out."""
        with structlog.contextvars.bound_contextvars(job_id=callback.job_id, callback=callback.id):
            try:
                await self._attempt(callback)
            except TransientError:
                raise
            except Exception as error:  # whatever it is, it must not be tried for ever
                log.exception("callback failed")
                await self._again(callback, type(error).__name__)

    async def _attempt(self, callback: Callback) -> None:
        document = await self._documents.find(callback.job_id)
        if document is None:
            await self._outbox.forget(callback.job_id)
        elif callback_id(document) != callback.id:
            log.info("callback dropped: the job was run again or cancelled, and that end is told")
            await self._outbox.drop(callback)
        else:
            await self._tell(callback, RenderedDocument(await self._documents.complete(document)).body)

    async def _tell(self, callback: Callback, body: bytes) -> None:
        try:
            status = await self._sender.send(callback.url, self._headers(callback, body), body)
        except (PermanentError, TransientError) as error:
            await self._again(callback, str(error))
        else:
            if status in SUCCESS:
                CALLBACKS.labels("told").inc()
                log.info("callback made", attempt=callback.attempt)
                await self._outbox.told(callback)
            elif status == GONE:
                await self._outbox.give_up(callback)
                self._given_up(callback, "the receiver wants no more of it")
            else:
                await self._again(callback, f"answered with {status}")

    async def _again(self, callback: Callback, why: str) -> None:
        if await self._outbox.retry_later(callback):
            CALLBACKS.labels("postponed").inc()
            log.warning("callback failed; it is made again", attempt=callback.attempt, error=why)
        else:
            self._given_up(callback, why)

    def _given_up(self, callback: Callback, why: str) -> None:
        CALLBACKS.labels("given_up").inc()
        log.error("callback given up", attempt=callback.attempt, error=why)

    def _headers(self, callback: Callback, body: bytes) -> dict[str, str]:
        now = datetime.now(UTC)
        signer = Webhook(owner_secret(self._secret, callback.owner))
        return {
            "content-type": "application/json",
            "user-agent": "karaoke",
            "webhook-id": callback.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signer.sign(callback.id, now, body.decode()),
        }
