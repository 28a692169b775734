"""Inputs of an engine, and the function to which it reports."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Inputs:
    """Local files that an engine reads. Apart from `audio`, None when the job has no such file, or it was not wanted.

    `audio` is the decoded song, or the stem that the task works on; `lyrics` are the user's, as UTF-8 text; `beats` is
    the `beats.json` of the beat analysis; `instrumental` and `drums` are stems; `tags` are the
    `shared.lyrics.tags.Tags` of the upload.
    """

    audio: Path
    lyrics: Path | None = None
    beats: Path | None = None
    instrumental: Path | None = None
    drums: Path | None = None
    tags: Path | None = None


class Progress(Protocol):
    def __call__(self, fraction: float | None = None, *, lines: int | None = None) -> None:
        """Report which fraction (0 to 1) of the task is done, or how many lines are in `lyrics.partial.json` by now.

        That file, in the engine's folder for results, is replaced as a whole before its lines are reported.
        """
