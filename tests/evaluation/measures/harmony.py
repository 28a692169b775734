"""How good chords and keys are, by mir_eval."""

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
    """The part of the time that has the right root, and major or minor; None without truth or answer."""
    if not true or not found:
        return None
    intervals = np.array([(chord.start, chord.end) for chord in true])
    labels = [harte(chord.label) for chord in true]
    theirs = np.array([(chord.start, chord.end) for chord in found])
    scores = mir_eval.chord.evaluate(intervals, labels, theirs, [harte(chord.label) for chord in found])
    return float(scores["majmin"])


def harte(label: str) -> str:
    """`Am7` as mir_eval writes it: `A:min7`."""
    match = re.fullmatch(r"([A-G][b#]?)(.*)", label)
    return f"{match[1]}:{QUALITIES[match[2]]}" if match else "N"


def key_score(true: str | None, found: str | None) -> float | None:
    """MIREX's: 1 for the key, 0.5 a fifth off, 0.3 for the relative, 0.2 for the parallel one; None without truth."""
    if true is None:
        return None
    return float(mir_eval.key.weighted_score(true, found)) if found else 0.0
