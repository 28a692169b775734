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


def reader(storage: Storage, keys: Keys, verify_link: Callable[[str, str], None]) -> Callable[..., Awaitable[None]]:
    """Return a dependency for routes with a `job_id` in their path."""

    async def may_read(job_id: str, bearer: Bearer, header: Header, token: Token = None) -> None:
        """Raise Problem 401 without a valid key or link, and 404 for another owner's job, as for a missing one."""
        if keys and token is not None:
            verify_link(job_id, token)
        elif owner := await keys.owner(bearer, header):
            submission = await storage.manifest(job_id) if re.fullmatch(JOB_ID, job_id) else None
            if submission is None or submission.owner != owner:
                raise no_such_result()

    return may_read
