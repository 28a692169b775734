"""`GET /storage/<job_id>/<name>`: a job's results, at the paths in its status document."""

import re

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from services.gateway.results import names
from services.gateway.results.current import CurrentFiles
from services.gateway.results.files import named_after_song
from services.gateway.results.ranges import RESPONSES, serve
from services.gateway.security.quota import caller_of
from shared.events import JOB_ID
from shared.storage.job_files import Storage
from shared.web.connection import while_connected
from shared.web.problem import no_such_result

RESULT = re.compile(rf"({JOB_ID})/(?:.*_)?({names.RESULT})")
"""Path of a result: the job, the song's name (ignored), and the name of the stored file. Nothing else is served."""


def routes(storage: Storage, current: CurrentFiles) -> APIRouter:
    router = APIRouter(tags=["results"])

    @router.get("/storage/{job_id}/{name}", response_class=StreamingResponse, responses=RESPONSES)
    async def result(job_id: str, name: str, request: Request, download: str | None = None) -> Response:
        """A result, whole or in part (`Range`), or as an attachment (`?download`).

        A stem that was made in another format is encoded on the first request.
        """
        match = RESULT.fullmatch(f"{job_id}/{name}")
        if match is None:
            raise no_such_result()
        finding = current.find(match[1], match[2], caller_of(request, None))
        found = await while_connected(request, finding)
        if found is None:
            raise no_such_result()
        disposition = await named_after_song(storage, match[1], match[2]) if download is not None else None
        return await serve(storage, f"{match[1]}/{found.name}", found.head, request, disposition)

    return router
