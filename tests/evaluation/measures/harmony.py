"""Measures of chords and keys, by mir_eval."""

import re

import mir_eval
import numpy as np

from tests.evaluation.truth import Chord

QUALITIES = {
    "": "maj",
    "m": "min",
    "7": "7",
    "m7": "min7",
    "maj7": "maj7",
    "dim": "dim",
    "m7b5": "hdim7",
    "sus4": "sus4",
    "sus2": "sus2",
    "aug": "aug",
    "dim7": "dim7",
}


def chord_accuracy(true: tuple[Chord, ...], found: tuple[Chord, ...]) -> float | None:
    """Return the share of time with the right root and mode (major or minor); None without truth or answer."""
    if not true or not found:
        return None
    intervals = np.array([(chord.start, chord.end) for chord in true])
    labels = [harte(chord.label) for chord in true]
    found_intervals = np.array([(chord.start, chord.end) for chord in found])
    scores = mir_eval.chord.evaluate(intervals, labels, found_intervals, [harte(chord.label) for chord in found])
    return float(scores["majmin"])


def harte(label: str) -> str:
    """Convert a label to mir_eval's syntax: `Am7` to `A:min7`."""
    match = re.fullmatch(r"([A-G][b#]?)(.*)", label)
    return f"{match[1]}:{QUALITIES[match[2]]}" if match else "N"


def key_score(true: str | None, found: str | None) -> float | None:
    """Return the MIREX score: 1 correct, 0.5 a fifth off, 0.3 relative, 0.2 parallel key; None without truth."""
    if true is None:
        return None
    return float(mir_eval.key.weighted_score(true, found)) if found else 0.0
