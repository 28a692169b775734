"""Places sound at the times that its container states: silence where sound is missing, nothing twice.

The rule for a frame whose time differs from the end of the sound before it:

- Up to 50 ms is jitter: the frame follows directly. Differences add up, so the error stays within 50 ms.
- Later: the gap is filled with silence. So is the time before the first sound, except 100 ms of decoder delay.
- Earlier: the overlap is cut off, up to a second in all. So is what lies before time zero.
- Still earlier: timestamps start anew, as in joined Ogg files, or are wrong. The frame follows directly.
- More than a minute later in a broadcast format: timestamps start anew, too. The frame follows directly.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Final, NamedTuple

from av import AudioFrame

JITTER_SECONDS: Final = 0.05
"""More than the 10 ms by which Vorbis frames jitter, and less than the 60 ms of the longest Opus frame."""
DELAY_SECONDS: Final = 0.1
MAX_OVERLAP_SECONDS: Final = 1.0
"""Sum of the overlaps in a song."""
MAX_JUMP_SECONDS: Final = 60.0
SILENCE_SAMPLES: Final = 16_384
"""Length of a frame of silence."""


class TimedFrame(NamedTuple):
    """`start` is in seconds by the container's clock; None: directly after the frame before."""

    frame: AudioFrame
    start: float | None


class TooLongError(Exception):
    """The song is longer than its limit."""


class TooManySamplesError(Exception):
    """The song has more samples than its limit."""


@dataclass
class Timeline:
    """`zero` is the container's time at which the song begins. `is_broadcast`: timestamps may jump (MPEG).

    `max_samples` limits the samples of all channels: the decoded ones, also those that are cut off, and the silence.
    `seconds` is the length so far, `late_seconds` the silence before the first sound, `lost_seconds` that of the gaps.
    """

    zero: float
    max_seconds: float
    is_broadcast: bool = False
    max_samples: float = inf
    seconds: float = 0
    late_seconds: float = 0
    lost_seconds: float = 0
    _cut_seconds: float = 0
    _samples: int = 0

    def continuous(self, frames: Iterator[TimedFrame]) -> Iterator[AudioFrame]:
        """Yield the frames, and silence between them. Raises TooLongError and TooManySamplesError."""
        for frame, start in frames:
            self._count(frame)
            early = 0 if start is None else self._early(start)
            if early < 0:
                yield from self._silence(frame, -early)
            skipped = min(round(max(early, 0) * frame.sample_rate), frame.samples)
            if self.seconds:
                self._cut_seconds += skipped / frame.sample_rate
            if skipped < frame.samples:
                yield self._append(_part(frame, skipped) if skipped else frame)

    def _early(self, start: float) -> float:
        """Return by how many seconds a frame is to start before the end of the sound so far; 0: it follows directly."""
        early = self.seconds - (start - self.zero)
        if not self.seconds:
            if -DELAY_SECONDS <= early < 0 or early > MAX_JUMP_SECONDS:
                self.zero, early = start, 0
            return early
        if early > MAX_OVERLAP_SECONDS - self._cut_seconds or (self.is_broadcast and early < -MAX_JUMP_SECONDS):
            self.zero -= early
            return 0
        return early if abs(early) > JITTER_SECONDS else 0

    def _silence(self, like: AudioFrame, seconds: float) -> Iterator[AudioFrame]:
        if self.seconds + seconds > self.max_seconds:
            raise TooLongError
        if self.seconds:
            self.lost_seconds += seconds
        else:
            self.late_seconds = seconds
        missing = round(seconds * like.sample_rate)
        for first in range(0, missing, SILENCE_SAMPLES):
            silence = silent(like, min(SILENCE_SAMPLES, missing - first))
            self._count(silence)
            yield self._append(silence)

    def _count(self, frame: AudioFrame) -> None:
        self._samples += frame.samples * frame.layout.nb_channels
        if self._samples > self.max_samples:
            raise TooManySamplesError

    def _append(self, frame: AudioFrame) -> AudioFrame:
        self.seconds += frame.samples / frame.sample_rate
        if self.seconds > self.max_seconds:
            raise TooLongError
        return frame


def silent(like: AudioFrame, samples: int) -> AudioFrame:
    """Return a frame of silence in the format of another frame."""
    frame = _empty(like, samples)
    for plane in frame.planes:
        plane.update((b"\x80" if like.format.name.startswith("u8") else b"\0") * plane.buffer_size)
    return frame


def _part(frame: AudioFrame, skipped: int) -> AudioFrame:
    """Return the frame without its first samples."""
    part = _empty(frame, frame.samples - skipped)
    for plane, whole in zip(part.planes, frame.planes, strict=True):
        first = skipped * plane.buffer_size // part.samples
        plane.update(bytes(whole)[first : first + plane.buffer_size])
    return part


def _empty(like: AudioFrame, samples: int) -> AudioFrame:
    frame = AudioFrame(like.format.name, like.layout.name, samples)
    frame.sample_rate = like.sample_rate
    return frame
