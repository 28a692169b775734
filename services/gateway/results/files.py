"""`GET /api/jobs/<job_id>/…`: every result of a job under a fixed name, independent of its document."""

import re
from collections.abc import Hashable
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from services.gateway.file_names import attachment
from services.gateway.results import names
from services.gateway.results.current import Current, CurrentFiles
from services.gateway.results.ranges import RESPONSES, serve
from services.gateway.security.quota import caller_of
from services.gateway.status.client import StatusClient
from shared.events import JOB_ID
from shared.storage.job_files import PARTIAL_LYRICS, Storage
from shared.web.connection import while_connected
from shared.web.problem import no_such_result, problems

# These are file names, so that another value gives 404 and not 422.
Lyrics = Annotated[str, Path(json_schema_extra={"enum": [*names.LYRICS_FORMATS]})]
Audio = Annotated[str, Path(json_schema_extra={"enum": [*names.AUDIO_FORMATS]})]
Sound = Annotated[str, Path(json_schema_extra={"enum": [*names.WITH_PEAKS]})]


class Files:
    def __init__(self, storage: Storage, current: CurrentFiles, status_client: StatusClient) -> None:
        self._storage = storage
        self._current = current
        self._status_client = status_client

    async def response(
        self, job_id: str, name: str, request: Request, download: str | None, *, heard: bool = False
    ) -> Response:
        """Return the file `name`, as an attachment if `download` is given. Raises Problem 404.

        With `heard`, return lyrics as they were before any correction. `lyrics.json` may have the first lines only.
        """
        if not re.fullmatch(JOB_ID, job_id):
            raise no_such_result()
        caller = caller_of(request, None)
        found = await while_connected(request, self._current.find(job_id, name, caller, heard=heard))
        if found is None and name == names.LYRICS:
            found = await self._partial_lyrics(job_id, caller)
        if found is None:
            raise no_such_result()
        disposition = await named_after_song(self._storage, job_id, name) if download is not None else None
        return await serve(self._storage, f"{job_id}/{found.name}", found.head, request, disposition)

    async def _partial_lyrics(self, job_id: str, caller: Hashable) -> Current | None:
        """Return the stored lines while the attempt that found them runs, or all lines if these were stored meanwhile.

        The stored lines stay when the attempt fails or dies. Then they do not count.
        """
        head = await self._storage.head(f"{job_id}/{PARTIAL_LYRICS}")
        if head is None:
            return None
        document = await self._status_client.document(job_id, None)
        if document.transcription.partial:
            return Current(PARTIAL_LYRICS, head)
        return await self._current.find(job_id, names.LYRICS, caller)


async def named_after_song(storage: Storage, job_id: str, name: str) -> str:
    """Return the `Content-Disposition` of the download of a result. Raises Problem 404 if the job was deleted."""
    submission = await storage.manifest(job_id)
    if submission is None:
        raise no_such_result()
    return attachment(submission.song.name, name, job_id)


def extra_paths(job_id: str, existing: dict[str, int]) -> dict[str, str]:
    """Return the paths of a job's files that the status document does not list. `existing` are the stored files."""
    files = {f"{form}_path": f"lyrics.{form}" for form in ("txt", "elrc", "ass")}
    files |= {f"{sound}_peaks_path": names.peaks_file(sound) for sound in names.WITH_PEAKS}
    files["click_path"] = f"{names.CLICK}.flac"
    paths = {field: name for field, name in files.items() if name in existing}
    paths |= {field: f"peaks/{name.partition('.')[0]}.json" for field, name in paths.items() if "peaks" in field}
    if any(re.fullmatch(names.RESULT, name) for name in existing):
        paths["zip_path"] = "download.zip"
    return {field: f"/api/jobs/{job_id}/{path}" for field, path in paths.items()}


def routes(files: Files) -> APIRouter:
    router = APIRouter(prefix="/api/jobs/{job_id}", tags=["results"], default_response_class=StreamingResponse)

    @router.get("/lyrics.{form}", responses=RESPONSES | problems(_422="No such version."))
    async def lyrics(
        job_id: str,
        form: Lyrics,
        request: Request,
        download: str | None = None,
        version: Annotated[
            Literal["heard"] | None, Query(description="`heard`: the lyrics as they were before any correction.")
        ] = None,
    ) -> Response:
        """Lyrics in one of their formats, whole or in part (`Range`), or as an attachment (`?download`).

        While the song is transcribed, the JSON has the lines that are certain so far, with `"partial": true`, if the
        status document says `partial`.
        """
        if form not in names.LYRICS_FORMATS:
            raise no_such_result()
        return await files.response(job_id, f"lyrics.{form}", request, download, heard=version == "heard")

    @router.get("/beats.json", responses=RESPONSES)
    async def beats(job_id: str, request: Request, download: str | None = None) -> Response:
        """Tempo, beats and downbeats."""
        return await files.response(job_id, names.BEATS, request, download)

    @router.get("/click.{form}", responses=RESPONSES)
    async def click(job_id: str, form: Audio, request: Request, download: str | None = None) -> Response:
        """A click on every beat, higher on downbeats, as long as the song."""
        if form not in names.AUDIO_FORMATS:
            raise no_such_result()
        return await files.response(job_id, f"{names.CLICK}.{form}", request, download)

    @router.get("/peaks/{sound}.json", responses=RESPONSES)
    async def peaks(job_id: str, sound: Sound, request: Request, download: str | None = None) -> Response:
        """Waveform of the song or a stem, for players to draw, in the data format 2 of BBC audiowaveform."""
        if sound not in names.WITH_PEAKS:
            raise no_such_result()
        return await files.response(job_id, names.peaks_file(sound), request, download)

    return router
