"""One song through the running services, and everything that is there afterwards."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

import aio_pika
import httpx
from pymongo import MongoClient

from bench.bench import Bench
from bench.system import system
from deploy.local.child import StartError
from shared.broker.topology import EXCHANGE

TAP: Final = "bench.footprint"
SERVICES: Final = dict.fromkeys(("gateway", "status", "separator", "transcriber", "beats"), 1)
MODELS: Final = {"DEMUCS_MODEL": "embedded", "WHISPER_MODEL": "base", "MONGO_DATABASE": "footprint"}
TASKS: Final = ("stem_separation", "transcription", "beat_analysis")
STEMS: Final = ("vocals", "drums", "bass", "other", "instrumental")
FORMATS: Final = ("wav", "flac", "mp3", "opus")
PATIENCE_SECONDS: Final = 1800


def footprint(bench: Bench, song: Path) -> dict[str, Any]:
    """Bytes, by what they are; events by type. Raises StartError when the job does not complete."""
    with system(bench, SERVICES, MODELS, real=True) as running, httpx.Client(base_url=running.url, timeout=200) as http:
        asyncio.run(_listen(bench.amqp_url))
        job_id = _submitted(http, song, TASKS)
        document = _followed(http, job_id, refined=True)
        events = asyncio.run(_heard(bench.amqp_url))
        stored = _sizes(bench.folder / "storage" / job_id)
        copies = {form: sum(_size(http, job_id, f"{stem}.{form}") for stem in STEMS) for form in FORMATS}
        return {
            "events": dict(Counter(json.loads(event)["type"] for event in events)),
            "event_bytes": sum(map(len, events)),
            "document_bytes": _document_bytes(bench, job_id),
            "answer_bytes": len(json.dumps(document, separators=(",", ":")).encode()),
            "stored_bytes": stored,
            "copies_bytes": copies,
            "seconds_alone": _seconds_alone(http, song),
        }


def _submitted(http: httpx.Client, song: Path, tasks: Sequence[str]) -> str:
    with song.open("rb") as file:
        answer = http.post("/api/process", data={"tasks": ",".join(tasks)}, files={"file": (song.name, file)})
    return str(answer.raise_for_status().json()["job_id"])


def _seconds_alone(http: httpx.Client, song: Path) -> dict[str, float]:
    """What each task takes while no other runs: a transcription follows the separation, beats would be beside it."""
    one, other = ((*TASKS[:2],), (TASKS[2],))
    documents = [_followed(http, _submitted(http, song, tasks), refined=False) for tasks in (one, other)]
    return {
        task: document[task]["processing_time"]
        for tasks, document in zip((one, other), documents, strict=True)
        for task in tasks
    }


def _followed(http: httpx.Client, job_id: str, *, refined: bool) -> dict[str, Any]:
    """The document once nothing more is to come: beats that are `refined` come last."""
    deadline = monotonic() + PATIENCE_SECONDS
    while monotonic() < deadline:
        document: dict[str, Any] = http.get(f"/api/status/{job_id}").raise_for_status().json()
        if document["status"] == "failed":
            break
        if document["status"] == "completed" and bool(document["beat_analysis"]["refined"]) == refined:
            return document
        sleep(1)
    raise StartError("the song was not worked off", json.dumps(document)[:500])


async def _listen(amqp_url: str) -> None:
    async with await aio_pika.connect(amqp_url) as connection, connection.channel() as channel:
        tap = await channel.declare_queue(TAP, durable=True)
        await tap.bind(EXCHANGE, "#")


async def _heard(amqp_url: str) -> list[bytes]:
    """All events since `_listen`, as they were on the wire."""
    async with await aio_pika.connect(amqp_url) as connection, connection.channel() as channel:
        tap = await channel.declare_queue(TAP, durable=True)
        heard = []
        while message := await tap.get(no_ack=True, fail=False):
            heard.append(message.body)
        await tap.delete(if_empty=False)
        return heard


def _document_bytes(bench: Bench, job_id: str) -> int:
    """As BSON, before the database compresses it."""
    with MongoClient[dict[str, Any]](bench.mongo_url) as client:
        sizes = client[MODELS["MONGO_DATABASE"]]["jobs"].aggregate(
            [{"$match": {"_id": job_id}}, {"$project": {"bytes": {"$bsonSize": "$$ROOT"}}}]
        )
        return int(next(sizes)["bytes"])


def _sizes(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_size for file in sorted(folder.iterdir())}


def _size(http: httpx.Client, job_id: str, name: str) -> int:
    """Of a stem in a format, which the gateway encodes for this."""
    return int(http.head(f"/storage/{job_id}/{name}").raise_for_status().headers["content-length"])
