"""Corrections of a result by a user, which need no model and no worker.

A correction is an object of its own, `<result>-<number>.json`. The greatest number holds, for the files as for the
job's document, whose event has the same number.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Annotated, Any, Final, Generic, NamedTuple, TypeVar

import structlog
from fastapi import Header, Request
from pydantic import BaseModel

from services.gateway.results.current import Current, CurrentFiles, latest, outdated
from services.gateway.security.quota import Caller, Quota, caller_of
from services.gateway.settings import PUBLISH_SECONDS
from services.gateway.status.client import StatusClient
from shared.broker.bus import Bus
from shared.errors import on_a_full_disk
from shared.events import Event, JobSubmitted
from shared.storage.job_files import Storage, corrected
from shared.storage.objects import MISSING
from shared.tasks import Task
from shared.web.etag import etag_matches
from shared.web.problem import Problem, no_such_result, problems

log = structlog.get_logger()

RETRY_AFTER_SECONDS: Final = 5

IfMatch = Annotated[str | None, Header(description="ETag of the result: correct only what you know.")]
Shown = TypeVar("Shown")
"""The part of a correction that the job's document shows."""


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """Return the OpenAPI description of a body that the route reads by itself, without references."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def inlined(part: Any) -> Any:  # noqa: ANN401 -- any JSON
        if isinstance(part, list):
            return [inlined(each) for each in part]
        if not isinstance(part, dict):
            return part
        if reference := part.get("$ref"):
            return inlined(definitions[reference.rpartition("/")[2]])
        return {name: inlined(each) for name, each in part.items()}

    return {"requestBody": {"required": True, "content": {"application/json": {"schema": inlined(schema)}}}}


def correction_problems(result: str) -> dict[int | str, dict[str, Any]]:
    return problems(
        _404="No such job, or its results have been deleted.",
        _409=f"The {result} have not been found yet, or the song has none.",
        _412=f"The {result} have changed: they have another ETag than `If-Match`.",
        _429="Too many requests in this minute.",
        _503="The broker is unavailable. Try again.",
    )


UPLOAD_PROBLEMS: Final = problems(
    _400="The body ended early.",
    _408="The upload was too slow.",
    _413="The body is too large.",
    _415="The body is not application/json.",
    _507="The storage is full. Try again later.",
)


@dataclass(frozen=True)
class Correctable(Generic[Shown]):
    """A result that can be corrected: its file, its task, and the event of a correction by job, time and number."""

    name: str
    task: Task
    event: Callable[[str, datetime, int, Shown | None], Event]

    @property
    def noun(self) -> str:
        return PurePath(self.name).stem


class Made(NamedTuple, Generic[Shown]):
    """A corrected result: the content of its file, and what the job's document shows of it."""

    content: bytes
    shown: Shown


class Known(NamedTuple):
    """The start of a correction: the job, the number of its latest correction, and the present result."""

    submission: JobSubmitted
    number: int
    present: Current


