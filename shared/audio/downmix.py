"""One channel from two, for analyses that need mono. Only engines import this: it needs numpy.

The mean of the channels removes a voice that is inverted in one of them. Here the right channel is shifted by 90
degrees first, so that nothing cancels out: the result has the power of both channels, wherever a sound is panned, and
whether it is in phase, inverted, or both in different bands or sections.
"""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

PADDING = 4096
"""Minimum samples of silence between the end and the start of the song, which the transform treats as a loop."""


def to_mono(channels: Samples) -> Samples:
    """Return one channel, [time], of one or two, [channel, time]; equal channels are returned as they are."""
    left: Samples = channels[0]
    right: Samples = channels[-1]
    if np.array_equal(left, right):
        return left
    shifted = _quarter_turn(right)
    # Some stereo wideners shift a channel by 90 degrees, too: the sign is chosen so that both shifts do not add up.
    sign = np.float32(1 if np.vdot(left, shifted) >= 0 else -1)
    mono: Samples = (left + sign * shifted) * np.float32(np.sqrt(1 / 2))
    return mono


def _quarter_turn(samples: Samples) -> Samples:
    """Shift all frequencies by 90 degrees: the Hilbert transform."""
    size = 1 << (len(samples) + PADDING).bit_length()  # powers of two are fast
    spectrum = np.fft.rfft(samples, size)
    spectrum *= -1j
    return np.asarray(np.fft.irfft(spectrum, size)[: len(samples)], np.float32)
