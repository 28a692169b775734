"""Inputs of an engine."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Inputs:
    """Local files that an engine reads. Apart from `audio`, None when the job has no such file, or it was not wanted.

    `audio` is the decoded song, or the stem that the task works on; `lyrics` are the user's, as UTF-8 text; `beats` is
    the `beats.json` of the beat analysis; `instrumental` and `drums` are stems.
    """

    audio: Path
    lyrics: Path | None = None
    beats: Path | None = None
    instrumental: Path | None = None
    drums: Path | None = None
