"""Optional beats and downbeats by a neural network: needs the `beat-this` extra and a checkpoint.

Foscarin, Schlüter and Widmer, "Beat This! Accurate beat tracking without DBN postprocessing", ISMIR 2024 (with
package).
"""

from functools import lru_cache
from pathlib import Path
from pickle import UnpicklingError  # nosec B403 -- only torch's error; nothing is unpickled here
from typing import TYPE_CHECKING, NamedTuple
from urllib.error import HTTPError

import numpy as np
from numpy.typing import NDArray

from shared.audio import torchaudio_shim
from shared.errors import PermanentError, TransientError
from shared.weights import load_only_data, refused

if TYPE_CHECKING:
    from beat_this.inference import Audio2Beats

CHECKPOINT = ".ckpt"


class Beats(NamedTuple):
    """Times in seconds, on a grid of 20 ms. Each downbeat is also a beat."""

    beats: NDArray[np.float64]
    downbeats: NDArray[np.float64]


def track(samples: NDArray[np.float32], hz: int, model: str) -> Beats:
    """Track the beats of mono samples, at least half a second; `model` is a checkpoint's path or a name in the package.

    The model is cached until the process ends. Raises PermanentError `unknown_model` if it cannot run here, and
    TransientError if its checkpoint cannot be fetched now.
    """
    beats, downbeats = load(model)(samples, hz)
    return Beats(np.asarray(beats, np.float64), np.unique(np.asarray(downbeats, np.float64)))


@lru_cache(maxsize=1)
def load(model: str) -> "Audio2Beats":
    """Load and cache the model, also to warm up a worker. Raises the same errors as `track`."""
    try:
        import torch  # noqa: PLC0415 -- an optional extra

        torchaudio_shim.install()
        load_only_data()
        from beat_this.inference import Audio2Beats  # noqa: PLC0415 -- as above
    except ImportError as error:
        raise _cannot_run("install the `beat-this` extra, or unset BEATS_MODEL", error) from error
    if _is_path(model) and not Path(model).is_file():
        raise _cannot_run(f"BEATS_MODEL names {model}, but there is no such file")
    try:
        return Audio2Beats(model, "cuda" if torch.cuda.is_available() else "cpu")
    except ValueError as error:
        reason = error.__context__  # the package's error contains only the name
        if isinstance(reason, HTTPError | UnpicklingError):
            raise _cannot_run(f"BEATS_MODEL is {model}, which is not a checkpoint of beat_this", reason) from error
        hint = f"{model}: {reason}; BEATS_MODEL may also be the path of a local checkpoint"
        raise TransientError("Beat tracking model cannot be fetched", hint) from error
    except (EOFError, KeyError, TypeError, RuntimeError, UnpicklingError) as error:
        raise _cannot_run(f"BEATS_MODEL names {model}, which is not a checkpoint of beat_this", error) from error


def _is_path(model: str) -> bool:
    return model.endswith(CHECKPOINT) or Path(model).name != model


def _cannot_run(hint: str, reason: BaseException | None = None) -> PermanentError:
    if isinstance(reason, UnpicklingError):
        hint = f"{hint} ({refused(reason)})"
    elif reason:
        hint = f"{hint} ({reason})"
    return PermanentError("Beat tracking model cannot run here", hint, code="unknown_model")
