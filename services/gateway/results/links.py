"""`GET /api/jobs/<job_id>/links`: results for players that cannot send a key, for a while."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Depends
from itsdangerous import BadSignature, TimestampSigner
from pydantic import BaseModel, Field

from services.gateway.results.files import addresses
from services.gateway.security.auth import Keys, unauthorized
from services.gateway.settings import Settings
from services.gateway.status.client import StatusClient
from shared.document import JobDocument
from shared.events import Moment, Task
from shared.storage.job_files import Storage
from shared.web.problem import problems


class JobLinks(BaseModel):
    expires_at: Moment | None = Field(description="When to ask for new ones; null where no keys are needed.")
    links: dict[str, str] = Field(
        description="By their names in the job's document (`vocals_path`), and what it has no names for (`zip_path`)."
    )


class Links:
    """Signs the id of a job whose results may be read; where no keys are set, everything may be."""

    def __init__(self, settings: Settings) -> None:
        secret = settings.link_secret.get_secret_value() if settings.api_keys else ""
        self._signer = TimestampSigner(secret, "karaoke.links", key_derivation="hmac", digest_method=sha256)
        self._signs = bool(secret)
        self._lifetime = timedelta(minutes=settings.link_minutes)

    def create(self, document: JobDocument, others: Mapping[str, str]) -> JobLinks:
        """`others` are paths that the document does not name, by what they are to be called."""
        tasks = (document.task(task) for task in Task)
        paths = {field: path for task in tasks for field, path in task if field.endswith("_path") and path}
        paths |= others
        if not self._signs:
            return JobLinks(expires_at=None, links=paths)
        token = self._signer.sign(document.job_id).decode()
        _, signed_at = self._signer.unsign(token, return_timestamp=True)
        links = {field: f"{path}?token={token}" for field, path in paths.items()}
        return JobLinks(expires_at=signed_at + self._lifetime, links=links)

    def verify(self, job_id: str, token: str) -> None:
        """Raises Problem 401 unless `token` was made for the job, and not long ago."""
        try:
            signed, signed_at = self._signer.unsign(token, return_timestamp=True)
            valid = signed == job_id.encode() and datetime.now(UTC) < signed_at + self._lifetime
        except BadSignature:
            valid = False
        if not valid:
            raise unauthorized(
                "invalid_link", f"The link has expired or is not complete. Ask for new ones: /api/jobs/{job_id}/links."
            )


def routes(links: Links, jobs: StatusClient, storage: Storage, keys: Keys) -> APIRouter:
    router = APIRouter(tags=["results"])

    @router.get("/api/jobs/{job_id}/links", responses=problems(_404="No such job."))
    async def job_links(job_id: str, owner: Annotated[str | None, Depends(keys.owner)]) -> JobLinks:
        """Addresses of the results that are there, for players that cannot send a key. They work for a while."""
        document = await jobs.document(job_id, owner)
        return links.create(document, addresses(job_id, await storage.sizes(job_id)))

    return router
