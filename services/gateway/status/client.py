"""HTTP client of the status service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import aiohttp

from services.gateway.settings import Settings
from shared.document import JobDocument
from shared.errors import TransientError
from shared.usage import Usage
from shared.web.problem import no_such_job, require_job_id

NO_CACHE: Final = {"Cache-Control": "no-cache"}
MAX_REQUESTS: Final = 100
"""Connections that streams leave to other requests."""
REQUEST_SECONDS: Final = 10.0
COUNT_SECONDS: Final = 2.0
STREAM_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, connect=10, sock_read=40)
"""A stream is lost when it is silent for more than two of the status service's heartbeats."""


@dataclass(frozen=True)
class StatusResponse:
    """A complete response of the status service. Names in `headers` are case-insensitive."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def status_session(settings: Settings) -> aiohttp.ClientSession:
    """Return a session for a `StatusClient`. It reuses connections and keeps no cookies."""
    return aiohttp.ClientSession(
        settings.status_url.rstrip("/") + "/",
        connector=aiohttp.TCPConnector(
            limit=settings.max_streams + MAX_REQUESTS,
            resolver=aiohttp.ThreadedResolver(),  # the system's, also where aiodns is installed
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


class StatusClient:
    """Requests to the status service. Every method raises TransientError `status_unavailable` when it cannot answer."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def poll(self, job_id: str, owner: str | None, if_none_match: str | None) -> StatusResponse:
        """Return the status service's response about a job, perhaps from its cache.

        With `owner`, only that owner's jobs exist. The response is a 304 if the document has an ETag in
        `if_none_match`; a malformed one is ignored. Raises Problem 404 for a malformed job id.
        """
        condition = {"If-None-Match": if_none_match} if if_none_match and if_none_match.isascii() else {}
        return await self._get_one(job_id, owner, condition)

    async def read(self, job_id: str, owner: str | None) -> StatusResponse:
        """Like `poll`, but read from the database: use it before a decision."""
        return await self._get_one(job_id, owner, NO_CACHE)

    async def get_many(self, job_ids: Sequence[str], owner: str | None) -> StatusResponse:
        """Return the status service's response about many jobs."""
        return await self._get("api/status", _owner(owner), {"ids": ",".join(job_ids)})

    async def document(self, job_id: str, owner: str | None) -> JobDocument:
        """Return the document that `read` gets. Raises Problem 404 for a job that is unknown or has another owner."""
        response = await self.read(job_id, owner)
        if response.status == HTTPStatus.NOT_FOUND:
            raise no_such_job(job_id)
        return JobDocument.model_validate_json(response.body)

    async def knows(self, job_id: str, owner: str) -> bool:
        """Return whether there is such a job of this owner."""
        return (await self.read(job_id, owner)).status == HTTPStatus.OK

    async def usage(self, query: Mapping[str, str]) -> Usage:
        """Return what the jobs of an `owner` or a `caller` use."""
        response = await self._get("usage", {}, query, COUNT_SECONDS)
        if response.status != HTTPStatus.OK:
            raise _unavailable("cannot answer")
        return Usage.model_validate_json(response.body)

    async def open_stream(self, job_id: str, owner: str | None, last_id: str | None) -> aiohttp.ClientResponse:
        """Return a response whose body is the job's event stream, to be closed by the caller.

        Raises Problem 404 for a malformed job id.
        """
        require_job_id(job_id)
        headers = _owner(owner) | ({"Last-Event-ID": last_id} if last_id and last_id.isascii() else {})
        try:
            response = await self._session.get(f"api/status/{job_id}/events", headers=headers, timeout=STREAM_TIMEOUT)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _unavailable("is unavailable") from error
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            response.close()
            raise _unavailable("cannot answer")
        return response

    async def _get_one(self, job_id: str, owner: str | None, headers: Mapping[str, str]) -> StatusResponse:
        require_job_id(job_id)
        return await self._get(f"api/status/{job_id}", {**_owner(owner), **headers}, {})

    async def _get(
        self,
        path: str,
        headers: Mapping[str, str],
        params: Mapping[str, str],
        seconds: float = REQUEST_SECONDS,
    ) -> StatusResponse:
        limit = aiohttp.ClientTimeout(total=seconds)
        try:
            async with self._session.get(path, headers=headers, params=params, timeout=limit) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _unavailable("is unavailable") from error
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _unavailable("cannot answer")
        return StatusResponse(response.status, body, response.headers)


def _owner(owner: str | None) -> dict[str, str]:
    """Headers that limit the response to the owner's jobs."""
    return {"X-Owner": owner} if owner else {}


def _unavailable(reason: str) -> TransientError:
    return TransientError(f"The status service {reason}", code="status_unavailable")
