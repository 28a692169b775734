"""The public API: songs in, status and results out."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import httpx
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

from services.gateway import results
from services.gateway.decode import decode
from services.gateway.settings import Settings
from services.gateway.upload import receive
from shared.bus import Bus
from shared.document import JobDocument
from shared.errors import TransientError
from shared.events import JobSubmitted, Song
from shared.health import Health
from shared.job import ready
from shared.problem import Problem, answer_problems, problems, require_job_id
from shared.storage import SONG, Storage
from shared.telemetry import UPLOAD_SECONDS, UPLOADS

log = structlog.get_logger()

WEB = Path(__file__).parent / "web"
PUBLISH_SECONDS = 8.0

FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "The song."},
                        "tasks": {
                            "type": "string",
                            "description": "Comma-separated, of stem_separation, transcription, beat_analysis; all.",
                        },
                        "language": {"type": "string", "description": "ISO 639-1 code of the lyrics; detected."},
                        "model": {"type": "string", "description": "A demucs model's name; the operator's choice."},
                        "format": {"type": "string", "enum": ["wav", "flac", "mp3"], "default": "wav"},
                    },
                }
            }
        },
    }
}


class Accepted(BaseModel):
    job_id: str


def create_app(bus: Bus, storage: Storage, status: httpx.AsyncClient, health: Health, settings: Settings) -> FastAPI:
    app = FastAPI(title="Karaoke", summary="A song in; stems, word-timed lyrics and rhythm out.", version="1.0.0")
    answer_problems(app)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=["Location", "ETag", "Content-Range", "Accept-Ranges", "Content-Length"],
    )
    app.include_router(health.router())
    app.include_router(results.routes(storage))
    app.mount("/web", StaticFiles(directory=WEB), name="web")

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(WEB / "index.html", headers={"Content-Security-Policy": "default-src 'self'"})

    @app.post(
        "/api/process",
        status_code=202,
        tags=["jobs"],
        openapi_extra=FORM,
        response_model=Accepted,
        responses=problems(
            _413="The file is too large.",
            _415="What was sent is not a form, or the file is no audio.",
            _422="The file is missing, empty, corrupt, too short or too long, or an option is not valid.",
            _503="The broker is away; nothing was kept. Try again.",
        ),
    )
    async def process(request: Request) -> JSONResponse:
        """Takes a song and starts a job. The answer is the broker's word that the job will be done."""
        with UPLOAD_SECONDS.time():
            try:
                job_id = await _submit(request)
            except (Problem, TransientError) as error:
                UPLOADS.labels(error.code).inc()
                log.info("upload refused", code=error.code)
                raise
        UPLOADS.labels("accepted").inc()
        return JSONResponse({"job_id": job_id}, 202, {"Location": f"/api/status/{job_id}"})

    @app.get("/api/status/{job_id}", tags=["jobs"], response_model=JobDocument, responses=problems(_404="No such job."))
    async def job_status(job_id: str) -> Response:
        """How far a job is, and where its results are. Poll it every 3 to 5 seconds."""
        require_job_id(job_id)
        try:
            answer = await status.get(f"/api/status/{job_id}")
        except httpx.HTTPError as error:
            raise TransientError("The status service is away", code="status_unavailable") from error
        kept = {name: answer.headers[name] for name in ("content-type", "retry-after") if name in answer.headers}
        return Response(answer.content, answer.status_code, kept)

    async def _submit(request: Request) -> str:
        job_id = str(uuid4())
        with TemporaryDirectory(prefix="upload-") as folder, structlog.contextvars.bound_contextvars(job_id=job_id):
            upload = await receive(request, Path(folder, "upload"), settings.max_upload_bytes)
            song = Path(folder, SONG)
            seconds = await decode(Path(folder, "upload"), song, settings.min_seconds, settings.max_seconds)
            submission = JobSubmitted(
                job_id=job_id,
                at=datetime.now(UTC),
                song=Song(name=upload.name, file_size=upload.file_size, audio_duration=round(seconds, 3)),
                options=upload.options,
            )
            try:
                await storage.put(f"{job_id}/{SONG}", song)
                await storage.put_manifest(submission)
                await bus.publish(submission, ready(submission, submission), within=PUBLISH_SECONDS)
            except BaseException:
                await storage.delete_job(job_id)
                raise
            log.info("job accepted", **submission.song.model_dump(), **submission.options.model_dump(mode="json"))
        return job_id

    return app
