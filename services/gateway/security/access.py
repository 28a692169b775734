"""Access to a job's results: by the key of its owner, or by a link."""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Query

from services.gateway.security.auth import Bearer, Header, Keys
from shared.events import JOB_ID
from shared.storage.job_files import Storage
from shared.web.problem import no_such_result

Token = Annotated[str | None, Query(description="Token of a link, instead of a key.")]


def reader(
    storage: Storage,
    keys: Keys,
    verify_link: Callable[[str, str], None],
    status_knows: Callable[[str, str], Awaitable[bool]],
) -> Callable[..., Awaitable[None]]:
    """Return a dependency for routes with a `job_id` in their path.

    `status_knows` asks status if it has a job of an owner. It counts for jobs whose manifest the gateway did not sign:
    those are older than the SUBMISSION_SECRET, or another service wrote their manifest.
    """

    async def is_owner(owner: str, job_id: str) -> bool:
        if not re.fullmatch(JOB_ID, job_id):
            return False
        submission = await storage.signed_manifest(job_id)
        return submission.owner == owner if submission else await status_knows(job_id, owner)

    async def may_read(job_id: str, bearer: Bearer, header: Header, token: Token = None) -> None:
        """Raise Problem 401 without a valid key or link, and 404 for another owner's job, as for a missing one."""
        if keys and token is not None:
            verify_link(job_id, token)
            return
        owner = await keys.owner(bearer, header)
        if owner and not await is_owner(owner, job_id):
            raise no_such_result()

    return may_read
