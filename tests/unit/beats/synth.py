"""Generated notes, chords, drums, speech and noise. Mono, at `HZ`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly

Samples = NDArray[np.float32]

HZ = 22_050
INTERVALS = {"": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 7, 10)}
ROOTS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


def load(path: Path) -> Samples:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return np.asarray(resample_poly(samples.mean(axis=1), HZ, rate), np.float32)


def note(midi: float, seconds: float, partials: int = 6) -> Samples:
    time = np.arange(round(seconds * HZ)) / HZ
    hz = 440 * 2 ** ((midi - 69) / 12)
    waves = [np.sin(2 * np.pi * hz * number * time) / number for number in range(1, partials + 1)]
    edges = np.minimum(1, np.minimum(time, time[::-1]) / 0.02)
    return np.asarray(np.sum(waves, axis=0) * edges, np.float32)


def played(labels: Sequence[str], seconds: float = 2, cents: float = 0, *, higher: int = 0) -> Samples:
    """Return each chord (`C`, `Am`, `G7`) for `seconds`, with its root in the bass."""
    sound = np.concatenate([_chord(label, seconds, cents / 100 + higher) for label in labels])
    return np.asarray(0.1 * sound, np.float32)


def _chord(label: str, seconds: float, higher: float) -> Samples:
    root = max((name for name in ROOTS if label.startswith(name)), key=len)
    degree = ROOTS.index(root)
    notes = [36 + degree, *(60 + (degree + interval) % 12 for interval in INTERVALS[label.removeprefix(root)])]
    return np.asarray(np.sum([note(midi + higher, seconds) for midi in notes], axis=0), np.float32)


def drums(seconds: float, bpm: float = 120) -> Samples:
    """Return kick, snare and hi-hat."""
    random = np.random.default_rng(7)
    samples = np.zeros(round(seconds * HZ), np.float32)
    time = np.arange(HZ // 4) / HZ
    kick = np.sin(2 * np.pi * (50 * time + 3 * (1 - np.exp(-30 * time)))) * np.exp(-15 * time)
    for number, start in enumerate(np.arange(0, seconds - 0.5, 30 / bpm)):
        hiss = random.normal(0, 1, len(time)) * np.exp(-time * (20 if number % 4 == 2 else 80))
        sound = 0.2 * hiss + (0.8 * kick if number % 4 == 0 else 0)
        samples[round(start * HZ) :][: len(time)] += sound.astype(np.float32)
    return samples


def speech(seconds: float) -> Samples:
    """Return a buzz with the gliding pitch and the pauses of speech."""
    random = np.random.default_rng(7)
    size = round(seconds * HZ)
    glide = np.interp(np.arange(size), np.linspace(0, size, 40), random.uniform(90, 190, 40))
    phase = 2 * np.pi * np.cumsum(glide) / HZ
    buzz = np.sum([np.sin(number * phase) / number for number in range(1, 25)], axis=0)
    loudness = np.interp(np.arange(size), np.linspace(0, size, 60), random.choice([0, 0.2, 0.5], 60))
    return np.asarray(buzz * loudness + random.normal(0, 0.005, size), np.float32)


def noise(seconds: float) -> Samples:
    return np.random.default_rng(7).normal(0, 0.1, round(seconds * HZ)).astype(np.float32)


NOT_MUSIC = {
    "silence": np.zeros(10 * HZ, np.float32),
    "a hundredth of a second": np.ones(220, np.float32),
    "noise": noise(10),
    "drums": drums(10),
    "speech": speech(10),
    "a single hit": np.eye(1, 10 * HZ, 5 * HZ, dtype=np.float32)[0],
}
