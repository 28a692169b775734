"""Detection of the languages that are sung, piece by piece.

A window of 30 s hides a second language: of two songs cut together, whisper names one with a probability of up to 0.98.
Pieces of a few seconds are as reliable as windows, and faster, because whisper's encoder takes less than 30 s as well.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Final

from services.transcriber.recognition.segments import Segment

PIECE_SECONDS: Final = 5.0
"""Shorter pieces, often of one line, are taken for another language too often."""
MIN_PROBABILITY: Final = 0.3
"""Where no language is likelier, nobody sings: 25 sung and spoken clips had 0.33 and more, a synthesizer 0.26."""
CERTAIN: Final = 0.7
"""A piece of a song is in a second language if that has this probability."""
MIN_PIECES: Final = 2
"""Pieces of a second language in a song. German singing without words was once Arabic with 0.73."""

Probabilities = Mapping[str, float]
"""Probability (0 to 1) by ISO 639-1 code."""


def pieces(segment: Segment) -> list[Segment]:
    """Split a segment at rests into pieces of at least `PIECE_SECONDS`, if it is longer than that."""
    cuts = [segment.start]
    for (_, end), (following, _) in pairwise(segment.voiced):
        if min(end - cuts[-1], segment.end - following) >= PIECE_SECONDS:
            cuts.append((end + following) / 2)
    return [segment.part(start, end) for start, end in pairwise([*cuts, segment.end])]


def main_language(sung: Mapping[Segment, Probabilities]) -> tuple[str, float]:
    """Return an ISO 639-1 code and its probability: the likeliest in all pieces, weighted by their seconds of voice."""
    total: Counter[str] = Counter()
    for piece, probabilities in sung.items():
        total.update({code: probability * piece.voiced_seconds for code, probability in probabilities.items()})
    [(code, most)] = total.most_common(1)
    voiced = sum(piece.voiced_seconds for piece in sung)
    return code, most / voiced if voiced else 0.0


def by_language(segments: Sequence[Segment], sung: Mapping[Segment, Probabilities], main: str) -> list[Segment]:
    """Split segments where the language changes; it is another one than `main` only where the evidence is clear.

    `sung` has the probabilities of each piece. An uncertain piece is in the language of the piece before. Segments of
    which no piece is certain are `uncertain`: they may be a choir without words, or an instrument.
    """
    likeliest = {piece: max(found.items(), key=lambda item: item[1]) for piece, found in sung.items()}
    certain = Counter(code for code, probability in likeliest.values() if probability >= CERTAIN)
    current, language = main, {}
    for piece, (code, probability) in likeliest.items():
        if probability >= CERTAIN and (code == main or certain[code] >= MIN_PIECES):
            current = code
        language[piece] = current
    parts = []
    for segment in segments:
        for code, group in groupby(pieces(segment), key=lambda piece: language[piece]):
            same = [*group]
            uncertain = segment.uncertain or all(likeliest[piece][1] < CERTAIN for piece in same)
            part = segment.part(same[0].start, same[-1].end)
            parts.append(replace(part, language=code, uncertain=uncertain))
    return parts
