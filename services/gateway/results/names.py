"""What a job's results are called in its storage."""

import re
from collections.abc import Collection
from pathlib import PurePath
from typing import Final, get_args

from shared.events import AudioFormat

STEMS: Final = ("vocals", "drums", "bass", "other", "instrumental")
OUTLINED: Final = ("song", *STEMS)
"""What there are peaks of."""
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
"""What is found under `/storage/…`."""

SOURCES: Final = ("flac", "wav", "opus", "mp3")
"""What other formats are made from, the best first."""


def peaks(sound: str) -> str:
    return f"{sound}.peaks.json"


def source(name: str, there: Collection[str]) -> str | None:
    """The best one of what is there that has the same sound as `name`, in another format."""
    path = PurePath(name)
    if path.stem not in (*STEMS, CLICK) or path.suffix.removeprefix(".") not in AUDIO_FORMATS:
        return None
    return next((other for form in SOURCES if (other := f"{path.stem}.{form}") in there), None)
