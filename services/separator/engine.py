"""Separation into stems by demucs, or by the embedded model if the model hub is unreachable.

Runs in the worker's child process.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from http.client import HTTPException
from pathlib import Path
from pickle import UnpicklingError  # nosec B403 -- only torch's error; nothing is unpickled here
from typing import NamedTuple

import structlog
import torch
from demucs.api import LoadAudioError, list_models

from services.separator import audio_file, embedded
from services.separator.checkpoints import load_only_nets
from services.separator.memory import reuse_freed_memory
from services.separator.segments import SegmentSeparator
from services.separator.settings import Settings
from services.separator.stems import Audio, has_rhythm_section, stems
from shared.audio.peaks import peaks
from shared.errors import PermanentError, TransientError
from shared.events import Options, Stems
from shared.weights import refused
from shared.worker.inputs import Inputs

EMBEDDED = "embedded"
SEPARATED = 0.95
"""Progress after the separation, before the files are written."""
SEGMENT_SECONDS = (None, 4, 2, 1)
"""Segment lengths: the model's default, then shorter ones while the GPU runs out of memory."""
BATCH_SIZE = 8 if torch.cuda.is_available() else 1
"""Segments per batch at first. Larger batches are not faster on a CPU; no GPU was measured."""

log = structlog.get_logger()

load_only_nets()
logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # we log an unreachable hub ourselves, once


class Model(NamedTuple):
    name: str
    separator: SegmentSeparator


@reuse_freed_memory()
def separate(
    inputs: Inputs, out: Path, options: Options, settings: Settings, progress: Callable[[float], None]
) -> Stems:
    """Write `vocals.wav` and the other stems (or flac, mp3, opus) with their `vocals.peaks.json` into `out`.

    Raises PermanentError if the file is not audio or the model is unknown, and TransientError if the model cannot be
    downloaded now or the GPU has too little memory for the shortest segments.
    """
    model = _model(options, settings)
    mix, sources = _separate(model.separator, inputs.audio, progress)
    parts = stems(mix, sources, model.separator.samplerate)
    progress(SEPARATED)
    names = {stem: f"{stem}.{options.format}" for stem in parts}

    def write(stem: str) -> None:
        audio_file.write(out / names[stem], parts[stem], model.separator.samplerate)
        (out / f"{stem}.peaks.json").write_text(peaks([parts[stem]], model.separator.samplerate))

    with ThreadPoolExecutor() as threads:
        for done, _ in enumerate(threads.map(write, parts), 1):
            progress(SEPARATED + (1 - SEPARATED) * done / len(parts))
    return Stems(model=model.name if has_rhythm_section(sources) else f"{model.name}+hpss", **names)


def warm(settings: Settings) -> None:
    _default(settings.demucs_model, settings.demucs_repo)


def fetch(settings: Settings) -> str:
    """Download the weights of the configured model into the cache, if missing; return its name.

    Raises the same errors as `separate`. The embedded model is not used instead.
    """
    return _load(settings.demucs_model, settings.demucs_repo).name


def _separate(
    separator: SegmentSeparator, audio: Path, progress: Callable[[float], None]
) -> tuple[Audio, dict[str, Audio]]:
    """Return the mix as it was read, and the model's sources."""

    def chunk(event: dict[str, int]) -> None:
        done = event["model_idx_in_bag"] + event["segment_offset"] / event["audio_length"]
        progress(SEPARATED * done / event["models"])

    for seconds, batch_size in [(None, BATCH_SIZE), *((seconds, 1) for seconds in SEGMENT_SECONDS)]:
        separator.update_parameter(callback=chunk, segment=seconds, jobs=batch_size)
        try:
            mix, sources = separator.separate_audio_file(audio)
            return mix.numpy(), {name: source.numpy() for name, source in sources.items()}
        except LoadAudioError as error:
            raise PermanentError("Audio cannot be read", str(error)) from error
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            log.warning("out of GPU memory", segments=batch_size, segment_seconds=seconds, error=str(error)[:200])
    raise TransientError("The GPU has too little free memory", "even for segments of one second", code="out_of_memory")


def _model(options: Options, settings: Settings) -> Model:
    default = settings.demucs_model
    if options.model is None or (options.model == default and _default(default, settings.demucs_repo).name == default):
        return _default(default, settings.demucs_repo)
    return _requested(options.model, settings.demucs_repo)


@lru_cache(maxsize=1)
def _default(name: str, repo: Path | None) -> Model:
    """Return the configured model, or the embedded one until the process ends if the hub is unreachable."""
    try:
        return _load(name, repo)
    except TransientError as unreachable:
        if repo:
            raise
        try:
            model = _embedded()
        except PermanentError as error:
            if error.code == "damaged_model":
                raise
            raise unreachable from None
        log.warning("separation model cannot be fetched", wanted=name, used=model.name, reason=str(unreachable))
        return model


@lru_cache(maxsize=1)
def _requested(name: str, repo: Path | None) -> Model:
    return _load(name, repo)


def _load(name: str, repo: Path | None) -> Model:
    if name == EMBEDDED:
        return _embedded()
    # Users can choose the name. Only names that demucs lists are loaded, never a path or an hf:// address to unpickle.
    models = list_models(repo)
    if name not in {*models["single"], *models["bag"]}:
        choice = ", ".join([*sorted(models["bag"] or models["single"]), EMBEDDED])
        raise PermanentError("Unknown separation model", f"{name} is not one of {choice}", code="unknown_model")
    try:
        separator = SegmentSeparator(name, repo)
    except (ImportError, SystemExit) as error:  # demucs exits if its checkpoint needs a missing package
        raise PermanentError("Separation model cannot run here", f"{name}: {error}", code="unknown_model") from error
    except UnpicklingError as error:
        hint = f"{name}: {refused(error)}; only weights of demucs' own nets are accepted"
        raise PermanentError("Separation model is refused", hint, code="unknown_model") from error
    except (OSError, HTTPException, RuntimeError) as error:
        hint = f"{name}: {error}; the `embedded` extra contains a model that needs no hub"
        raise TransientError("Separation model cannot be fetched", hint) from error
    if "vocals" not in separator.model.sources:
        raise PermanentError("Separation model has no vocals", name, code="unknown_model")
    return Model(name, separator)


@cache
def _embedded() -> Model:
    return Model(embedded.NAME, embedded.EmbeddedSeparator())
