"""How strongly something begins, at every hundredth of a second of a song: several views of it."""

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
"""Kick and bass below, snare and chords between, cymbals above."""

BLOCK_FRAMES: Final = 8192
COMPRESSION: Final = 30.0
LAG: Final = 2
"""Frames: an onset rises for about as long as the window is."""
NEAR_FRAMES: Final = 3
LOCAL_SECONDS: Final = 6.0
LEAST_LOCAL: Final = 0.25
STRONGEST: Final = 10.0


@dataclass(frozen=True)
class Onsets:
    """Onset strengths by band and by method, [frame] each, as multiples of their mean of the seconds about them.

    `loudness` is the level of each frame, in dB under the loudest.
    """

    full: Floats
    percussive: Floats
    low: Floats
    superflux: Floats
    energy: Floats
    middle: Floats
    high: Floats
    loudness: Floats

    def between(self, start: float, end: float) -> "Onsets":
        """Of some seconds of the song."""
        frames = slice(round(start * FPS), round(end * FPS))
        return Onsets(**{each.name: getattr(self, each.name)[frames] for each in fields(self)})

    @property
    def views(self) -> dict[str, Floats]:
        """Those that a beat can be told by alone."""
        return {name: getattr(self, name) for name in ("full", "percussive", "low", "superflux", "energy")}


def onsets(samples: Samples) -> Onsets:
    """Of mono samples at `HZ`. Spectral flux: Bello et al. 2005; superflux: Böck and Widmer, DAFx 2013."""
    mel, rms = _spectrogram(samples)
    centres = _centres()
    rise = _rise(mel, mel)
    return Onsets(
        full=_evened(rise),
        percussive=_evened(_rise(percussive := _percussive(mel), percussive)),
        low=_evened(rise[centres < LOW_HZ]),
        superflux=_evened(_rise(mel, maximum_filter1d(mel, 3, axis=0))),
        energy=_evened(_rise(rms[None], rms[None])),
        middle=_evened(rise[(centres >= MIDDLE_HZ[0]) & (centres < MIDDLE_HZ[1])]),
        high=_evened(rise[centres >= HIGH_HZ]),
        loudness=20 * np.log10(np.maximum(np.expm1(rms), 1e-9) / max(float(np.expm1(rms).max()), 1e-9)),
    )


def near(strength: Floats) -> Floats:
    """The strongest within 30 ms of each frame: what is played so far from where it belongs still belongs there."""
    return np.asarray(maximum_filter1d(strength, 2 * NEAR_FRAMES + 1))


def _spectrogram(samples: Samples) -> tuple[NDArray[np.float32], Floats]:
    """Mel bands [band, frame] and level [frame], logarithmic; in blocks, as a whole song's spectra are large."""
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
    """Triangles of height one: a band's value is the sum of the bins in it."""
    filters: NDArray[np.float32] = librosa.filters.mel(sr=HZ, n_fft=FFT, n_mels=BANDS, fmin=LOWEST_HZ, norm=None)
    return filters


def _centres() -> Floats:
    centres: Floats = librosa.mel_frequencies(BANDS + 2, fmin=LOWEST_HZ, fmax=HZ / 2)[1:-1]
    return centres


def _rise(after: Bands, before: Bands) -> Bands:
    """[band, frame]."""
    rise = np.zeros_like(after)
    np.subtract(after[:, LAG:], before[:, :-LAG], out=rise[:, LAG:])
    np.maximum(0, rise, out=rise)
    return rise


def _percussive(mel: NDArray[np.float32]) -> NDArray[np.float32]:
    """What is more broad than long, by median filters: FitzGerald, DAFx 2010."""
    long = median_filter(mel, (1, 17))
    broad = median_filter(mel, (9, 1))
    share = broad**2 / np.maximum(broad**2 + long**2, 1e-9)
    return np.asarray(mel * share)


def _evened(rise: Bands) -> Floats:
    """The mean of the bands, [frame], and so that a quiet verse counts as much as a loud chorus."""
    strength = rise.mean(axis=0, dtype=np.float64)
    mean = uniform_filter1d(strength, int(LOCAL_SECONDS * FPS), mode="nearest")
    floor = LEAST_LOCAL * float(strength.mean()) + 1e-9
    return np.asarray(STRONGEST * np.tanh(strength / np.maximum(mean, floor) / STRONGEST))
