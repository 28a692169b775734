"""Error responses: an HTTP status, and a body with `detail` and `code`."""

import re
from collections.abc import Mapping
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from shared.errors import StorageFullError, TransientError
from shared.events import JOB_ID

log = structlog.get_logger()


class ProblemDocument(BaseModel):
    detail: str = Field(description="Sentence for a person: what is wrong, and what to do.")
    code: str = Field(description="Stable code for programs.")


class Problem(HTTPException):
    def __init__(self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, detail, headers)
        self.code = code


def install_error_handlers(app: FastAPI) -> None:
    """Make `app` respond to every error, its own and the framework's, with a `ProblemDocument`."""

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        code = error.code if isinstance(error, Problem) else HTTPStatus(error.status_code).name.lower()
        return JSONResponse({"detail": error.detail, "code": code}, error.status_code, error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        detail = "; ".join(f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg']}" for each in error.errors())
        return JSONResponse({"detail": detail, "code": "invalid_request"}, 422)

    @app.exception_handler(TransientError)
    async def unavailable(_: Request, error: TransientError) -> JSONResponse:
        return service_unavailable(error)

    @app.exception_handler(Exception)
    async def unexpected(_: Request, __: Exception) -> JSONResponse:
        return JSONResponse({"detail": "Something went wrong on our side.", "code": "internal_error"}, 500)


def service_unavailable(error: TransientError) -> JSONResponse:
    """Return 503, or 507 if the storage is full."""
    status, seconds = (507, "60") if isinstance(error, StorageFullError) else (503, "5")
    log.warning("temporarily unavailable", error=str(error), code=error.code)
    content = {"detail": f"{error.summary}. Try again in {seconds} s.", "code": error.code}
    return JSONResponse(content, status, {"Retry-After": seconds})


def no_such_job(job_id: str) -> Problem:
    return Problem(404, "job_not_found", f"There is no job {job_id[:64]!r}; jobs are removed after a while.")


def no_such_result() -> Problem:
    return Problem(404, "result_not_found", "There is no such result; results are removed after a while.")


def require_job_id(job_id: str) -> None:
    """Raise Problem 404 for a malformed job id."""
    if not re.fullmatch(JOB_ID, job_id):
        raise no_such_job(job_id)


def problems(**statuses: str) -> dict[int | str, dict[str, object]]:
    """Return OpenAPI responses for error statuses: `problems(_404="No such job.")`."""
    return {
        int(status.strip("_")): {"model": ProblemDocument, "description": text} for status, text in statuses.items()
    }
