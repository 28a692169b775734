"""The content of `lyrics.json`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any, Final, Literal

from shared.events import CorrectedLyrics
from shared.lyrics.review import Source, of_song, reviewed
from shared.lyrics.romanisation import romanised
from shared.lyrics.words import Line, Metadata, Word, direction, rounded
from shared.notes import of_found_lyrics, of_given_times
from shared.rhythm.bars import Bars, place

NO_WORDS_NOTE: Final = "No words were heard: this seems to be an instrumental."

Origin = Literal["heard", "given", "found", "estimated", "edited"]
"""Where a word comes from: it was recognized, or aligned from the user's lyrics or from those of a public collection;
its time was only estimated; or a user changed its text or its time."""


def to_json(lines: Sequence[Line], metadata: Metadata, bars: Bars | None = None, *, partial: bool = False) -> str:
    return encode(document_of(lines, metadata, bars, partial=partial))


def document_of(
    lines: Sequence[Line], metadata: Metadata, bars: Bars | None = None, *, partial: bool = False
) -> dict[str, Any]:
    """Return `{"language", …, "review", "lines": [{"start", "end", "text", …, "words": […]}]}`.

    Times are in seconds, rounded to milliseconds. `partial`: more lines will follow.
    """
    words = [[_word_fields(word, metadata.source) for word in line.words] for line in lines]
    found = [
        line_fields(each, metadata.source, bars, reading=romanised(line.text, metadata.language))
        for line, each in zip(lines, words, strict=True)
    ]
    return {
        "language": metadata.language,
        "language_probability": rounded(metadata.language_probability),
        "model": metadata.model,
        "alignment": metadata.alignment,
        "source": metadata.source,
        **({"found_at": metadata.found_at.model_dump()} if metadata.found_at else {}),
        "corrected": False,
        "partial": partial,
        "note": _note(metadata) if lines else NO_WORDS_NOTE,
        **of_song(found)._asdict(),
        "lines": found,
    }


def shown(document: Mapping[str, Any]) -> CorrectedLyrics:
    """Return what the job's document shows of corrected lyrics."""
    return CorrectedLyrics(
        word_count=sum(len(line["words"]) for line in document["lines"]),
        review=document["review"],
        doubtful_line_count=document["doubtful_line_count"],
    )


def encode(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1)


def line_fields(
    words: Sequence[Mapping[str, Any]], source: Source, bars: Bars | None = None, *, reading: str | None = None
) -> dict[str, Any]:
    """Return the fields of a line, which follow from its words and from the source of the lyrics.

    A word without a confidence does not count for that of the line.
    """
    line = as_line(words)
    confidences = [word["confidence"] for word in words if word["confidence"] is not None]
    return {
        "start": line.start,
        "end": line.end,
        "text": line.text,
        "dir": direction(line.text),
        **({"romanised": reading} if reading else {}),
        "confidence": rounded(fmean(confidences)) if confidences else None,
        **place(bars, line.start),
        **reviewed(words, source),
    }


def as_line(words: Sequence[Mapping[str, Any]]) -> Line:
    """Return the line with these words, as the other formats need it."""
    return Line(
        tuple(
            Word(
                word["text"],
                word["start"],
                word["end"],
                word["confidence"] or 0.0,
                estimated=word["estimated"],
                spaced=word["spaced"],
            )
            for word in words
        )
    )


def lines_of(document: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """Return the words of each line, also of a file from before words had an `origin` and `spaced`."""
    return [[*_complete(line, document["source"])] for line in document["lines"]]


def _note(metadata: Metadata) -> str | None:
    note = of_given_times(metadata.given_times) if metadata.given_times else None
    note = of_found_lyrics(metadata.found_at) if metadata.found_at else note
    return note.message if note else None


def _complete(line: Mapping[str, Any], source: str) -> Iterator[dict[str, Any]]:
    end = 0
    for word in line["words"]:
        at = max(line["text"].find(word["text"], end), end)
        origin = "estimated" if word["estimated"] else source
        yield {"origin": origin, "spaced": at > end or end == 0} | word
        end = at + len(word["text"])


def _word_fields(word: Word, source: str) -> dict[str, Any]:
    return {
        "text": word.text,
        "start": rounded(word.start),
        "end": rounded(word.end),
        "confidence": rounded(word.confidence),
        "estimated": word.estimated,
        "origin": "estimated" if word.estimated else source,
        "spaced": word.spaced,
    }
