"""Lyrics files, one for each kind of player."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from shared.events import Lyrics
from shared.lyrics.document import document_of, encode
from shared.lyrics.lrc import to_elrc, to_lrc
from shared.lyrics.subtitles import to_ass, to_srt, to_vtt
from shared.lyrics.words import Line, Metadata, rounded
from shared.rhythm.bars import Bars


def to_txt(lines: Sequence[Line]) -> str:
    return "".join(f"{line.text}\n" for line in lines)


PLAYABLE: Final[Mapping[str, Callable[[Sequence[Line]], str]]] = {
    "txt": to_txt,
    "lrc": to_lrc,
    "elrc": to_elrc,
    "srt": to_srt,
    "vtt": to_vtt,
    "ass": to_ass,
}
"""Formats besides JSON, by their extension."""


def write(out: Path, lines: Sequence[Line], metadata: Metadata, bars: Bars | None = None) -> Lyrics:
    """Write `lyrics.{json,txt,lrc,elrc,srt,vtt,ass}` into `out`; without lines the files contain no words."""
    document = document_of(lines, metadata, bars)
    contents = {"json": encode(document)} | {form: of(lines) for form, of in PLAYABLE.items()}
    for form, content in contents.items():
        (out / f"lyrics.{form}").write_text(content, encoding="utf-8")
    return Lyrics(
        model=metadata.model,
        language=metadata.language,
        language_probability=rounded(metadata.language_probability),
        word_count=sum(len(line.words) for line in lines),
        review=document["review"],
        doubtful_line_count=document["doubtful_line_count"],
        given_times=metadata.given_times,
        found_at=metadata.found_at,
        transcription="lyrics.json",
        lrc="lyrics.lrc",
        srt="lyrics.srt",
        vtt="lyrics.vtt",
    )
