"""Which key a song is in, or that it is in none."""

import numpy as np
import pytest
from numpy.typing import NDArray

from services.beats.key import key

HZ = 22_050
RANDOM = np.random.default_rng(7)


def chords(*roots: int, third: int) -> NDArray[np.float32]:
    """A second of each triad, on MIDI notes."""
    time = np.arange(HZ) / HZ
    sound = [
        sum(np.sin(2 * np.pi * 440 * 2 ** ((note - 69) / 12) * time) for note in (root, root + third, root + 7))
        for root in roots
    ]
    return (np.concatenate(sound) / 3).astype(np.float32)


@pytest.mark.parametrize(
    ("roots", "third", "expected"), [((60, 65, 67, 60), 4, "C major"), ((57, 62, 57), 3, "A minor")]
)
@pytest.mark.parametrize("higher", range(3))
def test_a_cadence_tells_the_key(roots: tuple[int, ...], third: int, expected: str, higher: int) -> None:
    names = ["C major", "Db major", "D major", "A minor", "Bb minor", "B minor"]
    wanted = names[names.index(expected) + higher]
    assert key(chords(*(root + higher for root in roots), third=third), HZ) == wanted


@pytest.mark.parametrize(
    "samples",
    [np.zeros(HZ, dtype=np.float32), RANDOM.normal(0, 0.1, 5 * HZ).astype(np.float32)],
    ids=["silence", "noise"],
)
def test_what_has_no_tones_has_no_key(samples: NDArray[np.float32]) -> None:
    assert key(samples, HZ) is None
