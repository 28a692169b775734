"""Use of audio time and storage by a caller's jobs: the status service counts it, and the gateway limits it."""

from collections.abc import Mapping
from typing import Final

from pydantic import Field

from shared.events import AudioFormat, Frozen, JobSubmitted, Moment, Options
from shared.tasks import Task

LEAST_SECONDS: Final = 30.0
"""A shorter song counts as one of this length, because every job has a fixed cost, too."""

SONG_BYTES: Final = 100_000
STEMS_BYTES: Final[dict[AudioFormat, int]] = {"wav": 882_000, "flac": 300_000, "mp3": 200_000, "opus": 110_000}
"""About the bytes that a job stores for each second of its song: the song and small files, and the five stems."""


class Part(Frozen):
    """The sum over some jobs of a caller: seconds of audio for one model, or bytes. It counts until `until`."""

    until: Moment
    amount: float = Field(ge=0)
    model: str = Field(default="", description="Requested separation model; empty for the operator's choice, or none.")


class Usage(Frozen):
    """The sums over a caller's stored jobs. Each part sums the jobs of one hour, so `until` is at most an hour late."""

    unfinished: int = 0
    audio: tuple[Part, ...] = ()
    storage: tuple[Part, ...] = ()
    recent: Mapping[str, int] = Field(
        default_factory=dict, description="Present run of each job that changed in the last two minutes."
    )


def counted_seconds(submission: JobSubmitted) -> float:
    return max(submission.song.audio_duration, LEAST_SECONDS)


def counted_bytes(submission: JobSubmitted) -> float:
    """Return about the bytes that the job stores."""
    options = submission.options
    stems = STEMS_BYTES[options.format] if Task.STEM_SEPARATION in options.tasks else 0
    return counted_seconds(submission) * (SONG_BYTES + stems)


def counted_model(options: Options) -> str:
    """Return the model as in `Part`."""
    return (options.model or "") if Task.STEM_SEPARATION in options.tasks else ""
