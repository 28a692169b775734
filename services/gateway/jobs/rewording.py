"""Words and times of lyrics as a user corrects them: validation, and the new content of `lyrics.json`.

Pure functions. Every check takes linear time, and stops at the first error, which names its place.
"""

import json
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import PermanentError
from shared.events import CorrectedLyrics, Duration
from shared.lyrics.document import as_line, line_fields, lines_of
from shared.lyrics.review import of_song
from shared.normal_forms import normalized
from shared.notes import of_corrected_lyrics

MAX_BYTES: Final = 1_000_000
MAX_WORDS: Final = 5_000
MAX_LINE_WORDS: Final = 100
MAX_WORD_CHARACTERS: Final = 100
MAX_BRACKETS: Final = 4 * MAX_WORDS
MAX_COMMAS: Final = 16 * MAX_WORDS
"""More than valid lyrics have. Python's parser keeps the event loop waiting for each one, also in another thread."""
NO_TEXT: Final = {"Cc", "Cs", "Zl", "Zp"}
"""Categories of control characters, halves of characters, and line breaks."""


class _Edited(BaseModel):
    # Fields that follow from the words, or cannot be changed, are ignored: a client sends what it got.
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False, hide_input_in_errors=True)


class EditedWord(_Edited):
    """A word. What else it has in `lyrics.json` is kept if neither text nor time changed, and otherwise ignored."""

    text: str
    start: Duration
    end: Duration
    spaced: bool | None = Field(
        default=None, description="Whether a space precedes the word. By default as before, otherwise true."
    )


class EditedLine(_Edited):
    """A line. Its text and times follow from its words, and may be left out."""

    words: Annotated[list[EditedWord], Field(min_length=1, max_length=MAX_LINE_WORDS)]
    text: str | None = None
    start: float | None = None
    end: float | None = None


class EditedLyrics(_Edited):
    """All lines of a song, in order."""

    lines: Annotated[list[EditedLine], Field(max_length=MAX_WORDS)]


class Key(NamedTuple):
    """A word with the same text and times has not changed."""

    text: str
    start: float
    end: float


