"""Forced alignment: each line is aligned to the part of the song around the times of its recognized words.

The aligner finds where the sounds of a word begin: wav2vec2 if there is a model for the language, otherwise
pocketsphinx for English. Words without sounds, such as symbols, are interpolated between their neighbours.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, groupby
from typing import Protocol

from services.transcriber.alignment.onsets import snap_to_onsets
from services.transcriber.alignment.time_transfer import distribute
from services.transcriber.audio import SAMPLE_HZ, Samples, Span
from services.transcriber.text.phrasing import regroup, resolve_overlaps, split_lines
from shared.lyrics.words import Line, Word

LINE_MARGINS_SECONDS = (0.3, 0.15, 0.6)
"""Audio before and after a line that is searched, too; the next margin is tried if the alignment fails."""
PHRASE_MARGINS_SECONDS = (0.2, 0.4)
"""The same for a recognized phrase. It is narrow, because misrecognized words drift into the surrounding audio."""


class Aligner(Protocol):
    name: str

    def align(self, words: Sequence[Word], samples: Samples, start: float, end: float) -> list[Word]:
        """Return the words with better times, between `start` and `end` seconds; the same object if none is found."""


def time_recognized(
    phrases: Sequence[Sequence[Word]],
    samples: Samples,
    aligners: Sequence[Aligner | None],
    report: Callable[[float], None],
) -> list[Line]:
    """Return recognized phrases as lines, with refined word times.

    Word starts move to onsets of the voice, then the aligner of each phrase refines it. The pauses that this reveals
    decide where lines end.
    """
    duration = len(samples) / SAMPLE_HZ
    words = resolve_overlaps([*chain(*phrases)], duration)
    words = resolve_overlaps(snap_to_onsets(words, samples), duration)
    whole = [Line(tuple(phrase)) for phrase in regroup(words, phrases)]
    words = [*chain(*align_lines(whole, samples, aligners, report, PHRASE_MARGINS_SECONDS))]
    return split_lines(regroup(words, phrases))


def align_lines(
    lines: Sequence[Line],
    samples: Samples,
    aligners: Sequence[Aligner | None],
    report: Callable[[float], None],
    margins: Sequence[float] = LINE_MARGINS_SECONDS,
) -> list[list[Word]]:
    """Return the words of each line, in order and without overlap, aligned if the line has an aligner.

    The words of a line stay marked as estimated if none of them was recognized, even if the alignment succeeds.
    """
    aligned = []
    song = (0.0, len(samples) / SAMPLE_HZ)
    for done, (line, aligner) in enumerate(zip(lines, aligners, strict=True), 1):
        words = align_line(line, samples, aligner, margins, song) if aligner else list(line.words)
        recognized = any(word.confidence for word in line.words)
        aligned.append(words if recognized else [replace(word, estimated=True) for word in words])
        report(done / len(lines))
    return regroup(resolve_overlaps([word for words in aligned for word in words], len(samples) / SAMPLE_HZ), aligned)


def align_line(line: Line, samples: Samples, aligner: Aligner, margins: Sequence[float], within: Span) -> list[Word]:
    """Return the words, searched around the line and `within` a time span; the same objects if none is found."""
    for margin in margins:
        start, end = max(within[0], line.start - margin), min(within[1], line.end + margin)
        if end <= start:
            continue
        aligned = aligner.align(line.words, samples, start, end)
        if any(new is not old for new, old in zip(aligned, line.words, strict=True)):
            return _interpolate(aligned, line.words)
    return list(line.words)


def _interpolate(words: Sequence[Word], before: Sequence[Word]) -> list[Word]:
    """Fit unaligned words, the same objects as in `before`, between their neighbours and mark them as estimated.

    They keep their times if these fit, otherwise they share the time between the neighbours.
    """
    fitted = list(words)
    for is_unaligned, indices in groupby(range(len(words)), key=lambda index: words[index] is before[index]):
        if not is_unaligned:
            continue
        run = list(indices)
        start = fitted[run[0] - 1].end if run[0] else min(words[0].start, words[run[-1] + 1].start)
        end = words[run[-1] + 1].start if run[-1] + 1 < len(words) else max(words[-1].end, start)
        fits = start <= words[run[0]].start and words[run[-1]].end <= end
        spans = [] if fits else distribute([words[index] for index in run], [(start, max(start, end))])
        for index, span in zip(run, spans or [(words[at].start, words[at].end) for at in run], strict=True):
            fitted[index] = replace(words[index], start=span[0], end=span[1], estimated=True)
    return fitted
