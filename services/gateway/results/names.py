"""File names of a job's results in the storage."""

import re
from typing import Final, get_args

from shared.events import AudioFormat

STEMS: Final = ("vocals", "drums", "bass", "other", "instrumental")
WITH_PEAKS: Final = ("song", *STEMS)
"""Sounds that have a file of peaks."""
AUDIO_FORMATS: Final[tuple[str, ...]] = get_args(AudioFormat)
LYRICS_FORMATS: Final = ("json", "txt", "lrc", "elrc", "srt", "vtt", "ass")
BEATS: Final = "beats.json"
CLICK: Final = "click"

RESULT: Final = "|".join(
    (
        rf"(?:{'|'.join(STEMS)})\.(?:{'|'.join(AUDIO_FORMATS)})",
        rf"lyrics\.(?:{'|'.join(LYRICS_FORMATS)})",
        re.escape(BEATS),
    )
)
"""Pattern of the names that `/storage/…` serves."""

ENCODABLE: Final = (*STEMS, CLICK)
"""Sounds that are served in every audio format."""


def peaks_file(sound: str) -> str:
    return f"{sound}.peaks.json"
