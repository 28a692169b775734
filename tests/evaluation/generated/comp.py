"""Accompaniment figures of a chord instrument, by name."""

from collections.abc import Callable
from random import Random

from tests.evaluation.generated import broken, chords
from tests.evaluation.generated.metre import Metre
from tests.evaluation.generated.stroke import Figure

WAYS: dict[str, Callable[[Metre, float, Random], Figure]] = {
    way.__name__: way
    for way in (
        chords.none,
        chords.block,
        chords.power,
        chords.pad,
        chords.strum,
        chords.chop,
        chords.skank,
        chords.stabs,
        broken.arpeggio,
        broken.picking,
        broken.oompah,
        broken.stride,
        broken.bossa,
        broken.habanera,
        broken.vamp,
    )
}
"""Functions that draw a random figure for a metre and a tempo in BPM."""
