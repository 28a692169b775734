"""Onset strength of a song at every hundredth of a second, in several views: by frequency band and by method."""

from collections import defaultdict
from dataclasses import dataclass, fields
from functools import cache
from typing import Final, TypeVar

import librosa
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, median_filter, uniform_filter1d

from services.beats.spectra import frame_count, spectra

Floats = NDArray[np.float64]
Samples = NDArray[np.float32]
Levels = TypeVar("Levels", Samples, Floats)

HZ: Final = 22_050
FFT, HOP = 1024, 220
FPS: Final = HZ / HOP
BANDS: Final = 80
LOWEST_HZ: Final = 30.0
LOW_HZ, MIDDLE_HZ, HIGH_HZ = 200.0, (400.0, 5000.0), 6000.0
"""Kick and bass are below `LOW_HZ`, snare and chords in the middle, cymbals above `HIGH_HZ`."""

COMPRESSION: Final = 30.0
LAG: Final = 2
"""Frames; the level rises for about one window at an onset."""
SUSTAINED_FRAMES, BROAD_BANDS = 17, 9
"""Extent of the medians that a percussive sound is not in, and is in."""
MARGIN_FRAMES: Final = SUSTAINED_FRAMES // 2 + LAG
NEAR_FRAMES: Final = 3
LOCAL_SECONDS: Final = 6.0
MIN_LOCAL_SHARE: Final = 0.25
MAX_STRENGTH: Final = 10.0


@dataclass(frozen=True)
class Onsets:
    """Onset strengths by band and by method, [frame] each, as multiples of their mean over the surrounding seconds.

    `loudness` is the level of each frame in dB, relative to the loudest frame.
    """

    full: Floats
    percussive: Floats
    low: Floats
    superflux: Floats
    energy: Floats
    middle: Floats
    high: Floats
    loudness: Floats

    def excerpt(self, start: float, end: float) -> "Onsets":
        """Return the part from `start` to `end` seconds."""
        frames = slice(round(start * FPS), round(end * FPS))
        return Onsets(**{each.name: getattr(self, each.name)[frames] for each in fields(self)})

    @property
    def views(self) -> dict[str, Floats]:
        """Strengths from which beats can be tracked without the others."""
        return {name: getattr(self, name) for name in ("full", "percussive", "low", "superflux", "energy")}


def onsets(samples: Samples) -> Onsets:
    """Return the onsets of mono samples at `HZ`.

    Spectral flux: Bello et al. 2005. Superflux: Böck and Widmer, DAFx 2013.
    """
    rms = np.empty(frame_count(samples, HOP))
    rises: dict[str, Floats] = defaultdict(lambda: np.empty_like(rms))
    level = float(np.sqrt(np.einsum("i,i", samples, samples, dtype=np.float64) / len(samples))) or 1.0
    for block, magnitudes, inner in spectra(samples, FFT, HOP, MARGIN_FRAMES):
        relative = magnitudes / level
        rms[block] = np.log1p(np.sqrt(np.mean(relative[:, inner] ** 2, axis=0) / FFT))
        mel = np.log1p(COMPRESSION / FFT * (_filters() @ relative))
        for view, rise in _rises(mel).items():
            rises[view][block] = rise.mean(axis=0, dtype=np.float64)[inner]
    rises["energy"] = _rise(rms, rms)
    return Onsets(
        **{view: _normalized(rise) for view, rise in rises.items()},
        loudness=20 * np.log10(np.maximum(np.expm1(rms), 1e-9) / max(float(np.expm1(rms).max()), 1e-9)),
    )


def local_maximum(strength: Floats) -> Floats:
    """Return the maximum within 30 ms of each frame, to tolerate inexact playing."""
    return np.asarray(maximum_filter1d(strength, 2 * NEAR_FRAMES + 1))


def _rises(mel: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Return how much the level of each band rises, [band, frame], in each view."""
    centres, percussive = _centres(), _percussive(mel)
    rise = _rise(mel, mel)
    return {
        "full": rise,
        "percussive": _rise(percussive, percussive),
        "low": rise[centres < LOW_HZ],
        "superflux": _rise(mel, maximum_filter1d(mel, 3, axis=0)),
        "middle": rise[(centres >= MIDDLE_HZ[0]) & (centres < MIDDLE_HZ[1])],
        "high": rise[centres >= HIGH_HZ],
    }


@cache
def _filters() -> NDArray[np.float32]:
    """Return triangular filters of height 1, so that the value of a band is a weighted sum of its bins."""
    filters: NDArray[np.float32] = librosa.filters.mel(sr=HZ, n_fft=FFT, n_mels=BANDS, fmin=LOWEST_HZ, norm=None)
    return filters


def _centres() -> Floats:
    centres: Floats = librosa.mel_frequencies(BANDS + 2, fmin=LOWEST_HZ, fmax=HZ / 2)[1:-1]
    return centres


def _rise(after: Levels, before: Levels) -> Levels:
    """Return the positive differences over `LAG` frames, [..., frame]."""
    rise = np.zeros_like(after)
    np.subtract(after[..., LAG:], before[..., :-LAG], out=rise[..., LAG:])
    np.maximum(0, rise, out=rise)
    return rise


def _percussive(mel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the percussive part, broad in frequency and short in time, by median filters: FitzGerald, DAFx 2010."""
    long = median_filter(mel, (1, SUSTAINED_FRAMES))
    broad = median_filter(mel, (BROAD_BANDS, 1))
    share = broad**2 / np.maximum(broad**2 + long**2, 1e-9)
    return np.asarray(mel * share)


def _normalized(rise: Floats) -> Floats:
    """Return a rise relative to its local mean: quiet verses count as much as loud ones."""
    mean = uniform_filter1d(rise, int(LOCAL_SECONDS * FPS), mode="nearest")
    floor = MIN_LOCAL_SHARE * float(rise.mean()) + 1e-9
    return np.asarray(MAX_STRENGTH * np.tanh(rise / np.maximum(mean, floor) / MAX_STRENGTH))
