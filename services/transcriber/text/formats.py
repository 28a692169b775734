"""Lyrics files, one for each kind of player."""

from collections.abc import Sequence
from pathlib import Path

from services.transcriber.text.lrc import to_elrc, to_lrc
from services.transcriber.text.lyrics import Line, Metadata, rounded, to_json
from services.transcriber.text.subtitles import to_ass, to_srt, to_vtt
from shared.events import Lyrics
from shared.rhythm.bars import Bars


def write(out: Path, lines: Sequence[Line], metadata: Metadata, bars: Bars | None = None) -> Lyrics:
    """Write `lyrics.{json,txt,lrc,elrc,srt,vtt,ass}` into `out`; without lines the files contain no words."""
    contents = {
        "lyrics.json": to_json(lines, metadata, bars),
        "lyrics.txt": "".join(f"{line.text}\n" for line in lines),
        "lyrics.lrc": to_lrc(lines),
        "lyrics.elrc": to_elrc(lines),
        "lyrics.srt": to_srt(lines),
        "lyrics.vtt": to_vtt(lines),
        "lyrics.ass": to_ass(lines),
    }
    for name, content in contents.items():
        (out / name).write_text(content, encoding="utf-8")
    return Lyrics(
        model=metadata.model,
        language=metadata.language,
        language_probability=rounded(metadata.language_probability),
        word_count=sum(len(line.words) for line in lines),
        transcription="lyrics.json",
        lrc="lyrics.lrc",
        srt="lyrics.srt",
        vtt="lyrics.vtt",
    )
