"""Who uploads a song and follows it to its end, by the HTTP API alone."""

import json
from collections.abc import Mapping
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Self

import httpx

from deploy.local.child import StartError

PATIENCE_SECONDS = 600.0
LOOK_SECONDS = 0.2


class Singer:
    """A context manager, one connection after another to one gateway."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=PATIENCE_SECONDS)

    def submit(self, song: Path, **options: str) -> str:
        """The job's id. `options` are the form's fields."""
        with song.open("rb") as file:
            answer = self._http.post("/api/process", files={"file": (song.name, file)}, data=options)
        return str(answer.raise_for_status().json()["job_id"])

    def completed(self, job_id: str) -> Mapping[str, Any]:
        """The document that the job's stream of events ends with. Raises StartError for a job that fails."""
        with self._http.stream("GET", f"/api/status/{job_id}/events") as stream:
            for line in stream.raise_for_status().iter_lines():
                document: Mapping[str, Any] = json.loads(line[5:]) if line.startswith("data:") else {}
                if document.get("status") == "failed":
                    raise StartError("a job failed", str(document["error_message"]))
                if document.get("status") == "completed":
                    return document
        raise StartError("a stream ended before its job", job_id)

    def refined(self, job_id: str) -> None:
        """Returns once the beats have been refined, too, which comes after the job's end. Raises StartError."""
        deadline = monotonic() + PATIENCE_SECONDS
        while not self.document(job_id)["beat_analysis"]["refined"]:
            if monotonic() > deadline:
                raise StartError("the beats were not refined", job_id)
            sleep(LOOK_SECONDS)

    def document(self, job_id: str) -> Mapping[str, Any]:
        document: Mapping[str, Any] = self._http.get(f"/api/status/{job_id}").raise_for_status().json()
        return document

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()
