"""Optional beats and downbeats by a neural network: needs the `beat-this` extra and a checkpoint.

Foscarin, Schlüter and Widmer, "Beat This! Accurate beat tracking without DBN postprocessing", ISMIR 2024 (with
package).
"""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from pickle import UnpicklingError  # nosec B403 -- only torch's error; nothing is unpickled here
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.error import HTTPError

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from services.beats.onsets import FPS, HOP, HZ, Floats, Samples
from services.beats.tracking import Frames
from shared.audio import torchaudio_shim
from shared.errors import PermanentError, TransientError
from shared.weights import load_only_data, refused

if TYPE_CHECKING:
    from torch import Tensor

CHECKPOINT: Final = ".ckpt"

NEURAL_FPS: Final = 50
REACH: Final = 3
"""Frames by which the network's downbeat may be beside its beat: it was trained with this tolerance."""
CERTAIN: Final = 3.0
"""Greatest log likelihood ratio of a beat. It is not fitted: with it, a network that is certain decides against the
patterns of the metres, and a few of its bars in succession, but not two, against the rest of the song (bars.py)."""


class Network(NamedTuple):
    """The network, from samples and their rate to logits of beats and downbeats, and the search for peaks (seconds)."""

    logits: Callable[[Samples, int], tuple["Tensor", "Tensor"]]
    peaks: Callable[["Tensor", "Tensor"], tuple[Floats, Floats]]


class Beats(NamedTuple):
    """Frames of the beats, and the evidence for a downbeat at each frame; both in frames of the onsets (onsets.py)."""

    frames: Frames
    downbeat_evidence: Floats


def track(samples: Samples, model: str) -> Beats:
    """Track the beats of mono samples at `HZ`, at least half a second.

    `model` is a checkpoint's path or a name in the package. It is cached until the process ends. Raises
    PermanentError `unknown_model` if it cannot run here, and TransientError if its checkpoint cannot be fetched now.
    """
    network = load(model)
    beat_logits, downbeat_logits = network.logits(samples, HZ)
    seconds, _ = network.peaks(beat_logits, downbeat_logits)
    last = len(samples) // HOP
    frames = np.unique(np.clip(np.rint(np.asarray(seconds) * FPS).astype(np.int64), 0, last))
    return Beats(frames, downbeat_evidence(downbeat_logits.cpu().numpy(), frames, last + 1))


def downbeat_evidence(logits: NDArray[np.float32], beats: Frames, size: int) -> Floats:
    """Return the log likelihood ratio of a downbeat at each of `size` frames, from one logit every 20 ms.

    The logits are likelihood ratios, because rare downbeats were weighted up in training. Those of all beats have mean
    0 here, so that a network that finds no downbeats prefers no metre.
    """
    near = np.clip(maximum_filter1d(logits.astype(np.float64), 2 * REACH + 1), -CERTAIN, CERTAIN)
    nearest = np.rint(np.arange(size) / FPS * NEURAL_FPS).astype(int)
    evidence = near[np.minimum(nearest, len(near) - 1)]
    return np.asarray(evidence - evidence[beats].mean()) if len(beats) else np.zeros(size)


@lru_cache(maxsize=1)
def load(model: str) -> Network:
    """Load and cache the model, also to warm up a worker. Raises the same errors as `track`."""
    try:
        import torch  # noqa: PLC0415 -- an optional extra

        torchaudio_shim.install()
        load_only_data()
        from beat_this.inference import Audio2Frames  # noqa: PLC0415 -- as above
        from beat_this.model.postprocessor import Postprocessor  # noqa: PLC0415 -- as above
    except ImportError as error:
        raise _cannot_run("install the `beat-this` extra, or unset BEATS_MODEL", error) from error
    if _is_path(model) and not Path(model).is_file():
        raise _cannot_run(f"BEATS_MODEL names {model}, but there is no such file")
    try:
        return Network(Audio2Frames(model, "cuda" if torch.cuda.is_available() else "cpu"), Postprocessor())
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
