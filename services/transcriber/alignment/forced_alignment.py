"""Lines fitted to the sound, each to its own stretch of the song, a little more than where its words were heard.

An aligner finds where the sounds of a word begin: wav2vec2 where there is a model for the language, pocketsphinx for
English where not. What has no sounds of its own, a symbol, is filled in between its neighbours.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.transcriber.alignment.time_transfer import spread
from services.transcriber.text.lyrics import Line, Word
from services.transcriber.text.phrasing import reshaped, settled

SAMPLE_HZ = 16_000
MARGINS_SECONDS = (0.3, 0.15, 0.6)
"""How far beyond its words a line is looked for; the next one where the aligner finds no way through."""

Samples = NDArray[np.float32]  # mono, 16 kHz


class Aligner(Protocol):
    name: str

    def aligned(self, words: Sequence[Word], samples: Samples, start: float, end: float) -> list[Word]:
        """The words, sung between `start` and `end` seconds, with better times where found; else the very words."""


def fitted(
    lines: Sequence[Line],
    samples: Samples,
    aligner: Aligner,
    report: Callable[[float], None],
    margins: Sequence[float] = MARGINS_SECONDS,
) -> list[list[Word]]:
    """The words of each line, in order and without overlap.

    A line of which no word was heard stays a guess, however well it could be fitted in.
    """
    better = []
    for done, line in enumerate(lines, 1):
        words = _line(line, samples, aligner, margins)
        anchored = any(word.confidence for word in line.words)
        better.append(words if anchored else [replace(word, estimated=True) for word in words])
        report(done / len(lines))
    return reshaped(settled([word for words in better for word in words], len(samples) / SAMPLE_HZ), better)


def _line(line: Line, samples: Samples, aligner: Aligner, margins: Sequence[float]) -> list[Word]:
    for margin in margins:
        end = min(len(samples) / SAMPLE_HZ, line.end + margin)
        better = aligner.aligned(line.words, samples, max(0.0, line.start - margin), end)
        if any(new is not old for new, old in zip(better, line.words, strict=True)):
            return _filled(better, line.words)
    return list(line.words)


def _filled(words: Sequence[Word], before: Sequence[Word]) -> list[Word]:
    """What the aligner left as it was `before` keeps its time between its neighbours or shares what they leave."""
    filled = list(words)
    for is_left, indices in groupby(range(len(words)), key=lambda index: words[index] is before[index]):
        if not is_left:
            continue
        run = list(indices)
        start = filled[run[0] - 1].end if run[0] else min(words[0].start, words[run[-1] + 1].start)
        end = words[run[-1] + 1].start if run[-1] + 1 < len(words) else max(words[-1].end, start)
        inside = start <= words[run[0]].start and words[run[-1]].end <= end
        spans = [] if inside else spread([words[index] for index in run], [(start, max(start, end))])
        for index, span in zip(run, spans or [(words[at].start, words[at].end) for at in run], strict=True):
            filled[index] = replace(words[index], start=span[0], end=span[1], estimated=True)
    return filled
