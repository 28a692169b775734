"""Programs that separate a song, each in a process of its own."""

import os
import resource
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from shared.worker.compute import SLEEPING_THREADS
from shared.worker.inputs import Inputs

if TYPE_CHECKING:  # only children import torch
    from demucs.api import Separator


def untrained_htdemucs(repo: Path) -> None:
    """Store a model with the architecture of htdemucs and random weights, which takes as long as the real one."""
    import torch
    from demucs.htdemucs import HTDemucs

    torch.manual_seed(0)
    sizes = {"bottom_channels": 512, "dconv_mode": 3, "segment": 7.8}
    model = HTDemucs(["drums", "bass", "other", "vocals"], **sizes)
    _save(model, model._init_args_kwargs, repo / "htdemucs.th")


def embedded(repo: Path) -> None:
    """Store the embedded model where the demucs command finds it."""
    from services.separator.embedded import Spleeter

    _save(Spleeter(), ((), {}), repo / "embedded.th")


def by_command(model: str, repo: Path, song: Path, out: Path) -> float:
    """Separate with the demucs command, without its random shift. Return the peak of megabytes."""
    options = ["--shifts", "0", "--repo", str(repo), "--name", model, "--out", str(out)]
    command: list[str | Path] = [sys.executable, "-m", "demucs", *options, song]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_maxrss / 1000


def by_demucs(model: str, repo: Path, song: Path, out: Path) -> float:
    """Separate with demucs' own class, and write files as it does. Return the peak of megabytes so far."""
    from demucs.audio import save_audio

    separator = _demucs(model, repo)
    _, sources = separator.separate_audio_file(song)
    for name, samples in sources.items():
        save_audio(samples, out / f"{name}.wav", samplerate=separator.samplerate)
    return _peak()


def by_engine(model: str, repo: Path, song: Path, out: Path) -> float:
    """Separate with our engine: five stems and their waveforms. Return the peak of megabytes so far."""
    from services.separator.settings import Settings
    from shared.events import Options

    _engine().separate(Inputs(song), out, Options(), Settings(demucs_model=model, demucs_repo=repo), lambda _: None)
    return _peak()


def sources_of_demucs(model: str, repo: Path, song: Path, to: Path) -> None:
    _save_sources(_demucs(model, repo), song, to)


def sources_of_engine(model: str, repo: Path, song: Path, to: Path) -> None:
    _save_sources(_engine()._default(model, repo).separator, song, to)


def difference(one: Path, other: Path) -> float:
    """Return the greatest difference of any sample of any source, where full scale is 1."""
    with np.load(one) as first, np.load(other) as second:
        return max(float(np.abs(first[name] - second[name]).max()) for name in first.files)


@cache
def _demucs(model: str, repo: Path) -> "Separator":
    from demucs.api import Separator

    return Separator(model, repo, shifts=0)


def _engine() -> ModuleType:
    os.environ.update(SLEEPING_THREADS)  # as in the service's child process
    from services.separator import engine

    return engine


def _save_sources(separator: "Separator", song: Path, to: Path) -> None:
    separator.update_parameter(segment=None, callback=None)
    _, sources = separator.separate_audio_file(song)
    np.savez(to, **{name: samples.numpy() for name, samples in sources.items()})


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def _save(model: object, arguments: tuple[object, object], path: Path) -> None:
    import torch

    args, kwargs = arguments
    state = model.state_dict()  # type: ignore[attr-defined] # a torch module; only children import torch
    torch.save({"klass": type(model), "args": args, "kwargs": kwargs, "state": state}, path)
