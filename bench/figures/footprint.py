"""Data that one song of common length produces: the sample song, repeated to three and a half minutes, is processed by
the running services with the embedded models. The figure counts the events on the broker, the document in the database,
the files in the storage, and the copies in other formats that a client requests afterwards. Then the song is submitted
again with some of the tasks, to measure the time of each task while no other runs. Decoding is the processor time of
the gateway's decoder in its child process. Nothing is compared here; `docs/scaling.md` uses these values.
"""

import asyncio
import json
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import Any, Final

import aio_pika
import httpx2
from matplotlib.figure import Figure as Picture
from pymongo import MongoClient

from bench import markdown
from bench.audio import write_sample
from bench.figure import Bench, Goal, Measured
from bench.services import ALL, running
from deploy.local.child import StartError
from shared.broker.topology import EXCHANGE

TITLE = "Data of one song"
SONG_SECONDS: Final = 210
UPLOAD_FORMATS: Final = ("mp3", "wav")
RESULT_FORMATS: Final = ("wav", "flac", "mp3", "opus")
STEMS: Final = ("vocals", "drums", "bass", "other", "instrumental")
TASKS: Final = ("stem_separation", "transcription", "beat_analysis")
ENV: Final = {"DEMUCS_MODEL": "embedded", "WHISPER_MODEL": "base", "MONGO_DATABASE": "footprint"}
QUEUE: Final = "bench.footprint"
TIMEOUT_SECONDS: Final = 1800
MEGABYTE: Final = 1e6


def measure(bench: Bench) -> Measured:
    uploads = {form: bench.folder / f"song.{form}" for form in UPLOAD_FORMATS}
    for upload in uploads.values():
        write_sample(upload, SONG_SECONDS)
    return {
        "song_seconds": SONG_SECONDS,
        "upload_bytes": {form: upload.stat().st_size for form, upload in uploads.items()},
        "decode_cpu_seconds": {form: _decode_seconds(upload, bench) for form, upload in uploads.items()},
        **_process(bench, uploads["mp3"]),
    }


def goals(_measured: Measured) -> list[Goal]:
    return []


def table(measured: Measured) -> str:
    stored, copies = measured["stored_bytes"], measured["copies_bytes"]
    rows = [
        ("events", f"{sum(measured['events'].values())}, {measured['event_bytes'] / 1000:.0f} kB"),
        ("of these, progress", f"{measured['events'].get('task_progressed', 0)}"),
        ("the document", f"{measured['document_bytes'] / 1000:.1f} kB"),
        ("as clients get it", f"{measured['answer_bytes'] / 1000:.1f} kB"),
        *((f"the upload, {form}", _megabytes(size)) for form, size in measured["upload_bytes"].items()),
        ("files in the storage", _megabytes(sum(stored.values()))),
        ("of these, `song.flac`", _megabytes(stored["song.flac"])),
        *((f"five stems as {form}", _megabytes(size)) for form, size in copies.items()),
        *(
            (f"decoding, {form}", f"{median(taken):.1f} s of one core")
            for form, taken in measured["decode_cpu_seconds"].items()
        ),
        *((f"{task}, alone", f"{seconds:.0f} s") for task, seconds in measured["seconds_alone"].items()),
    ]
    return markdown.table((f"a song of {measured['song_seconds']} s", ""), rows)


def plot(measured: Measured, picture: Picture) -> None:
    sizes: Mapping[str, float] = {"song.flac": measured["stored_bytes"]["song.flac"], **measured["copies_bytes"]}
    axes = picture.subplots()
    bars = axes.barh(
        [name if "." in name else f"stems, {name}" for name in sizes], [n / MEGABYTE for n in sizes.values()]
    )
    axes.bar_label(bars, fmt="%.0f")
    axes.set(xlabel="MB per song")
    axes.invert_yaxis()


def _megabytes(size: float) -> str:
    return f"{size / MEGABYTE:.1f} MB"


