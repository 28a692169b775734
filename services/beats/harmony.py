"""Chroma of a song and of its bass, for changes of harmony."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.beats.onsets import HZ, Floats, Samples
from services.beats.spectra import frame_count, spectra
from services.beats.tones import Tones

FFT, HOP = 4096, 880
FPS: Final = HZ / HOP
BASS_HZ: Final = (40.0, 260.0)
TONES_HZ: Final = (130.0, 2500.0)
UNPITCHED, PITCHED = 0.1, 0.3
"""Purity of tones (tones.py) of a song without notes, and of one with many."""


@dataclass(frozen=True)
class Harmony:
    """Strength of each pitch class, [12, frame], in the whole range and in the bass.

    `pitched` is how far changes of harmony can be believed: 0 for drums and noise, 1 for notes.
    """

    chroma: Floats
    bass: Floats
    pitched: float = 1.0

    def excerpt(self, start: float, end: float) -> "Harmony":
        """Return the part from `start` to `end` seconds."""
        frames = slice(round(start * FPS), round(end * FPS))
        return Harmony(self.chroma[:, frames], self.bass[:, frames], self.pitched)

    def change(self, seconds: Floats, reach: Floats) -> tuple[Floats, Floats]:
        """Return cosine distances (0 to 1) between the `reach` seconds before and after each time: whole, bass."""
        return _change(self.chroma, seconds, reach), _change(self.bass, seconds, reach)


def pitched(notes: Tones) -> float:
    """Return how far a song consists of notes, 0 to 1; drums alone, speech and noise are 0."""
    purity = notes.purity(notes.sounding)
    return float(np.clip((purity - UNPITCHED) / (PITCHED - UNPITCHED), 0, 1))


def harmony(samples: Samples, pitched: float = 1.0) -> Harmony:
    """Return the chroma of mono samples at `HZ`."""
    frames = frame_count(samples, HOP)
    bass_classes, all_classes = _classes(*BASS_HZ), _classes(*TONES_HZ)
    chroma, bass = np.empty((12, frames)), np.empty((12, frames))
    for block, magnitudes, _ in spectra(samples, FFT, HOP):
        amplitudes = np.sqrt(magnitudes)
        chroma[:, block], bass[:, block] = all_classes @ amplitudes, bass_classes @ amplitudes
    return Harmony(chroma, bass, pitched)


def _classes(lowest: float, highest: float) -> Floats:
    """Return the weight of each spectral bin in each pitch class, [12, bin]; greatest for bins close to a semitone."""
    hz = np.arange(1, FFT // 2 + 1) * HZ / FFT
    note = 69 + 12 * np.log2(hz / 440)
    inside = (hz >= lowest) & (hz < highest)
    weight = inside * np.cos(np.pi * (note - np.rint(note))) ** 2
    classes = np.zeros((12, FFT // 2 + 1))
    classes[np.rint(note).astype(int) % 12, np.arange(1, FFT // 2 + 1)] = weight
    return np.asarray(classes / np.maximum(classes.sum(1, keepdims=True), 1e-9))


def _change(chroma: Floats, seconds: Floats, reach: Floats) -> Floats:
    total = np.concatenate([np.zeros((12, 1)), np.cumsum(chroma, axis=1)], axis=1)

    def between(start: Floats, end: Floats) -> Floats:
        first = np.clip(np.rint(start * FPS).astype(int), 0, chroma.shape[1])
        last = np.clip(np.rint(end * FPS).astype(int), 0, chroma.shape[1])
        mean = (total[:, last] - total[:, first]) / np.maximum(last - first, 1)
        mean = mean - mean.mean(0)
        return np.asarray(mean / np.maximum(np.linalg.norm(mean, axis=0), 1e-9))

    return np.asarray((1 - np.sum(between(seconds - reach, seconds) * between(seconds, seconds + reach), axis=0)) / 2)
