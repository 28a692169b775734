"""File names of a job's results in the storage."""

import re
from hashlib import blake2b
from typing import Final, get_args

from shared.events import AudioFormat
from shared.tasks import Task

STEMS: Final = Task.STEM_SEPARATION.row.makes
WITH_PEAKS: Final = ("song", *STEMS)
"""Sounds that have a file of peaks."""
AUDIO_FORMATS: Final[tuple[str, ...]] = get_args(AudioFormat)
LYRICS_FORMATS: Final = ("json", "txt", "lrc", "elrc", "srt", "vtt", "ass")
BEATS: Final = "beats.json"
LYRICS: Final = "lyrics.json"
CLICK: Final = "click"

RESULT: Final = rf"(?:{'|'.join(name for task in Task for name in task.row.makes)})\.[a-z0-9]+"
"""Pattern of the names that `/storage/…` serves, of which those that are stored exist."""

ENCODABLE: Final = (*STEMS, CLICK)
"""Sounds that are served in every audio format."""

NUMBER: Final = r"(0|[1-9]\d{0,8})"
MADE: Final = re.compile(rf"(?:(?:beats|click)-{NUMBER}|lyrics-{NUMBER}(?:-{NUMBER}-[0-9a-f]{{16}})?)\.[a-z0-9]+")
"""Objects that follow from corrections: numbers of the beats, or of the lyrics and, with bars, of the beats."""


def placed_lyrics(lyrics: int, beats: int, *etags: str) -> str:
    """Name of the lyrics with the bars of the beats, by the numbers of the corrections and the ETags of the sources."""
    return f"lyrics-{lyrics}-{beats}-{blake2b(' '.join(etags).encode(), digest_size=8).hexdigest()}.json"


def is_outdated(name: str, lyrics: int, beats: int) -> bool:
    """Return whether an object follows from a correction before these."""
    match = MADE.fullmatch(name)
    if match is None:
        return False
    of_beats, of_lyrics, of_placed_beats = (int(number) if number else None for number in match.groups())
    before_beats = any(number is not None and number < beats for number in (of_beats, of_placed_beats))
    return before_beats or (of_lyrics is not None and of_lyrics < lyrics)


def peaks_file(sound: str) -> str:
    return f"{sound}.peaks.json"
