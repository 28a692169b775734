"""Who may read a job's results: its key's holder, and who has a link."""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Query

from services.gateway.security.auth import Bearer, Header, Keys
from shared.events import JOB_ID
from shared.storage.job_files import Storage
from shared.web.problem import no_such_result

Token = Annotated[str | None, Query(description="Of a link, in the place of a key.")]


def reader(storage: Storage, keys: Keys, verify_link: Callable[[str, str], None]) -> Callable[..., Awaitable[None]]:
    """What routes with a `job_id` in their path depend on."""

    async def may_read(job_id: str, bearer: Bearer, header: Header, token: Token = None) -> None:
        """Raises Problem 401, or for another's job just what a job that is not there is answered with."""
        if keys and token is not None:
            verify_link(job_id, token)
        elif owner := await keys.owner(bearer, header):
            submission = await storage.manifest(job_id) if re.fullmatch(JOB_ID, job_id) else None
            if submission is None or submission.owner != owner:
                raise no_such_result()

    return may_read
