"""Beats and downbeats by a neural network that hears 30 s at once, where its extra and a checkpoint are there.

Foscarin, Schlüter and Widmer, "Beat This! Accurate beat tracking without DBN postprocessing", ISMIR 2024, as their
own package has it.
"""

from functools import lru_cache
from pathlib import Path
from pickle import UnpicklingError  # nosec B403 -- an error of torch's; nothing is unpickled here
from typing import TYPE_CHECKING, NamedTuple
from urllib.error import HTTPError

import numpy as np
from numpy.typing import NDArray

from shared.audio import torchaudio_shim
from shared.errors import PermanentError, TransientError

if TYPE_CHECKING:
    from beat_this.inference import Audio2Beats

CHECKPOINT = ".ckpt"


class Beats(NamedTuple):
    """In seconds. Each downbeat is one of the beats; both are on a grid of 20 ms."""

    beats: NDArray[np.float64]
    downbeats: NDArray[np.float64]


def track(samples: NDArray[np.float32], hz: int, model: str) -> Beats:
    """Of mono samples, half a second or more. `model` is the path of a checkpoint, or a name that the package knows.

    The model is kept until the process ends. Raises PermanentError when it cannot run here, TransientError when its
    checkpoint cannot be fetched now.
    """
    beats, downbeats = load(model)(samples, hz)
    return Beats(np.asarray(beats, np.float64), np.unique(np.asarray(downbeats, np.float64)))


@lru_cache(maxsize=1)
def load(model: str) -> "Audio2Beats":
    """For a worker that warms up. Raises as `track` does."""
    try:
        import torch  # noqa: PLC0415 -- an extra, not always there

        torchaudio_shim.install()
        from beat_this.inference import Audio2Beats  # noqa: PLC0415
    except ImportError as error:
        raise _cannot_run("install the `beat-this` extra, or unset BEATS_MODEL", error) from error
    if _is_path(model) and not Path(model).is_file():
        raise _cannot_run(f"BEATS_MODEL names {model}, and no such file is there")
    try:
        return Audio2Beats(model, "cuda" if torch.cuda.is_available() else "cpu")
    except ValueError as error:
        reason = error.__context__  # the package tells only the name
        if isinstance(reason, HTTPError):
            raise _cannot_run(f"BEATS_MODEL is {model}, which is no checkpoint of beat_this", reason) from error
        hint = f"{model}: {reason}; BEATS_MODEL may be the path of a checkpoint that is here"
        raise TransientError("Beat tracking model cannot be fetched", hint) from error
    except (EOFError, KeyError, TypeError, RuntimeError, UnpicklingError) as error:
        raise _cannot_run(f"BEATS_MODEL names {model}, which is no checkpoint of beat_this", error) from error


def _is_path(model: str) -> bool:
    return model.endswith(CHECKPOINT) or Path(model).name != model


def _cannot_run(what_to_do: str, reason: BaseException | None = None) -> PermanentError:
    detail = f"{what_to_do} ({reason})" if reason else what_to_do
    return PermanentError("Beat tracking model cannot run here", detail, code="unknown_model")
