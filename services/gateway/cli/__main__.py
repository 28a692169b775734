"""The command line `karaoke`. It uses only the HTTP API."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.gateway.cli.client import TASKS, Client, console

app = typer.Typer(no_args_is_help=True, help="Turns songs into karaoke sets.", pretty_exceptions_enable=False)

FAILED = 1
COMMON = {"status", "progress", "processing_time", "error", "error_code", "attempt"}
"""Fields of every task that the table already shows, or that are not results."""

Url = Annotated[str, typer.Option(envvar="KARAOKE_URL", help="URL of the gateway.")]
Key = Annotated[str, typer.Option(envvar="KARAOKE_KEY", help="API key, if the gateway needs one.")]
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
    with Client.connected(url, key) as client:
        with bars:
            job = client.follow(client.upload(song, options, bars), bars)
        files = client.download(job, out or Path(song.stem)) if job["status"] == "completed" else []
    _show(job, files, as_json=as_json)


@app.command()
def status(job_id: str, url: Url = "http://127.0.0.1:8000", *, key: Key = "", as_json: Json = False) -> None:
    """Show the status of the job JOB_ID."""
    with Client.connected(url, key) as client:
        job = client.status(job_id)
    _show(job, [], as_json=as_json)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{file} is not text in UTF-8", param_hint="--lyrics") from error


def _show(job: dict[str, Any], files: list[Path], *, as_json: bool) -> None:
    if as_json:
        json.dump(job, sys.stdout, indent=2)
        print()  # noqa: T201 -- ends the document
    else:
        table = Table("task", "state", "seconds", "result", title=f"{job['name']}: {job['status']}")
        for task, label in TASKS.items():
            facts = job[task]
            result = facts["error"] or ", ".join(
                f"{key.replace('_', ' ')} {value}"
                for key, value in facts.items()
                if value is not None and not key.endswith("_path") and key not in COMMON
            )
            table.add_row(label, facts["status"], str(facts["processing_time"] or ""), result)
        console.print(table)
        for file in files:
            console.print(f"  {file}", highlight=False)
        for note in job.get("notes", ()):  # an older server has none
            console.print(note["message"], highlight=False)
        if job["error_message"]:
            console.print(f"[red]{job['error_message']}", highlight=False)
    if job["status"] == "failed":
        raise typer.Exit(FAILED)


if __name__ == "__main__":
    app()
