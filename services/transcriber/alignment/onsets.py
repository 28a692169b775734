"""Correction of whisper's word starts, which are early, to onsets of the voice.

An onset is a rise of the level in many bands at once (half-wave rectified spectral flux, as for notes: Bello et al.,
"A Tutorial on Onset Detection in Music Signals", IEEE Transactions on Speech and Audio Processing 13, 2005).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.transcriber.audio import FRAME_SECONDS, SAMPLE_HZ, FrameMask, Samples, loud_frames
from shared.lyrics.words import Word

HOP, WINDOW = 160, 512
BIAS_SECONDS = 0.1
"""Whisper's word starts are usually this much too early."""
REACH_SECONDS = 0.15
"""Maximum distance of an onset from the corrected start."""
BANDS = 24
FLOOR = 1e-3

Strength = NDArray[np.float64]
"""Onset strength for each hop of 10 ms."""


def snap_to_onsets(words: Sequence[Word], samples: Samples) -> list[Word]:
    """Move each word's start to the clearest onset near it, or by the usual bias if there is none.

    A word that begins in a rest begins at the end of the rest: whisper lets it begin where the previous word ended.
    """
    strength, loud = onset_strength(samples), loud_frames(samples)
    threshold = float(np.quantile(strength, 0.9)) if len(strength) else 0.0
    moved = []
    for word in words:
        rest = _rest_seconds(loud, word)
        start = _nearest_onset(strength, threshold, word.start + (rest or BIAS_SECONDS))
        moved.append(replace(word, start=start, end=max(word.end, start)))
    return moved


def onset_strength(samples: Samples) -> Strength:
    """Return the rise of the level, summed over bands of equal width in mel; at least 0."""
    padded = np.pad(samples.astype(np.float64), WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP] * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(frames)) ** 2
    edges = np.unique(np.round(np.geomspace(3, WINDOW // 2, BANDS)).astype(int))
    bands = np.log(np.add.reduceat(power, edges, axis=1) + FLOOR)
    rise = np.maximum(bands[3:] - bands[:-3], 0).sum(axis=1)
    strength: Strength = np.pad(rise, (2, 1))
    return strength


def _rest_seconds(loud: FrameMask, word: Word) -> float:
    """Return the seconds from the word's start until the vocals are loud; 0 if they are at once or never."""
    first = int(word.start / FRAME_SECONDS)
    frames = loud[first : int(word.end / FRAME_SECONDS) + 1]
    return int(np.argmax(frames)) * FRAME_SECONDS if len(frames) else 0.0


def _nearest_onset(strength: Strength, threshold: float, seconds: float) -> float:
    """Return the time of the strongest onset within reach, weighted by its distance; `seconds` if all are weak."""
    hops = SAMPLE_HZ / HOP
    first = max(0, int((seconds - REACH_SECONDS) * hops))
    near = strength[first : int((seconds + REACH_SECONDS) * hops) + 1]
    if not len(near) or near.max() <= threshold:
        return seconds
    times = (first + np.arange(len(near))) / hops
    weight = np.exp(-0.5 * ((times - seconds) / (REACH_SECONDS / 2)) ** 2)
    return float(times[int(np.argmax(near * weight))])
