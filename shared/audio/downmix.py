"""One channel from two, for analyses that need mono. Only engines import this: it needs numpy and scipy.

The mean of the channels removes a voice that is inverted in one of them. Here the right channel is shifted by 90
degrees first, so that nothing cancels out: the result has the power of both channels, wherever a sound is panned, and
whether it is in phase, inverted, or both in different bands or sections.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

Samples = NDArray[np.float32]

REACH: Final = 4096
"""Samples on each side of a sample that its shift depends on. Only frequencies below 5 Hz, at 22 kHz, get weaker."""


def to_mono(channels: Samples) -> Samples:
    """Return one channel, [time], of one or two, [channel, time]; equal channels are returned as they are."""
    return np.concatenate([channels[0, :0], *mono_blocks(lambda: [channels])])


def mono_blocks(read: Callable[[], Iterable[Samples]]) -> Iterator[Samples]:
    """Yield one channel in blocks, [time], of one or two in blocks, [channel, time].

    `read` is called up to three times to return them from the start, so that they need not all be in memory.
    """
    if all(np.array_equal(block[0], block[-1]) for block in read()):
        yield from (block[0] for block in read())
        return
    # Some stereo wideners shift a channel by 90 degrees, too: the sign is chosen so that both shifts do not add up.
    product = sum(float(np.vdot(left, shifted)) for left, shifted in _quarter_turn(read()))
    sign = np.float32(1 if product >= 0 else -1)
    for left, shifted in _quarter_turn(read()):
        yield (left + sign * shifted) * np.float32(np.sqrt(1 / 2))


def _quarter_turn(blocks: Iterable[Samples]) -> Iterator[tuple[Samples, Samples]]:
    """Yield blocks of the left channel, and of the right one with all frequencies shifted by 90 degrees."""
    silence = np.zeros((2, REACH), np.float32)
    piece = silence
    for block in chain(blocks, [silence]):
        piece = np.concatenate([piece, block[[0, -1]]], axis=1)
        if piece.shape[1] > 2 * REACH:
            yield piece[0, REACH:-REACH], fftconvolve(piece[1], _hilbert(), "valid")
            piece = piece[:, -2 * REACH :]


@cache
def _hilbert() -> Samples:
    """Return the impulse response of the Hilbert transform, faded out at both ends."""
    odd = np.arange(1, REACH + 1, 2)
    half = np.zeros(REACH)
    half[odd - 1] = 2 / (np.pi * odd)
    return (np.concatenate([-half[::-1], [0], half]) * np.hamming(2 * REACH + 1)).astype(np.float32)