def _process(bench: Bench, song: Path) -> dict[str, Any]:
    """Process the song, and return the produced events, bytes and times. Raises StartError if the job fails."""
    with (
        running(bench, ALL, ENV, real=True) as services,
        httpx2.Client(base_url=services.gateway_url, timeout=200) as http,
    ):
        asyncio.run(_record_events(bench.amqp_url))
        job_id = _submit(http, song, TASKS)
        document = _wait_for(http, job_id, refined=True)
        events = asyncio.run(_recorded_events(bench.amqp_url))
        stored = _sizes(bench.folder / "storage" / job_id)
        copies = {form: sum(_size(http, job_id, f"{stem}.{form}") for stem in STEMS) for form in RESULT_FORMATS}
        return {
            "events": dict(Counter(json.loads(event)["type"] for event in events)),
            "event_bytes": sum(map(len, events)),
            "document_bytes": _document_bytes(bench, job_id),
            "answer_bytes": len(json.dumps(document, separators=(",", ":")).encode()),
            "stored_bytes": stored,
            "copies_bytes": copies,
            "seconds_alone": _seconds_alone(http, song),
        }


def _submit(http: httpx2.Client, song: Path, tasks: Sequence[str]) -> str:
    with song.open("rb") as file:
        answer = http.post("/api/process", data={"tasks": ",".join(tasks)}, files={"file": (song.name, file)})
    return str(answer.raise_for_status().json()["job_id"])


def _seconds_alone(http: httpx2.Client, song: Path) -> dict[str, float]:
    """Return the time of each task while no other runs: the beats in a job of their own."""
    jobs = (TASKS[:2], TASKS[2:])
    documents = [_wait_for(http, _submit(http, song, tasks), refined=False) for tasks in jobs]
    return {
        task: document[task]["processing_time"]
        for tasks, document in zip(jobs, documents, strict=True)
        for task in tasks
    }


def _wait_for(http: httpx2.Client, job_id: str, *, refined: bool) -> dict[str, Any]:
    """Return the final document: with `refined` beats, which are the last change."""
    deadline = monotonic() + TIMEOUT_SECONDS
    while monotonic() < deadline:
        document: dict[str, Any] = http.get(f"/api/status/{job_id}").raise_for_status().json()
        if document["status"] == "failed":
            break
        if document["status"] == "completed" and bool(document["beat_analysis"]["refined"]) == refined:
            return document
        sleep(1)
    raise StartError("the song was not processed", json.dumps(document)[:500])


async def _record_events(amqp_url: str) -> None:
    async with await aio_pika.connect(amqp_url) as connection, connection.channel() as channel:
        queue = await channel.declare_queue(QUEUE, durable=True)
        await queue.bind(EXCHANGE, "#")


async def _recorded_events(amqp_url: str) -> list[bytes]:
    """Return all events since `_record_events` as they were on the wire."""
    async with await aio_pika.connect(amqp_url) as connection, connection.channel() as channel:
        queue = await channel.declare_queue(QUEUE, durable=True)
        events = []
        while message := await queue.get(no_ack=True, fail=False):
            events.append(message.body)
        await queue.delete(if_empty=False)
        return events


def _document_bytes(bench: Bench, job_id: str) -> int:
    """Return the size as BSON, before the database compresses it."""
    with MongoClient[dict[str, Any]](bench.mongo_url) as client:
        sizes = client[ENV["MONGO_DATABASE"]]["jobs"].aggregate(
            [{"$match": {"_id": job_id}}, {"$project": {"bytes": {"$bsonSize": "$$ROOT"}}}]
        )
        return int(next(sizes)["bytes"])


def _sizes(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_size for file in sorted(folder.iterdir())}


def _size(http: httpx2.Client, job_id: str, name: str) -> int:
    """Return the size of a stem in a format, which the gateway encodes now."""
    return int(http.head(f"/storage/{job_id}/{name}").raise_for_status().headers["content-length"])


def _decode_seconds(upload: Path, bench: Bench) -> list[float]:
    """Return the processor seconds of the gateway's decoder in each run, including the start of its process."""
    song = bench.folder / "decoded.flac"
    command = [sys.executable, "-m", "services.gateway.media.decoder", str(upload), str(song), "1", "1200"]
    seconds = []
    for _ in range(bench.runs):
        before = _children_seconds()
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(round(_children_seconds() - before, 3))
    return seconds


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
