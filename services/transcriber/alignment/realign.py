"""New times for some lines of lyrics that already have times, which a user chose after changing their words.

Nothing is recognized: the text is known, and the times around a line say where it is. All other lines stay as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any, Final

from services.transcriber.alignment.forced_alignment import LINE_MARGINS_SECONDS, Aligner, align_line
from services.transcriber.alignment.time_transfer import distribute
from services.transcriber.audio import SAMPLE_HZ, Samples, Span
from services.transcriber.text.phrasing import regroup, resolve_overlaps
from services.transcriber.text.tokens import LONGEST_LINE, words_of
from shared.errors import PermanentError
from shared.lyrics.document import as_line, line_fields, lines_of
from shared.lyrics.review import of_song
from shared.lyrics.words import Line, Word, rounded

MARGINS_SECONDS: Final = (5.0, *LINE_MARGINS_SECONDS)
"""Audio before and after a line that is searched, never beyond its neighbours; the next margin is tried on failure.

The first one is wide, as an edit may have spoilt the line's own times. Sample song, each line alone: with true times,
98 % of the word starts are within 0.3 s of the truth, as with 0.3 s. With all words in the last 60 % of the line, 98 %
are, instead of 43 %.
"""

Fields = Mapping[str, Any]
"""A word of `lyrics.json`."""


def realigned(
    document: Mapping[str, Any],
    texts: Mapping[int, str | None],
    samples: Samples,
    aligner: Aligner,
) -> dict[str, Any]:
    """Return the content of `lyrics.json`, without bars, with new times for the lines whose indices are in `texts`.

    A text replaces the words of its line. Lines are searched between their neighbours, so they stay in order and do not
    overlap. A line that is not found keeps its times. Raises PermanentError `words_not_found` if none is found, and
    `too_many_words` for a line with more than 100.
    """
    lines = lines_of(document)
    search = _Search(document["source"], samples, aligner)
    for _, group in groupby(enumerate(sorted(texts)), key=lambda numbered: numbered[1] - numbered[0]):
        indices = [index for _, index in group]
        first, last = indices[0], indices[-1]
        start = lines[first - 1][-1]["end"] if first else 0.0
        end = lines[last + 1][0]["start"] if last + 1 < len(lines) else len(samples) / SAMPLE_HZ
        befores = [lines[index] for index in indices]
        found = search.lines(befores, [texts[index] for index in indices], (start, max(start, end)))
        lines[first : last + 1] = found
    if not search.has_found:
        raise PermanentError("These words were not found in the song at this place", code="words_not_found")
    made = [line_fields(words, document["source"]) for words in lines]
    fields = {field: value for field, value in document.items() if field != "lines"}
    return fields | {"corrected": True, "note": None, **of_song(made)._asdict(), "lines": made}


class _Search:
    def __init__(self, source: str, samples: Samples, aligner: Aligner) -> None:
        self._source = source
        self._samples = samples
        self._aligner = aligner
        self.has_found = False

    def lines(
        self, befores: Sequence[Sequence[Fields]], texts: Sequence[str | None], within: Span
    ) -> list[list[dict[str, Any]]]:
        """Return the words of adjacent lines with their new times, between the lines before and after them."""
        aligned: list[list[Word]] = []
        known: list[list[Fields | None]] = []
        nexts = [*(before[0]["start"] for before in befores[1:]), within[1]]
        for before, text, limit in zip(befores, texts, nexts, strict=True):
            words, old = _reworded(before, text)
            space = (aligned[-1][-1].end if aligned else within[0], limit)
            found = align_line(Line(tuple(words)), self._samples, self._aligner, MARGINS_SECONDS, space)
            if any(new is not word for new, word in zip(found, words, strict=True)):
                self.has_found = True
            aligned.append(found)
            known.append(old)
        start, end = within
        moved = [replace(word, start=word.start - start, end=word.end - start) for line in aligned for word in line]
        placed = [_placed(word, within) for word in resolve_overlaps(moved, end - start)]
        return [
            [self._fields(word, old) for word, old in zip(line, olds, strict=True)]
            for line, olds in zip(regroup(placed, aligned), known, strict=True)
        ]

    def _fields(self, word: Word, old: Fields | None) -> dict[str, Any]:
        times = {"start": word.start, "end": word.end}
        if old and old.items() >= times.items():
            return dict(old)
        origin = old["origin"] if old else "edited"
        found = {"edited": "given", "estimated": self._source}.get(origin, origin)
        return {
            "text": word.text,
            **times,
            "confidence": old["confidence"] if old else None,
            "estimated": word.estimated,
            "origin": "estimated" if word.estimated else found,
            "spaced": word.spaced,
        }


def _placed(word: Word, within: Span) -> Word:
    """Return the word with times from the start of the song, in milliseconds and inside the span."""
    start, end = (min(max(rounded(within[0] + time) or 0.0, within[0]), within[1]) for time in (word.start, word.end))
    return replace(word, start=start, end=end)


def _reworded(before: Sequence[Fields], text: str | None) -> tuple[list[Word], list[Fields | None]]:
    """Return the words of a line to be searched, and for each of them the same word as it was, if there was one."""
    old = as_line(before)
    if text is None:
        return [*old.words], [*before]
    words = words_of(text)
    if len(words) > LONGEST_LINE:
        raise PermanentError(f"A line has more than {LONGEST_LINE} words", code="too_many_words")
    known: list[Fields | None] = [None] * len(words)
    same = SequenceMatcher(None, [word["text"] for word in before], [word.text for word in words], autojunk=False)
    for match in same.get_matching_blocks():
        known[match.b : match.b + match.size] = before[match.a : match.a + match.size]
    spans = distribute(words, [(old.start, max(old.end, old.start))])
    return [replace(word, start=span[0], end=span[1]) for word, span in zip(words, spans, strict=True)], known
