"""Word starts moved onto onsets of the voice, as whisper's own run early.

An onset is where the level rises in many bands at once (half-wave rectified spectral flux, as for notes: Bello et al.,
"A Tutorial on Onset Detection in Music Signals", IEEE Transactions on Speech and Audio Processing 13, 2005).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.transcriber.recognition.vad_fallback import FRAME_SECONDS, Mask, sounding
from services.transcriber.text.lyrics import Word

SAMPLE_HZ = 16_000
HOP, WINDOW = 160, 512
BIAS_SECONDS = 0.1
"""How much too early whisper says that a word begins, as a rule."""
REACH_SECONDS = 0.15
"""How far from there an onset is looked for."""
BANDS = 24
FLOOR = 1e-3

Samples = NDArray[np.float32]  # mono, 16 kHz
Strength = NDArray[np.float64]  # for each hop of 10 ms


def snapped(words: Sequence[Word], samples: Samples) -> list[Word]:
    """The words, each from where the voice sets in most clearly near its start, else from a little later than said.

    A word that begins in a rest begins where that ends: whisper has it begin where the word before it ended.
    """
    strength, loud = onsets(samples), sounding(samples)
    strong = float(np.quantile(strength, 0.9)) if len(strength) else 0.0
    moved = []
    for word in words:
        rest = _rest(loud, word)
        start = _nearest(strength, strong, word.start + (rest or BIAS_SECONDS))
        moved.append(replace(word, start=start, end=max(word.end, start)))
    return moved


def _rest(loud: Mask, word: Word) -> float:
    """Seconds until the vocals are loud in the word's time, 0 where they are at once or never."""
    first = int(word.start / FRAME_SECONDS)
    frames = loud[first : int(word.end / FRAME_SECONDS) + 1]
    return int(np.argmax(frames)) * FRAME_SECONDS if len(frames) else 0.0


def onsets(samples: Samples) -> Strength:
    """How much louder it becomes, summed over bands of equal width in mel and at least 0."""
    padded = np.pad(samples.astype(np.float64), WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP] * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(frames)) ** 2
    edges = np.unique(np.round(np.geomspace(3, WINDOW // 2, BANDS)).astype(int))
    bands = np.log(np.add.reduceat(power, edges, axis=1) + FLOOR)
    rise = np.maximum(bands[3:] - bands[:-3], 0).sum(axis=1)
    strength: Strength = np.pad(rise, (2, 1))
    return strength


def _nearest(strength: Strength, strong: float, seconds: float) -> float:
    """Where the strongest rise within reach is, weighed by its distance; `seconds` where none is strong."""
    hops = SAMPLE_HZ / HOP
    first = max(0, int((seconds - REACH_SECONDS) * hops))
    near = strength[first : int((seconds + REACH_SECONDS) * hops) + 1]
    if not len(near) or near.max() <= strong:
        return seconds
    times = (first + np.arange(len(near))) / hops
    weight = np.exp(-0.5 * ((times - seconds) / (REACH_SECONDS / 2)) ** 2)
    return float(times[int(np.argmax(near * weight))])
