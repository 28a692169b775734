"""HTTP client of the status service."""

from collections.abc import Mapping, Sequence
from typing import Final

import httpx

from shared.document import JobDocument
from shared.errors import TransientError
from shared.web.problem import no_such_job, require_job_id

NO_CACHE: Final = {"Cache-Control": "no-cache"}
COUNT_SECONDS = 2.0


class StatusClient:
    """Requests to the status service. Every method raises TransientError `status_unavailable` when it cannot answer."""

    def __init__(self, status: httpx.AsyncClient) -> None:
        self._status = status

    async def get(
        self, job_id: str, owner: str | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Return the status service's response about a job. With `owner`, only that owner's jobs exist.

        Without `headers`, the status service reads the job from the database instead of its cache: use this before a
        decision. Raises Problem 404 for a malformed job id.
        """
        require_job_id(job_id)
        return await self._get(f"/api/status/{job_id}", owner, NO_CACHE if headers is None else headers, {})

    async def get_many(self, job_ids: Sequence[str], owner: str | None) -> httpx.Response:
        """Return the status service's response about many jobs."""
        return await self._get("/api/status", owner, {}, {"ids": ",".join(job_ids)})

    async def document(self, job_id: str, owner: str | None) -> JobDocument:
        """Return the job's current document. Raises Problem 404 for a job that is unknown or has another owner."""
        answer = await self.get(job_id, owner)
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise no_such_job(job_id)
        return JobDocument.model_validate_json(answer.content)

    async def unfinished(self, owner: str, limit: int) -> int:
        """Count the owner's unfinished jobs, up to `limit`."""
        try:
            path = f"/owners/{owner}/unfinished"
            answer = await self._status.get(path, params={"limit": limit}, timeout=COUNT_SECONDS)
            return int(answer.raise_for_status().text)
        except httpx.HTTPError as error:
            raise TransientError("The status service is unavailable", code="status_unavailable") from error

    async def _get(
        self, path: str, owner: str | None, headers: Mapping[str, str], params: Mapping[str, str]
    ) -> httpx.Response:
        try:
            answer = await self._status.get(path, headers={**owner_header(owner), **headers}, params=params)
        except httpx.HTTPError as error:
            raise TransientError("The status service is unavailable", code="status_unavailable") from error
        if answer.is_server_error:
            raise TransientError("The status service cannot answer", code="status_unavailable")
        return answer


def owner_header(owner: str | None) -> dict[str, str]:
    """Headers that limit the status service's response to the jobs of `owner`."""
    return {"X-Owner": owner} if owner else {}
