"""`GET /api/jobs/<job_id>/links`: signed links to results, for players that cannot send a key. They expire."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Depends
from itsdangerous import BadSignature, TimestampSigner
from pydantic import BaseModel, Field

from services.gateway.results.files import extra_paths
from services.gateway.security.auth import Keys, unauthorized
from services.gateway.settings import Settings
from services.gateway.status.client import StatusClient
from shared.document import JobDocument
from shared.events import Moment
from shared.storage.job_files import Storage
from shared.tasks import Task
from shared.web.problem import problems


class JobLinks(BaseModel):
    expires_at: Moment | None = Field(description="When the links expire; null if no keys are set.")
    links: dict[str, str] = Field(
        description="Links by their field in the job's document (`vocals_path`), and further ones (`zip_path`)."
    )


class Links:
    """Makes and verifies links. A token is the signed id of the job. Without API keys, links have no token."""

    def __init__(self, settings: Settings) -> None:
        secret = settings.link_secret.get_secret_value() if settings.api_keys else ""
        self._signer = TimestampSigner(secret, "karaoke.links", key_derivation="hmac", digest_method=sha256)
        self._needs_token = bool(secret)
        self._lifetime = timedelta(minutes=settings.link_minutes)

    def create(self, document: JobDocument, others: Mapping[str, str]) -> JobLinks:
        """Return links to the paths in the document, and to the further paths `others`, both by field name."""
        tasks = (document.task(task) for task in Task)
        paths = {field: path for task in tasks for field, path in task if field.endswith("_path") and path}
        paths |= others
        if not self._needs_token:
            return JobLinks(expires_at=None, links=paths)
        token = self._signer.sign(document.job_id).decode()
        _, signed_at = self._signer.unsign(token, return_timestamp=True)
        links = {field: f"{path}?token={token}" for field, path in paths.items()}
        return JobLinks(expires_at=signed_at + self._lifetime, links=links)

    def verify(self, job_id: str, token: str) -> None:
        """Raise Problem 401 unless `token` was made for the job and has not expired."""
        try:
            signed, signed_at = self._signer.unsign(token, return_timestamp=True)
            valid = signed == job_id.encode() and datetime.now(UTC) < signed_at + self._lifetime
        except BadSignature:
            valid = False
        if not valid:
            raise unauthorized(
                "invalid_link", f"The link has expired or is not complete. Ask for new ones: /api/jobs/{job_id}/links."
            )


def routes(links: Links, status_client: StatusClient, storage: Storage, keys: Keys) -> APIRouter:
    router = APIRouter(tags=["results"])

    @router.get("/api/jobs/{job_id}/links", responses=problems(_404="No such job."))
    async def job_links(job_id: str, owner: Annotated[str | None, Depends(keys.owner)]) -> JobLinks:
        """Links to the existing results, for players that cannot send a key. They expire."""
        document = await status_client.document(job_id, owner)
        return links.create(document, extra_paths(job_id, await storage.sizes(job_id)))

    return router
