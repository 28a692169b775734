"""Lines of what was heard, every word of them timed."""

from collections.abc import Callable, Sequence
from itertools import chain

from services.transcriber.fitting import SAMPLE_HZ, Aligner, Samples, fitted
from services.transcriber.lyrics import Line, Word
from services.transcriber.onsets import snapped
from services.transcriber.phrasing import lines, reshaped, settled


def timed(
    phrases: Sequence[Sequence[Word]], samples: Samples, aligner: Aligner | None, report: Callable[[float], None]
) -> list[Line]:
    """Cut into lines twice: to align them, and by the breaths that better times show."""
    duration = len(samples) / SAMPLE_HZ
    heard = settled([*chain(*phrases)], duration)
    if aligner:
        words = [*chain(*fitted(lines(reshaped(heard, phrases)), samples, aligner, report))]
    else:
        words = settled(snapped(heard, samples), duration)
    return lines(reshaped(words, phrases))
