"""Detection of the languages that are sung, piece by piece.

A window of 30 s hides a second language: of two songs cut together, whisper names one with a probability of up to 0.98.
Pieces of a few seconds are as reliable as windows, and faster, because whisper's encoder takes less than 30 s as well.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Final

from services.transcriber.recognition.segments import Segment

PIECE_SECONDS: Final = 5.0
"""Shorter pieces, often of one line, are taken for another language too often."""
NOBODY_SINGS, NO_CLEAR_VOICE = 0.3, 0.55
"""Limits of `clarity`. Of 29 clips of choirs, instruments and noise that sound like a voice, 26 have less than 0.55.
Of 31 sung or spoken clips, 28 have at least 0.65."""
CERTAIN: Final = 0.7
"""Somebody sings words in a piece if its likeliest language has this probability."""
OTHER_LANGUAGE: Final = 0.8
"""A piece is in another language than most of the song if that has this probability. German singing without words was
Arabic with 0.73."""

Probabilities = Mapping[str, float]
"""Probability (0 to 1) by ISO 639-1 code."""


def pieces(segment: Segment) -> list[Segment]:
    """Split a segment at rests into pieces of at least `PIECE_SECONDS`, if it is longer than that."""
    cuts = [segment.start]
    for (_, end), (following, _) in pairwise(segment.voiced):
        rest = (end + following) / 2
        if min(rest - cuts[-1], segment.end - rest) >= PIECE_SECONDS:
            cuts.append(rest)
    return [segment.part(start, end) for start, end in pairwise([*cuts, segment.end])]


def clear_language(found: Iterable[Probabilities]) -> str | None:
    """Return the language of a segment if all of its pieces are clearly in the same one."""
    codes = {code if probability >= OTHER_LANGUAGE else None for code, probability in map(_likeliest, found)}
    return codes.pop() if len(codes) == 1 else None


def main_language(sung: Mapping[Segment, Probabilities]) -> tuple[str, float]:
    """Return an ISO 639-1 code and its probability: the likeliest in all pieces, weighted by their seconds of voice."""
    total: Counter[str] = Counter()
    for piece, probabilities in sung.items():
        total.update({code: probability * piece.voiced_seconds for code, probability in probabilities.items()})
    [(code, most)] = total.most_common(1)
    voiced = sum(piece.voiced_seconds for piece in sung)
    return code, most / voiced if voiced else 0.0


def clarity(sung: Mapping[Segment, Probabilities]) -> float:
    """Return how clear the languages are, 0 to 1: the mean probability of the likeliest one, by seconds of voice."""
    voiced = sum(piece.voiced_seconds for piece in sung)
    total = sum(max(probabilities.values()) * piece.voiced_seconds for piece, probabilities in sung.items())
    return total / voiced if voiced else 0.0


def by_language(segments: Sequence[Segment], sung: Mapping[Segment, Probabilities], main: str) -> list[Segment]:
    """Split segments where the language changes; it is another one than `main` only where the evidence is clear.

    `sung` has the probabilities of each piece. An uncertain piece is in the language of the piece before. Segments of
    which no piece is certain are `uncertain`. If the song has no clear voice, all of their pieces must be clear.
    """
    clear = clarity(sung) >= NO_CLEAR_VOICE
    likeliest = {piece: _likeliest(found) for piece, found in sung.items()}
    current, language = main, {}
    for piece, (code, probability) in likeliest.items():
        if probability >= (CERTAIN if code == main else OTHER_LANGUAGE):
            current = code
        language[piece] = current
    parts = []
    for segment in segments:
        for code, group in groupby(pieces(segment), key=lambda piece: language[piece]):
            same = [*group]
            probabilities = [likeliest[piece][1] for piece in same]
            certain_voice = max(probabilities) >= CERTAIN if clear else min(probabilities) >= OTHER_LANGUAGE
            part = segment.part(same[0].start, same[-1].end)
            parts.append(replace(part, language=code, uncertain=segment.uncertain or not certain_voice))
    return parts


def _likeliest(probabilities: Probabilities) -> tuple[str, float]:
    return max(probabilities.items(), key=lambda item: item[1])
