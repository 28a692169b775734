"""The five services as processes, with the embedded models, on a broker and a database of their own."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile

from deploy.local.backing import backing
from deploy.local.stack import Stack, stack
from tests.conftest import ROOT

SONG_FOLDER = ROOT / "tests" / "song"
MODELS = {"DEMUCS_MODEL": "embedded", "WHISPER_MODEL": "base", "LOG_FORMAT": "json", "UPLOADS_PER_MINUTE": "0"}


@pytest.fixture(scope="package")
def services(tmp_path_factory: pytest.TempPathFactory, amqp_url: str, mongo_url: str) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("services")
    with backing(folder, {}) as urls, stack(folder, {**urls, **MODELS}) as running:
        running.wait()
        yield running


@pytest.fixture(scope="package")
def gateway_url(services: Stack) -> str:
    return services.url


@pytest.fixture(scope="package")
def truth() -> dict[str, Any]:
    """What is sung and played in the sample song, and when."""
    truth: dict[str, Any] = json.loads((SONG_FOLDER / "truth.json").read_text())
    return truth


@pytest.fixture(scope="package")
def song(truth: dict[str, Any]) -> Path:
    return SONG_FOLDER / str(truth["file"])


@pytest.fixture(scope="package")
def short_song(song: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its first two lines, which whisper hears in half the time."""
    samples, rate = soundfile.read(song, frames=20 * soundfile.info(song).samplerate)
    short = tmp_path_factory.mktemp("song") / f"{song.stem}.flac"
    soundfile.write(short, samples, rate)
    return short
