"""Fixtures for tests of every kind. Real servers are named by AMQP_URL and MONGO_URL; `make test` starts them."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from deploy.local.backing import backing
from deploy.local.stack import Stack, stack
from shared.telemetry import tracing
from tests.collector import Collector, collecting

ROOT = Path(__file__).parents[1]
SONG_FOLDER = ROOT / "tests" / "song"
MODELS = {"DEMUCS_MODEL": "embedded", "WHISPER_MODEL": "base", "LOG_FORMAT": "json", "UPLOADS_PER_MINUTE": "0"}


def need(what: str, *, there: bool) -> None:
    """Skip the test on a machine without `what`; fail it in CI, which must have everything."""
    if not there:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{what} is missing: run `make test`")


@pytest.fixture(scope="session")
def amqp_url() -> str:
    need("AMQP_URL, a RabbitMQ to test with,", there="AMQP_URL" in os.environ)
    return os.environ["AMQP_URL"]


@pytest.fixture(scope="session")
def mongo_url() -> str:
    need("MONGO_URL, a MongoDB to test with,", there="MONGO_URL" in os.environ)
    return os.environ["MONGO_URL"]


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Switch tracing on, and keep the spans in memory."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "tracer", provider.get_tracer("karaoke"))
    return exporter


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="session")
def services(
    tmp_path_factory: pytest.TempPathFactory, amqp_url: str, mongo_url: str, collector: Collector
) -> Iterator[Stack]:
    """Run the five services as processes, with the embedded models, on a broker and a database of their own."""
    folder = tmp_path_factory.mktemp("services")
    tracing = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
    with backing(folder, {}) as urls, stack(folder, {**urls, **MODELS, **tracing}) as running:
        running.wait()
        yield running


@pytest.fixture(scope="session")
def gateway_url(services: Stack) -> str:
    return services.url


@pytest.fixture(scope="session")
def truth() -> dict[str, Any]:
    """Exact words, beats and times of the sample song."""
    truth: dict[str, Any] = json.loads((SONG_FOLDER / "truth.json").read_text())
    return truth


@pytest.fixture(scope="session")
def song(truth: dict[str, Any]) -> Path:
    return SONG_FOLDER / str(truth["file"])


@pytest.fixture(scope="session")
def short_song(song: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """First two lines of the sample song, which whisper transcribes in half the time."""
    samples, rate = soundfile.read(song, frames=20 * soundfile.info(song).samplerate)
    short = tmp_path_factory.mktemp("song") / f"{song.stem}.flac"
    soundfile.write(short, samples, rate)
    return short
