"""HTTP client of the command line: retries, shows progress bars, and prints errors as sentences."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx2
import stamina
import typer
from rich.console import Console
from rich.progress import Progress, TaskID

from services.gateway.file_names import local_name

console = Console(stderr=True)
stamina.instrumentation.set_on_retry_hooks([])  # the progress bars show retries

TASKS = {"stem_separation": "stems", "transcription": "lyrics", "beat_analysis": "rhythm"}
POLL_SECONDS, RETRY_SECONDS, UPLOAD_RETRY_SECONDS = 1.0, 60.0, 900.0
USAGE = 2


class Client:
    """Every method prints an explanation and raises `typer.Exit` if the gateway is unavailable or returns an error."""

    def __init__(self, http: httpx2.Client) -> None:
        self._http = http

    @classmethod
    @contextmanager
    def connected(cls, url: str, key: str) -> Iterator[Self]:
        """Yield a client of the gateway at `url`. `key` is empty if it needs none."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        timeout = httpx2.Timeout(30, read=200)  # a long song takes a while to decode
        with httpx2.Client(base_url=url, headers=headers, timeout=timeout) as http:
            yield cls(http)

    def upload(self, song: Path, options: dict[str, str], bars: Progress) -> str:
        """Upload a song and return the job's id. While the gateway refuses with 429, retries for up to 15 minutes."""
        size = song.stat().st_size
        bar = bars.add_task("upload", total=size, state="")
        send = stamina.RetryingCaller(attempts=None, timeout=UPLOAD_RETRY_SECONDS).on(_retry_after_limit)
        with self._errors_explained():
            job_id = send(self._send, song, options, bars, bar)
        bars.update(bar, completed=size)
        bars.console.print(f"job {job_id}", highlight=False)
        return job_id

    def status(self, job_id: str) -> dict[str, Any]:
        """Return the job's document."""
        with self._errors_explained():
            return self._get(job_id)

    def follow(self, job_id: str, bars: Progress) -> dict[str, Any]:
        """Poll until the job has ended, and return its document. Retries for a minute if the gateway is unavailable."""
        retrying = stamina.RetryingCaller(attempts=None, timeout=RETRY_SECONDS).on(_is_transient)
        rows = {task: bars.add_task(label, total=100, state="") for task, label in TASKS.items()}
        while True:
            with self._errors_explained():
                job = retrying(self._get, job_id)
            for task, row in rows.items():
                bars.update(row, completed=job[task]["progress"], state=job[task]["status"])
            if job["status"] in ("completed", "failed"):
                return job
            time.sleep(POLL_SECONDS)

    def download(self, job: dict[str, Any], out: Path) -> list[Path]:
        """Download the job's results to `out`, and return the files."""
        out.mkdir(parents=True, exist_ok=True)
        files = []
        for path in (value for task in TASKS for key, value in job[task].items() if key.endswith("_path") and value):
            files.append(out / local_name(job.get("name", ""), path))
            with self._errors_explained(), self._http.stream("GET", path) as answer, files[-1].open("wb") as file:
                if answer.is_error:
                    answer.read()
                answer.raise_for_status()
                for chunk in answer.iter_bytes():
                    file.write(chunk)
        return files

    @contextmanager
    def _errors_explained(self) -> Iterator[None]:
        try:
            yield
        except httpx2.HTTPStatusError as error:
            answer = error.response
            problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
            console.print(f"[red]{problem.get('detail', answer.reason_phrase)}", highlight=False)
            raise typer.Exit(USAGE) from error
        except httpx2.HTTPError as error:
            console.print(
                f"[red]No answer from {self._http.base_url}: {error}. Is it running? Start it with `make up`."
            )
            raise typer.Exit(USAGE) from error

    def _send(self, song: Path, options: dict[str, str], bars: Progress, bar: TaskID) -> str:
        bars.update(bar, completed=0, state="")
        with song.open("rb") as file, bars.wrap_file(file, task_id=bar) as tracked:
            # httpx2 reads the file as it sends the form, so the bar shows the bytes sent
            answer = self._http.post("/api/process", data=options, files={"file": (song.name, tracked)})
        if answer.status_code == httpx2.codes.TOO_MANY_REQUESTS:
            bars.update(bar, completed=0, state=f"retrying in {_retry_after(answer)} s")
        job_id: str = answer.raise_for_status().json()["job_id"]
        return job_id

    def _get(self, job_id: str) -> dict[str, Any]:
        document: dict[str, Any] = self._http.get(f"/api/status/{job_id}").raise_for_status().json()
        return document


def _retry_after_limit(error: Exception) -> bool | float:
    """Return the seconds to wait after a 429, or False for another error."""
    if isinstance(error, httpx2.HTTPStatusError) and error.response.status_code == httpx2.codes.TOO_MANY_REQUESTS:
        return float(_retry_after(error.response))
    return False


def _retry_after(answer: httpx2.Response) -> int:
    seconds = answer.headers.get("retry-after", "")
    return int(seconds) if seconds.isdecimal() else 1


def _is_transient(error: Exception) -> bool:
    """Return whether a retry may succeed: the gateway or one of its dependencies is restarting."""
    busy = isinstance(error, httpx2.HTTPStatusError) and error.response.status_code == httpx2.codes.SERVICE_UNAVAILABLE
    return busy or isinstance(error, httpx2.TransportError)
