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

CORRECTED: Final = re.compile(r"(?:beats|click|lyrics)-(\d{1,9})[-.].*")
"""Objects that follow from the user's correction of the beats with this number."""


def corrected_click(number: int, form: str) -> str:
    return f"{CLICK}-{number}.{form}"


def corrected_lyrics(number: int, etag: str) -> str:
    """Name of the lyrics of this ETag, with the bars of the corrected beats."""
    return f"lyrics-{number}-{blake2b(etag.encode(), digest_size=8).hexdigest()}.json"


def peaks_file(sound: str) -> str:
    return f"{sound}.peaks.json"
