"""The command line: a client of the HTTP API, and nothing else."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import stamina
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

app = typer.Typer(no_args_is_help=True, help="Turns songs into karaoke sets.", pretty_exceptions_enable=False)
console = Console(stderr=True)
stamina.instrumentation.set_on_retry_hooks([])  # the bars stand still meanwhile, and say enough

TASKS = {"stem_separation": "stems", "transcription": "lyrics", "beat_analysis": "rhythm"}
POLL_SECONDS, PATIENCE_SECONDS, TURN_SECONDS = 1.0, 60.0, 900.0
FAILED, USAGE = 1, 2

Url = Annotated[str, typer.Option(envvar="KARAOKE_URL", help="Where the gateway answers.")]
Key = Annotated[str, typer.Option(envvar="KARAOKE_KEY", help="The API key, where the gateway asks for one.")]
Json = Annotated[bool, typer.Option("--json", help="Print the job's document as JSON, for scripts.")]


@app.command()
def process(
    song: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="An audio file.")],
    *,
    url: Url = "http://127.0.0.1:8000",
    key: Key = "",
    out: Annotated[Path | None, typer.Option(help="Directory for the results; the song's name by default.")] = None,
    tasks: Annotated[str, typer.Option(help=f"Comma-separated, of {', '.join(TASKS)}; all by default.")] = "",
    language: Annotated[str, typer.Option(help="Code of the lyrics' language (en); detected by default.")] = "",
    model: Annotated[str, typer.Option(help="A demucs model's name.")] = "",
    lyrics: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A text file with the words, line by line.")
    ] = None,
    audio_format: Annotated[str, typer.Option("--format", help="Of the stems: wav, flac, mp3 or opus.")] = "wav",
    as_json: Json = False,
) -> None:
    """Upload SONG, follow the job, and download the results. The exit code says whether it succeeded."""
    options = {"tasks": tasks, "language": language, "model": model, "format": audio_format}
    if lyrics:
        options["lyrics"] = _text(lyrics)
    bars = Progress(
        TextColumn("{task.description:<8}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
        console=console,
        disable=as_json,
    )
    with _client(url, key) as client:
        with bars:
            job = _follow(client, _upload(client, song, options, bars), bars)
        files = _download(client, job, out or Path(song.stem)) if job["status"] == "completed" else []
    _show(job, files, as_json=as_json)


@app.command()
def status(job_id: str, url: Url = "http://127.0.0.1:8000", *, key: Key = "", as_json: Json = False) -> None:
    """Show how far the job JOB_ID is."""
    with _client(url, key) as client, _explained(client):
        job = _get(client, job_id)
    _show(job, [], as_json=as_json)


def _client(url: str, key: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    patience = httpx.Timeout(30, read=200)  # a long song takes a while to decode
    return httpx.Client(base_url=url, headers=headers, timeout=patience)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{file} is not text in UTF-8", param_hint="--lyrics") from error


@contextmanager
def _explained(client: httpx.Client) -> Iterator[None]:
    """Ends the program with what went wrong and what to do, where something does."""
    try:
        yield
    except httpx.HTTPStatusError as error:
        answer = error.response
        problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        console.print(f"[red]{problem.get('detail', answer.reason_phrase)}", highlight=False)
        raise typer.Exit(USAGE) from error
    except httpx.HTTPError as error:
        console.print(f"[red]No answer from {client.base_url}: {error}. Is it running? Start it with `make up`.")
        raise typer.Exit(USAGE) from error


def _upload(client: httpx.Client, song: Path, options: dict[str, str], bars: Progress) -> str:
    size = song.stat().st_size
    bar = bars.add_task("upload", total=size, state="")
    in_turn = stamina.RetryingCaller(attempts=None, timeout=TURN_SECONDS).on(_turn)
    with _explained(client):
        job_id = in_turn(_send, client, song, options, bars, bar)
    bars.update(bar, completed=size)
    bars.console.print(f"job {job_id}", highlight=False)
    return job_id


def _send(client: httpx.Client, song: Path, options: dict[str, str], bars: Progress, bar: TaskID) -> str:
    bars.update(bar, completed=0, state="")
    with song.open("rb") as file, bars.wrap_file(file, task_id=bar) as watched:
        # httpx encodes multipart from anything it can read; the bar follows what was read
        answer = client.post("/api/process", data=options, files={"file": (song.name, watched)})
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        bars.update(bar, completed=0, state=f"waits {_retry_after(answer)} s for its turn")
    job_id: str = answer.raise_for_status().json()["job_id"]
    return job_id


def _turn(error: Exception) -> bool | float:
    """In how many seconds a server that has enough to do wants to be asked again; False when that is not the error."""
    if isinstance(error, httpx.HTTPStatusError) and error.response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return float(_retry_after(error.response))
    return False


def _retry_after(answer: httpx.Response) -> int:
    seconds = answer.headers.get("retry-after", "")
    return int(seconds) if seconds.isdecimal() else 1


def _get(client: httpx.Client, job_id: str) -> dict[str, Any]:
    document: dict[str, Any] = client.get(f"/api/status/{job_id}").raise_for_status().json()
    return document


def _passing(error: Exception) -> bool:
    """Whether it is likely to be over soon: the server restarts, or something behind it."""
    busy = isinstance(error, httpx.HTTPStatusError) and error.response.status_code == httpx.codes.SERVICE_UNAVAILABLE
    return busy or isinstance(error, httpx.TransportError)


def _follow(client: httpx.Client, job_id: str, bars: Progress) -> dict[str, Any]:
    patiently = stamina.RetryingCaller(attempts=None, timeout=PATIENCE_SECONDS).on(_passing)
    rows = {task: bars.add_task(label, total=100, state="") for task, label in TASKS.items()}
    while True:
        with _explained(client):
            job = patiently(_get, client, job_id)
        for task, row in rows.items():
            bars.update(row, completed=job[task]["progress"], state=job[task]["status"])
        if job["status"] in ("completed", "failed"):
            return job
        time.sleep(POLL_SECONDS)


def _download(client: httpx.Client, job: dict[str, Any], out: Path) -> list[Path]:
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for path in (value for task in TASKS for key, value in job[task].items() if key.endswith("_path") and value):
        files.append(out / Path(path).name)
        with _explained(client), client.stream("GET", path) as answer, files[-1].open("wb") as file:
            if answer.is_error:
                answer.read()
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                file.write(chunk)
    return files


def _show(job: dict[str, Any], files: list[Path], *, as_json: bool) -> None:
    if as_json:
        json.dump(job, sys.stdout, indent=2)
        print()  # noqa: T201 -- ends the document
    else:
        table = Table("task", "state", "seconds", "result", title=f"{job['name']}: {job['status']}")
        for task, label in TASKS.items():
            facts = job[task]
            said = facts["error"] or ", ".join(
                f"{key.replace('_', ' ')} {value}"
                for key, value in facts.items()
                if value is not None and not key.endswith("_path") and key not in COMMON
            )
            table.add_row(label, facts["status"], str(facts["processing_time"] or ""), said)
        console.print(table)
        for file in files:
            console.print(f"  {file}", highlight=False)
        if job["error_message"]:
            console.print(f"[red]{job['error_message']}", highlight=False)
    if job["status"] == "failed":
        raise typer.Exit(FAILED)


COMMON = {"status", "progress", "processing_time", "error", "error_code", "attempt"}


if __name__ == "__main__":
    app()
