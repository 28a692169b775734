"""Fixtures for tests of every kind. Real servers are named by AMQP_URL and MONGO_URL; `make test` starts them."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import soundfile
from hypothesis import settings
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from deploy.local.backing import backing
from deploy.local.stack import Stack, stack
from shared.telemetry import tracing
from tests.collector import Collector, collecting
from tests.command import karaoke

ROOT = Path(__file__).parents[1]
SONG_FOLDER = ROOT / "tests" / "song"
MODELS = {"DEMUCS_MODEL": "embedded", "WHISPER_MODEL": "base", "LOG_FORMAT": "json", "UPLOADS_PER_MINUTE": "0"}

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")  # how long an example takes says more about the machine than about the code

ENGINE_TESTS = tuple(
    ROOT / "tests" / "unit" / path
    for path in (
        "beats",
        "separator",
        "transcriber/alignment/test_wav2vec2.py",
        "transcriber/recognition/test_recognizer.py",
        "transcriber/test_languages.py",
        "evaluation/test_ablations.py",
    )
)
"""Tests that load a model or its libraries: importing torch and whisperx alone takes half a minute."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="leave out ENGINE_TESTS, without importing them")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if config.getoption("--fast") and collection_path in ENGINE_TESTS else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "services" in fixtures or any(item.path.is_relative_to(path) for path in ENGINE_TESTS):
            item.add_marker("models")
        if "servers" in fixtures:
            item.add_marker("servers")
    slow = [item.nodeid for item in items if {"models", "servers"} & {mark.name for mark in item.iter_markers()}]
    if slow and config.getoption("--fast"):
        raise pytest.UsageError(f"not a fast test: {slow[0]}; move it to tests/integration or add it to ENGINE_TESTS")


def need(what: str, *, there: bool) -> None:
    """Skip the test on a machine without `what`; fail it in CI, which must have everything."""
    if not there:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{what} is missing: run `make test`")


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """AMQP_URL and MONGO_URL of servers that no other test process uses.

    These are the environment's servers, or own ones for each further process of pytest-xdist.
    """
    for name in ("AMQP_URL", "MONGO_URL"):
        need(f"{name}, a server to test with,", there=name in os.environ)
    if os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0":
        yield os.environ
    else:
        with backing(tmp_path_factory.mktemp("servers"), {}) as urls:
            yield urls


@pytest.fixture(scope="session")
def amqp_url(servers: Mapping[str, str]) -> str:
    return servers["AMQP_URL"]


@pytest.fixture(scope="session")
def mongo_url(servers: Mapping[str, str]) -> str:
    return servers["MONGO_URL"]


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
    accepted = {"MODELS": "{}"}  # so that tests can make a worker fail with an unknown model
    with backing(folder, {}) as urls, stack(folder, {**urls, **MODELS, **tracing, **accepted}) as running:
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


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the downloaded files of `job`."""
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="session")
def job(gateway_url: str, song: Path, results: Path) -> dict[str, Any]:
    """Document of the sample song's completed job, whose lyrics one end-to-end test replaces afterwards."""
    done = karaoke("process", song, "--url", gateway_url, "--format", "flac", "--out", results, "--json")
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document
