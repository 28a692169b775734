"""Input of the systems: decoded songs, and their stems by the embedded separator, cached until its source changes."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import perf_counter

import numpy as np
import soundfile

from shared.events import Options
from shared.worker.inputs import Inputs
from tests.evaluation.datasets import ROOT, RUN, Item
from tests.evaluation.measures.separation import sdr

STEMS = ("vocals", "drums", "bass", "other")
KEPT_STEMS = ("vocals", "drums", "instrumental")


@dataclass(frozen=True)
class Separated:
    """`folder` contains song.flac and the `KEPT_STEMS`; `sdr` is in dB, for the stems whose truth is known."""

    folder: Path
    seconds: float
    sdr: dict[str, float]


def fingerprint(*parts: Path | str) -> str:
    """Return a hash of texts, files and the files below folders, except compiled Python files."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            digest.update(part.encode())
            continue
        for file in sorted(part.rglob("*")) if part.is_dir() else [part]:
            if file.is_file() and file.suffix != ".pyc":
                digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def key(item: Item) -> str:
    """Return a key made of the clip's name, for people who look at the folder, and a hash of its audio."""
    return f"{item.name}-{_audio_hash(item.audio)}"


@cache
def _audio_hash(audio: Path) -> str:
    return fingerprint(audio)


def separator_version() -> str:
    return fingerprint(ROOT / "services" / "separator", *KEPT_STEMS)


def song(item: Item) -> Path:
    """Return the lossless file of the song, as the gateway makes it."""
    path = RUN / "songs" / key(item) / "song.flac"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # a dangling link
        if item.audio.suffix == ".flac":
            path.symlink_to(item.audio.resolve())
        else:
            samples, rate = soundfile.read(item.audio)
            soundfile.write(path, samples, rate)
    return path


def separated(item: Item) -> Separated:
    folder = RUN / "stems" / separator_version() / key(item)
    done = folder / "separated.json"
    if not done.is_file():
        _delete_other_versions()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "song.flac").symlink_to(song(item).resolve())
        done.write_text(json.dumps(_separate(item, folder)))
    known = json.loads(done.read_text())
    return Separated(folder, known["seconds"], known["sdr"])


def _separate(item: Item, folder: Path) -> dict[str, object]:
    from services.separator import engine  # noqa: PLC0415 -- loads torch
    from services.separator.settings import Settings  # noqa: PLC0415 -- as above

    settings = Settings(demucs_model=engine.EMBEDDED)
    engine.warm(settings)
    began = perf_counter()
    engine.separate(Inputs(folder / "song.flac"), folder, Options(format="flac"), settings, lambda _: None)
    seconds = perf_counter() - began
    found = {name: float(value) for name, value in _sdr(item, folder).items()}
    for file in folder.iterdir():
        if file.stem not in {*KEPT_STEMS, "song"}:
            file.unlink()
    return {"seconds": seconds, "sdr": found}


def _sdr(item: Item, folder: Path) -> dict[str, float]:
    true = {name: soundfile.read(path, always_2d=True)[0] for name, path in item.stems.items() if name in STEMS}
    found = {name: soundfile.read(folder / f"{name}.flac", always_2d=True)[0] for name in (*STEMS, "instrumental")}
    if "vocals" in true:
        mix = soundfile.read(folder / "song.flac", always_2d=True)[0]
        length = min(len(mix), len(true["vocals"]))
        true["instrumental"] = mix[:length] - true["vocals"][:length]
    return {name: sdr(np.asarray(samples), np.asarray(found[name])) for name, samples in true.items()}


def _delete_other_versions() -> None:
    for folder in (RUN / "stems").glob("*"):
        if folder.name != separator_version():
            shutil.rmtree(folder)
