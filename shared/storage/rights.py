"""Rights of each service to the objects of a job's folder. `make docs` makes the policies of a bucket from this.

Every service may list the bucket: an object counts as missing only if the store can be listed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.storage.job_files import (
    ANNOUNCED,
    BEATS,
    LYRICS,
    MANIFEST,
    SIGNATURE,
    SONG,
    TAGS,
    alignment_request,
    refined_mark,
    run_claim,
)
from shared.tasks import Input, Task

CLICK: Final = "click.*"
SONG_PEAKS: Final = "song.peaks.json"
ALIGNED: Final = "lyrics-*"
"""Corrections of the lyrics, also those that the transcriber makes when lines are aligned."""
OTHER_RESULTS: Final[Mapping[Task, tuple[str, ...]]] = {
    Task.BEAT_ANALYSIS: (CLICK, SONG_PEAKS),
    Task.TRANSCRIPTION: (ALIGNED,),
}
"""Files of a task that are no results in its row."""
CORRECTIONS: Final = ("beats-*", "click-*")
"""Other objects that hold a user's corrections."""
EVERYTHING: Final = ("*",)


@dataclass(frozen=True)
class Rights:
    """Patterns of object names; `*` stands for any characters."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]
    deletes: tuple[str, ...]


def written_by(task: Task) -> tuple[str, ...]:
    """Return what a worker writes, and may also delete: stems have peaks, and results copies in other formats."""
    mark = (refined_mark(task),) if task.refined_by else ()
    return (*_files(*task.row.makes), *OTHER_RESULTS.get(task, ()), *mark)


def _files(*sounds: str) -> tuple[str, ...]:
    return tuple(f"{sound}.*" for sound in sounds)


def _worker(task: Task, *wants: Input) -> Rights:
    """Return the rights of a worker; `wants` are the inputs that its service declares."""
    names = {"lyrics": LYRICS, "beats": BEATS, "tags": TAGS}
    audio = _files(task.row.reads) if task.row.reads else ()
    inputs = (names.get(name, f"{name}.*") for name in wants)
    mark = (refined_mark(task),) if task.refined_by else ()
    align = (alignment_request("*"), ALIGNED) if task is Task.TRANSCRIPTION else ()
    return Rights((MANIFEST, SONG, *audio, *inputs, *mark, *align), written_by(task), written_by(task))


_RESULTS: Final = tuple(name for task in Task for name in (*_files(*task.row.makes), *OTHER_RESULTS.get(task, ())))

RIGHTS: Final[Mapping[str, Rights]] = {
    "gateway": Rights(
        reads=(MANIFEST, SIGNATURE, ANNOUNCED, SONG, *_RESULTS, *CORRECTIONS),
        writes=(
            *(SONG, LYRICS, TAGS, MANIFEST, SIGNATURE, ANNOUNCED, run_claim("*")),
            *(*_files(*Task.STEM_SEPARATION.row.makes), CLICK),  # in other formats
            *(*CORRECTIONS, ALIGNED, alignment_request("*")),
        ),
        deletes=EVERYTHING,
    ),
    "status": Rights(reads=(MANIFEST, SIGNATURE, ANNOUNCED), writes=(), deletes=EVERYTHING),
    "separator": _worker(Task.STEM_SEPARATION),
    "transcriber": _worker(Task.TRANSCRIPTION, "lyrics", "beats", "instrumental", "tags"),
    "beats": _worker(Task.BEAT_ANALYSIS, "drums"),
}
"""Only the gateway writes songs, tags, given lyrics and manifests. A worker writes and deletes only its own results."""
