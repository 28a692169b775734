"""Instruments: every function returns one note or hit, mono at 44.1 kHz, with a peak near 1."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, sosfilt

RATE = 44_100
Samples = NDArray[np.float64]


def kick() -> Samples:
    time = _time(0.35)
    sweep = np.cumsum(48 + 150 * np.exp(-time / 0.025)) / RATE
    click = _noise(0.35, 1) * np.exp(-time / 0.002)
    return np.sin(2 * np.pi * sweep) * np.exp(-time / 0.13) + 0.2 * click


def snare() -> Samples:
    time = _time(0.3)
    rattle = band(_noise(0.3, 2), 1200, 9000) * np.exp(-time / 0.07)
    body = np.sin(2 * np.pi * (185 * time - 8 * np.exp(-time / 0.02) * time)) * np.exp(-time / 0.06)
    return 0.9 * rattle + 0.6 * body


def hat(seconds: float) -> Samples:
    """Return a closed hi-hat with 0.03 s of decay, an open one with 0.15 s, or a crash cymbal with 1 s."""
    length = 4 * seconds + 0.05
    return band(_noise(length, 3), 6500, 16_000) * np.exp(-_time(length) / seconds)


def tom(hertz: float) -> Samples:
    time = _time(0.4)
    return np.sin(2 * np.pi * hertz * (time - 0.02 * np.exp(-time / 0.05))) * np.exp(-time / 0.12)


def string(midi: int, seconds: float, *, bright: float, decay: float) -> Samples:
    """Return a plucked string; high partials are weaker (`bright`, 0..1) and decay faster (`decay`, seconds)."""
    time, hertz = _time(seconds), frequency(midi)
    partials = range(1, min(24, int(12_000 / hertz)) + 1)
    sound = sum(
        bright ** (k - 1)
        / k**0.5
        * np.sin(2 * np.pi * k * hertz * (1 + 2e-4 * k * k) * time)
        * np.exp(-time * k**0.8 / decay)
        for k in partials
    )
    return _edges(np.asarray(sound), 0.003, 0.03)


def pad(midi: int, seconds: float, seed: int) -> Samples:
    """Return three detuned, dark saw waves with a slow attack; `seed` varies the phases, for two channels."""
    rng, time = np.random.default_rng(seed), _time(seconds)
    sound = np.zeros_like(time)
    for cents in (-7, 0, 7):
        hertz = frequency(midi + cents / 100)
        for k in range(1, int(2500 / hertz) + 1):
            sound += np.sin(2 * np.pi * (k * hertz * time + rng.random())) / k / (1 + (k * hertz / 900) ** 2)
    return _edges(sound / 3, 0.12, 0.25)


def room(sound: Samples, seconds: float, seed: int) -> Samples:
    """Return only the reverberation, by exponentially decaying dark noise, with the length of the sound."""
    length = 1.5 * seconds
    tail = band(_noise(length, seed), 250, 6000) * np.exp(-_time(length) * 6.9 / seconds)
    tail = np.concatenate([np.zeros(int(0.018 * RATE)), tail])
    return np.asarray(fftconvolve(sound, tail / np.sqrt((tail**2).sum()))[: len(sound)])


def band(sound: Samples, low: float, high: float) -> Samples:
    """Return the part between two frequencies in hertz."""
    return np.asarray(sosfilt(butter(2, (low, high), "bandpass", fs=RATE, output="sos"), sound))


def frequency(midi: float) -> float:
    return float(440 * 2 ** ((midi - 69) / 12))


def _time(seconds: float) -> Samples:
    return np.arange(int(seconds * RATE)) / RATE


def _noise(seconds: float, seed: int) -> Samples:
    return np.random.default_rng(seed).uniform(-1, 1, int(seconds * RATE))


def _edges(sound: Samples, attack: float, release: float) -> Samples:
    """Fade in and out over these seconds."""
    rise, fall = int(attack * RATE), int(release * RATE)
    sound[:rise] *= np.linspace(0, 1, rise)
    sound[-fall:] *= np.linspace(1, 0, fall)
    return sound
