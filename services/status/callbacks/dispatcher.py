"""Sends callbacks for ended jobs, signed as defined by Standard Webhooks, with retries for an hour."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Final

import structlog
from pydantic import SecretStr
from standardwebhooks import Webhook

from services.status.callbacks.ended_jobs import callback_id, record_ended_jobs
from services.status.callbacks.sender import CallbackSender
from services.status.database.outbox import Callback, Outbox
from services.status.database.store import Store
from services.status.read.documents import Documents
from services.status.read.rendered_document import RenderedDocument
from shared.callbacks.address import owner_secret
from shared.errors import PermanentError, TransientError
from shared.events import Event
from shared.telemetry.logs import error_fields
from shared.telemetry.metrics import CALLBACKS, initialize_labels

log = structlog.get_logger()

CONCURRENT: Final = 20
PER_HOST: Final = 4
PER_OWNER: Final = 10
"""Callbacks sent at the same time, so that one slow receiver does not delay the others."""

POLL_SECONDS: Final = 1.0
FIRST_RETRY_SECONDS: Final = 5.0
LONGEST_RETRY_SECONDS: Final = 600.0
RETRY_FOR_SECONDS: Final = 3600.0
"""Time after a job's end in which a receiver may be unavailable."""

SUCCESS: Final = range(200, 300)
GONE: Final = 410


class CallbackDispatcher:
    def __init__(self, store: Store, documents: Documents, sender: CallbackSender, secret: SecretStr) -> None:
        self._store = store
        self._outbox = Outbox(store)
        self._documents = documents
        self._sender = sender
        self._secret = secret
        self._due = asyncio.Event()
        self._in_flight: dict[asyncio.Task[None], Callback] = {}
        initialize_labels(CALLBACKS, ("told",), ("postponed",), ("given_up",))

    async def record(self, events: Iterable[Event]) -> None:
        """Record the callbacks due because of folded events; none is lost afterwards. Waits for the database."""
        if await record_ended_jobs(self._store, self._outbox, events):
            self._due.set()

    @asynccontextmanager
    async def delivering(self, grace_seconds: float) -> AsyncIterator[None]:
        """Deliver until the context ends, then wait for the requests in flight.

        Another replica repeats a request that does not finish in time.
        """
        delivering = asyncio.create_task(self._deliver_forever())
        try:
            yield
        finally:
            delivering.cancel()
            if self._in_flight:
                await asyncio.wait(self._in_flight, timeout=grace_seconds)
            for task in self._in_flight:
                task.cancel()

    async def _deliver_forever(self) -> None:
        while True:
            self._due.clear()
            try:
                while len(self._in_flight) < CONCURRENT and (callback := await self._claim()):
                    task = asyncio.create_task(self._deliver(callback))
                    self._in_flight[task] = callback
                    task.add_done_callback(self._done)
            except TransientError as error:
                log.warning("callbacks cannot be read", error=str(error))
            except Exception:  # one unreadable callback must not stop the others
                log.exception("callbacks cannot be read")
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._due.wait()

    async def _claim(self) -> Callback | None:
        hosts = Counter(callback.host for callback in self._in_flight.values())
        owners = Counter(callback.owner for callback in self._in_flight.values() if callback.owner)
        return await self._outbox.claim(
            busy_hosts=[host for host, count in hosts.items() if count >= PER_HOST],
            busy_owners=[owner for owner, count in owners.items() if count >= PER_OWNER],
        )

    def _done(self, task: asyncio.Task[None]) -> None:
        self._in_flight.pop(task)
        self._due.set()
        if not task.cancelled() and (error := task.exception()):
            log.warning("callback not settled; it will be sent again", error=str(error))

    async def _deliver(self, callback: Callback) -> None:
        """Raises TransientError while the database is unavailable; then the lease ends and the callback is retried."""
        with structlog.contextvars.bound_contextvars(job_id=callback.job_id, callback=callback.id):
            try:
                await self._attempt(callback)
            except TransientError:
                raise
            except Exception as error:  # noqa: BLE001 -- it must count as an attempt, or it is retried for ever
                # The text of the error may quote the URL, which may hold a secret.
                log.error("callback failed", **error_fields(error))  # noqa: TRY400 -- see above
                await self._retry_later(callback, type(error).__name__)

    async def _attempt(self, callback: Callback) -> None:
        document = await self._documents.find(callback.job_id)
        if document is None:
            await self._outbox.delete_job(callback.job_id)
        elif callback_id(document) != callback.id:
            log.info("callback superseded: the job was run again or cancelled, and has a callback for that end")
            await self._outbox.supersede(callback)
        else:
            await self._send(callback, RenderedDocument(await self._documents.complete(document)).body)

    async def _send(self, callback: Callback, body: bytes) -> None:
        try:
            status = await self._sender.send(callback.url, self._headers(callback, body), body, callback.owner)
        except (PermanentError, TransientError) as error:
            await self._retry_later(callback, str(error) if isinstance(error, TransientError) else error.summary)
        else:
            if status in SUCCESS:
                CALLBACKS.labels("told").inc()
                log.info("callback delivered", attempt=callback.attempt)
                await self._outbox.mark_delivered(callback)
            elif status == GONE:
                await self._give_up(callback, "the receiver answered 410 Gone")
            else:
                await self._retry_later(callback, f"the receiver answered {status}")

    async def _retry_later(self, callback: Callback, reason: str) -> None:
        """Retry with growing delays, which vary so that many callbacks are not sent at the same moment."""
        jitter = random.uniform(0.5, 1)  # noqa: S311 -- nobody gains by guessing  # nosec B311
        seconds = jitter * min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** (callback.attempt - 1))
        if callback.age + seconds > RETRY_FOR_SECONDS:
            await self._give_up(callback, reason)
            return
        await self._outbox.retry_later(callback, seconds)
        CALLBACKS.labels("postponed").inc()
        log.warning("callback failed; it will be sent again", attempt=callback.attempt, error=reason)

    async def _give_up(self, callback: Callback, reason: str) -> None:
        await self._outbox.give_up(callback)
        CALLBACKS.labels("given_up").inc()
        log.error("callback given up", attempt=callback.attempt, error=reason)

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
