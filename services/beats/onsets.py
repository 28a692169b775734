"""Onset strength of a song at every hundredth of a second, in several views: by frequency band and by method."""

from dataclasses import dataclass, fields
from functools import cache
from typing import Final

import librosa
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, median_filter, uniform_filter1d

Floats = NDArray[np.float64]
Samples = NDArray[np.float32]
Bands = NDArray[np.float32] | NDArray[np.float64]

HZ: Final = 22_050
FFT, HOP = 1024, 220
FPS: Final = HZ / HOP
BANDS: Final = 80
LOWEST_HZ: Final = 30.0
LOW_HZ, MIDDLE_HZ, HIGH_HZ = 200.0, (400.0, 5000.0), 6000.0
"""Kick and bass are below `LOW_HZ`, snare and chords in the middle, cymbals above `HIGH_HZ`."""

BLOCK_FRAMES: Final = 8192
COMPRESSION: Final = 30.0
LAG: Final = 2
"""Frames; the level rises for about one window at an onset."""
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
    mel, rms = _spectrogram(samples)
    centres = _centres()
    rise = _rise(mel, mel)
    return Onsets(
        full=_normalized(rise),
        percussive=_normalized(_rise(percussive := _percussive(mel), percussive)),
        low=_normalized(rise[centres < LOW_HZ]),
        superflux=_normalized(_rise(mel, maximum_filter1d(mel, 3, axis=0))),
        energy=_normalized(_rise(rms[None], rms[None])),
        middle=_normalized(rise[(centres >= MIDDLE_HZ[0]) & (centres < MIDDLE_HZ[1])]),
        high=_normalized(rise[centres >= HIGH_HZ]),
        loudness=20 * np.log10(np.maximum(np.expm1(rms), 1e-9) / max(float(np.expm1(rms).max()), 1e-9)),
    )


def local_maximum(strength: Floats) -> Floats:
    """Return the maximum within 30 ms of each frame, to tolerate inexact playing."""
    return np.asarray(maximum_filter1d(strength, 2 * NEAR_FRAMES + 1))


def _spectrogram(samples: Samples) -> tuple[NDArray[np.float32], Floats]:
    """Return logarithmic mel bands [band, frame] and level [frame]; computed in blocks to limit memory."""
    level = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) or 1.0
    padded = np.pad(samples, FFT // 2)
    frames = 1 + (len(padded) - FFT) // HOP
    mel, rms = np.empty((BANDS, frames), np.float32), np.empty(frames)
    for start in range(0, frames, BLOCK_FRAMES):
        end = min(start + BLOCK_FRAMES, frames)
        piece = padded[start * HOP : (end - 1) * HOP + FFT] / level
        magnitude = np.abs(librosa.stft(piece, n_fft=FFT, hop_length=HOP, center=False))
        mel[:, start:end] = np.log1p(COMPRESSION / FFT * (_filters() @ magnitude))
        rms[start:end] = np.log1p(np.sqrt(np.mean(magnitude**2, axis=0)) / np.sqrt(FFT))
    return mel, rms


@cache
def _filters() -> NDArray[np.float32]:
    """Return triangular filters of height 1, so that the value of a band is a weighted sum of its bins."""
    filters: NDArray[np.float32] = librosa.filters.mel(sr=HZ, n_fft=FFT, n_mels=BANDS, fmin=LOWEST_HZ, norm=None)
    return filters


def _centres() -> Floats:
    centres: Floats = librosa.mel_frequencies(BANDS + 2, fmin=LOWEST_HZ, fmax=HZ / 2)[1:-1]
    return centres


def _rise(after: Bands, before: Bands) -> Bands:
    """Return the positive differences over `LAG` frames, [band, frame]."""
    rise = np.zeros_like(after)
    np.subtract(after[:, LAG:], before[:, :-LAG], out=rise[:, LAG:])
    np.maximum(0, rise, out=rise)
    return rise


def _percussive(mel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the percussive part, broad in frequency and short in time, by median filters: FitzGerald, DAFx 2010."""
    long = median_filter(mel, (1, 17))
    broad = median_filter(mel, (9, 1))
    share = broad**2 / np.maximum(broad**2 + long**2, 1e-9)
    return np.asarray(mel * share)


def _normalized(rise: Bands) -> Floats:
    """Return the mean of the bands relative to its local mean, [frame]: quiet verses count as much as loud ones."""
    strength = rise.mean(axis=0, dtype=np.float64)
    mean = uniform_filter1d(strength, int(LOCAL_SECONDS * FPS), mode="nearest")
    floor = MIN_LOCAL_SHARE * float(strength.mean()) + 1e-9
    return np.asarray(MAX_STRENGTH * np.tanh(strength / np.maximum(mean, floor) / MAX_STRENGTH))