def parse(body: bytes) -> EditedLyrics:
    """Read a request's body. Raises PermanentError: `invalid_request` or `too_many_words`."""
    if body.count(b"{") + body.count(b"[") > MAX_BRACKETS or body.count(b",") > MAX_COMMAS:
        raise _too_many()
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _invalid(f"This is not JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("lines"), list):
        raise _invalid("Send an object with a list of `lines`, each with its `words`")
    if sum(len(words) for line in document["lines"] if isinstance(words := _words(line), list)) > MAX_WORDS:
        raise _too_many()
    return EditedLyrics.model_construct(lines=[_line(number, line) for number, line in enumerate(document["lines"], 1)])


def reworded(
    found: Mapping[str, Any], present: Mapping[str, Any], edited: EditedLyrics, duration: float
) -> dict[str, Any]:
    """Return the content of `lyrics.json` with the edited lines, without bars.

    `found` is what the transcriber made, `present` is what the user edited; `duration` is that of the song in seconds.
    Words that are in one of them with the same text and times keep their origin and confidence, and lines with the same
    text their reading. Raises PermanentError: `invalid_times`, `invalid_text` or `line_differs`.
    """
    lines = _Lines(found, present, duration)
    words = [lines.words(number, line) for number, line in enumerate(edited.lines, 1)]
    readings = {line["text"]: line.get("romanised") for document in (found, present) for line in document["lines"]}
    made = [line_fields(each, found["source"], reading=readings.get(as_line(each).text)) for each in words]
    note = of_corrected_lyrics(CorrectedLyrics(word_count=sum(map(len, words))))
    return {
        **{field: value for field, value in found.items() if field != "lines"},
        "corrected": True,
        "note": note.message if note else None,
        **of_song(made)._asdict(),
        "lines": made,
    }


class _Lines:
    """Edited lines, one after the other."""

    def __init__(self, found: Mapping[str, Any], present: Mapping[str, Any], duration: float) -> None:
        documents = (present, found)
        words = [word for document in documents for line in lines_of(document) for word in line]
        self._known = {Key(word["text"], word["start"], word["end"]): word for word in words}
        self._timed = {(word["start"], word["end"]): word for word in words}
        self._fields = {
            field: {_comparable(line[field]) for document in documents for line in document["lines"]}
            for field in ("text", "start", "end")
        }
        self._duration = duration
        self._end = 0.0

    def words(self, number: int, line: EditedLine) -> list[dict[str, Any]]:
        words = [self._word(f"Line {number}, word {index}", word) for index, word in enumerate(line.words, 1)]
        self._check_fields(number, line, words)
        return words

    def _word(self, place: str, word: EditedWord) -> dict[str, Any]:
        key = Key(word.text, round(word.start, 3), round(word.end, 3))
        known, timed = self._known.get(key), self._timed.get((key.start, key.end))
        if key.start < self._end:
            raise _invalid_times(
                f"{place} begins at {key.start:.7g} s, before the word before it ends at {self._end:.7g} s"
            )
        if timed is None and key.end <= key.start:
            raise _invalid_times(f"{place} ends at {key.end:.7g} s, but begins at {key.start:.7g} s")
        if timed is None and key.end > self._duration:
            raise _invalid_times(f"{place} ends at {key.end:.7g} s, but the song has only {self._duration:.7g} s")
        self._end = max(key.start, key.end)
        before = known or timed or {"spaced": True, "estimated": False}
        return {
            "text": key.text if known else clean_text(place, key.text, MAX_WORD_CHARACTERS),
            "start": key.start,
            "end": key.end,
            "confidence": known["confidence"] if known else None,
            "estimated": before["estimated"],
            "origin": known["origin"] if known else "edited",
            "spaced": before["spaced"] if word.spaced is None else word.spaced,
        }

    def _check_fields(self, number: int, line: EditedLine, words: list[dict[str, Any]]) -> None:
        """Raise PermanentError if the line itself was edited: it would be without effect."""
        new = as_line(words)
        for field, known in self._fields.items():
            sent = getattr(line, field)
            if sent is None or _comparable(sent) in known:
                continue
            if _comparable(sent) != _comparable(getattr(new, field)):
                raise PermanentError(
                    f"Line {number}: its {field} follows from its words. Change these, or leave the {field} out",
                    code="line_differs",
                )


def clean_text(place: str, text: str, longest: int) -> str:
    """Return the text in NFC, with single spaces. Raises PermanentError if it is too long or cannot be shown."""
    if len(text) > longest:
        raise _invalid_text(f"{place} has more than {longest} characters")
    if any(unicodedata.category(character) in NO_TEXT for character in text):
        raise _invalid_text(f"{place} contains a control character or a line break")
    if not (cleaned := " ".join(text.split())):
        raise _invalid_text(f"{place} has no text")
    return normalized("NFC", cleaned)


def _comparable(value: str | float) -> str | float:
    """Return a field of a line as it is compared: clients join words and round times in their own ways."""
    return "".join(normalized("NFC", value).split()) if isinstance(value, str) else round(value, 3)


def _words(line: object) -> object:
    return line.get("words") if isinstance(line, dict) else None


def _line(number: int, line: object) -> EditedLine:
    try:
        return EditedLine.model_validate(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise _invalid(f"Line {number}{''.join(_place(first['loc']))}: {first['msg']}") from error


def _place(loc: tuple[int | str, ...]) -> Iterator[str]:
    for each in loc:
        if isinstance(each, int):
            yield f", word {each + 1}"
        elif each != "words" or len(loc) == 1:
            yield f", {each}"


def _invalid(summary: str) -> PermanentError:
    return PermanentError(summary, code="invalid_request")


def _invalid_text(summary: str) -> PermanentError:
    return PermanentError(summary, code="invalid_text")


def _invalid_times(summary: str) -> PermanentError:
    return PermanentError(summary, code="invalid_times")


def _too_many() -> PermanentError:
    return PermanentError(f"The lyrics have more than {MAX_WORDS} words", code="too_many_words")
