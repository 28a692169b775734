"""A gateway as its command line sees it: asked patiently, watched by bars, its errors in words."""

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

console = Console(stderr=True)
stamina.instrumentation.set_on_retry_hooks([])  # the bars stand still meanwhile, and say enough

TASKS = {"stem_separation": "stems", "transcription": "lyrics", "beat_analysis": "rhythm"}
POLL_SECONDS, PATIENCE_SECONDS, TURN_SECONDS = 1.0, 60.0, 900.0
USAGE = 2


class Client:
    """Each method raises `typer.Exit`, after it said what is wrong and what to do, when there is no good answer."""

    def __init__(self, http: httpx2.Client) -> None:
        self._http = http

    @classmethod
    @contextmanager
    def connected(cls, url: str, key: str) -> Iterator[Self]:
        """`key` may be empty, where the gateway at `url` asks for none."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        patience = httpx2.Timeout(30, read=200)  # a long song takes a while to decode
        with httpx2.Client(base_url=url, headers=headers, timeout=patience) as http:
            yield cls(http)

    def upload(self, song: Path, options: dict[str, str], bars: Progress) -> str:
        """Returns the job's id. Waits up to a quarter of an hour for its turn."""
        size = song.stat().st_size
        bar = bars.add_task("upload", total=size, state="")
        in_turn = stamina.RetryingCaller(attempts=None, timeout=TURN_SECONDS).on(_turn)
        with self._explained():
            job_id = in_turn(self._send, song, options, bars, bar)
        bars.update(bar, completed=size)
        bars.console.print(f"job {job_id}", highlight=False)
        return job_id

    def status(self, job_id: str) -> dict[str, Any]:
        """Returns the job's document."""
        with self._explained():
            return self._get(job_id)

    def follow(self, job_id: str, bars: Progress) -> dict[str, Any]:
        """Returns the job's document once it is over. A server that is away may come back within a minute."""
        patiently = stamina.RetryingCaller(attempts=None, timeout=PATIENCE_SECONDS).on(_passing)
        rows = {task: bars.add_task(label, total=100, state="") for task, label in TASKS.items()}
        while True:
            with self._explained():
                job = patiently(self._get, job_id)
            for task, row in rows.items():
                bars.update(row, completed=job[task]["progress"], state=job[task]["status"])
            if job["status"] in ("completed", "failed"):
                return job
            time.sleep(POLL_SECONDS)

    def download(self, job: dict[str, Any], out: Path) -> list[Path]:
        """Returns the files of the job's results, which are in `out` then."""
        out.mkdir(parents=True, exist_ok=True)
        files = []
        for path in (value for task in TASKS for key, value in job[task].items() if key.endswith("_path") and value):
            files.append(out / Path(path).name)
            with self._explained(), self._http.stream("GET", path) as answer, files[-1].open("wb") as file:
                if answer.is_error:
                    answer.read()
                answer.raise_for_status()
                for chunk in answer.iter_bytes():
                    file.write(chunk)
        return files

    @contextmanager
    def _explained(self) -> Iterator[None]:
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
        with song.open("rb") as file, bars.wrap_file(file, task_id=bar) as watched:
            # httpx2 encodes multipart from anything it can read; the bar follows what was read
            answer = self._http.post("/api/process", data=options, files={"file": (song.name, watched)})
        if answer.status_code == httpx2.codes.TOO_MANY_REQUESTS:
            bars.update(bar, completed=0, state=f"waits {_retry_after(answer)} s for its turn")
        job_id: str = answer.raise_for_status().json()["job_id"]
        return job_id

    def _get(self, job_id: str) -> dict[str, Any]:
        document: dict[str, Any] = self._http.get(f"/api/status/{job_id}").raise_for_status().json()
        return document


def _turn(error: Exception) -> bool | float:
    """In how many seconds a server that has enough to do wants to be asked again; False when that is not the error."""
    if isinstance(error, httpx2.HTTPStatusError) and error.response.status_code == httpx2.codes.TOO_MANY_REQUESTS:
        return float(_retry_after(error.response))
    return False


def _retry_after(answer: httpx2.Response) -> int:
    seconds = answer.headers.get("retry-after", "")
    return int(seconds) if seconds.isdecimal() else 1


def _passing(error: Exception) -> bool:
    """Whether it is likely to be over soon: the server restarts, or something behind it."""
    busy = isinstance(error, httpx2.HTTPStatusError) and error.response.status_code == httpx2.codes.SERVICE_UNAVAILABLE
    return busy or isinstance(error, httpx2.TransportError)