class Corrections(Generic[Shown]):
    """Stores and announces the corrections of one result."""

    def __init__(
        self,
        result: Correctable[Shown],
        bus: Bus,
        storage: Storage,
        status_client: StatusClient,
        *,
        quota: Quota,
        files: CurrentFiles,
    ) -> None:
        self._result = result
        self._bus = bus
        self._storage = storage
        self._status_client = status_client
        self._quota = quota
        self._files = files

    async def require(self, job_id: str, owner: str | None) -> JobSubmitted:
        """Return the job's submission. Raises Problem 404 or 409 unless the result exists and is the caller's."""
        document = await self._status_client.document(job_id, owner)
        submission = await self._storage.manifest(job_id)
        if document.error_code == "cancelled" or submission is None:
            raise no_such_result()
        state, noun = document.task(self._result.task).status, self._result.noun
        if state != "completed":
            code = f"{noun}_not_ready"
            if state in ("queued", "processing"):
                later = {"Retry-After": str(RETRY_AFTER_SECONDS)}
                raise Problem(409, code, f"The {noun} of this song are not complete yet.", later)
            raise Problem(409, code, f"The {noun} of this song have not been found.")
        return submission

    async def put(
        self,
        job_id: str,
        request: Request,
        owner: str | None,
        if_match: str | None,
        correct: Callable[[JobSubmitted, Current], Awaitable[Made[Shown]]],
    ) -> tuple[int, bytes]:
        """Store what `correct` makes for a job and its present result. Return the correction's number and content.

        Concurrent requests, at any gateway, follow each other: `correct`, which may raise one of `MISSING`, is repeated
        for the later one. With `if_match` only one of them is accepted. Raises Problem, 412 if the result changed, and
        TransientError. If the broker does not confirm, the files follow the correction already.
        """
        while True:
            known = await self.known(job_id, request, owner, if_match)
            number = known.number + 1
            try:
                made = await correct(known.submission, known.present)
            except MISSING as error:
                if await self._latest(job_id) < number:
                    raise no_such_result() from error
            else:
                if await self._store(job_id, number, made.content):
                    break
            self._refuse_change(if_match)
        await self._publish(job_id, number, made.shown)
        return number, made.content

    async def known(self, job_id: str, request: Request, owner: str | None, if_match: str | None) -> Known:
        """Raises Problem 404 or 409 without a result, and 412 unless its ETag is in `if_match`."""
        submission = await self.require(job_id, owner)
        number = await self._latest(job_id)
        return Known(submission, number, await self._present(job_id, caller_of(request, None), if_match))

    async def delete(self, job_id: str, request: Request, owner: str | None, if_match: str | None) -> None:
        """Take all corrections back. May be repeated."""
        await self._quota.check_rate(request, owner)
        await self.require(job_id, owner)
        number = await self._latest(job_id)
        await self._present(job_id, caller_of(request, None), if_match)
        if number:
            await self._take_back(job_id, number, if_match)

    async def take_back(self, job_id: str) -> None:
        """Take all corrections back, of a job that is known to exist, and those that are being made, also the first."""
        await self._take_back(job_id, await self._latest(job_id), None)

    async def _take_back(self, job_id: str, number: int, if_match: str | None) -> None:
        while not await self._store(job_id, number := number + 1, b""):
            self._refuse_change(if_match)
        await self._publish(job_id, number, None)
        log.info("correction taken back", job_id=job_id, result=self._result.noun, number=number)

    async def _latest(self, job_id: str) -> int:
        """Return the number of the latest correction, 0 if there is none."""
        return latest(await self._storage.sizes(job_id), self._result.name).number

    async def _present(self, job_id: str, caller: Caller, if_match: str | None) -> Current:
        """Return the present result. Raises Problem 404, and 412 unless its ETag is in `if_match`."""
        current = await self._files.find(job_id, self._result.name, caller)
        if current is None:
            raise no_such_result()
        if if_match is not None and not etag_matches(if_match, current.head.etag):
            self._refuse_change(if_match)
        return current

    async def _store(self, job_id: str, number: int, content: bytes) -> bool:
        """Store a correction and delete old ones; return False if there is one with this number."""
        with on_a_full_disk():
            if not await self._storage.claim(f"{job_id}/{corrected(self._result.name, number)}", content):
                return False
        if await self._storage.delete_leftovers(job_id):
            raise no_such_result()
        for name in outdated(await self._storage.sizes(job_id)):
            await self._storage.delete(f"{job_id}/{name}")
        return True

    async def _publish(self, job_id: str, number: int, shown: Shown | None) -> None:
        await self._bus.publish(self._result.event(job_id, datetime.now(UTC), number, shown), within=PUBLISH_SECONDS)

    def _refuse_change(self, if_match: str | None) -> None:
        if if_match is not None:
            noun = self._result.noun
            detail = f"The {noun} have changed meanwhile. Get them again, then correct them."
            raise Problem(412, f"{noun}_changed", detail)
