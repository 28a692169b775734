"""Which tones sound when, to hear where harmony and bass change."""

from dataclasses import dataclass
from typing import Final

import librosa
import numpy as np

from services.beats.onsets import HZ, Floats, Samples

FFT, HOP = 4096, 880
FPS: Final = HZ / HOP
BLOCK_FRAMES: Final = 2048
BASS_HZ: Final = (40.0, 260.0)
TONES_HZ: Final = (130.0, 2500.0)


@dataclass(frozen=True)
class Harmony:
    """How much of each pitch class sounds, [12, frame], in all and in the bass."""

    chroma: Floats
    bass: Floats

    def between(self, start: float, end: float) -> "Harmony":
        """Of some seconds of the song."""
        frames = slice(round(start * FPS), round(end * FPS))
        return Harmony(self.chroma[:, frames], self.bass[:, frames])

    def change(self, seconds: Floats, reach: Floats) -> tuple[Floats, Floats]:
        """How far apart (cosine distance, 0 to 1) what sounds for `reach` after is from what sounds as long before."""
        return _change(self.chroma, seconds, reach), _change(self.bass, seconds, reach)


def harmony(samples: Samples) -> Harmony:
    """Of mono samples at `HZ`."""
    padded = np.pad(samples, FFT // 2)
    frames = 1 + (len(padded) - FFT) // HOP
    low, all_ = _classes(*BASS_HZ), _classes(*TONES_HZ)
    chroma, bass = np.empty((12, frames)), np.empty((12, frames))
    for start in range(0, frames, BLOCK_FRAMES):
        end = min(start + BLOCK_FRAMES, frames)
        piece = padded[start * HOP : (end - 1) * HOP + FFT]
        magnitude = np.sqrt(np.abs(librosa.stft(piece, n_fft=FFT, hop_length=HOP, center=False)))
        chroma[:, start:end], bass[:, start:end] = all_ @ magnitude, low @ magnitude
    return Harmony(chroma, bass)


def _classes(lowest: float, highest: float) -> Floats:
    """Which pitch class each bin of the spectrum belongs to, [12, bin]: those nearest the semitones count most."""
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
