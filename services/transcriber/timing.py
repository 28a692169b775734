"""Lines of what was heard, every word of them timed."""

from collections.abc import Callable, Sequence
from itertools import chain

from services.transcriber.fitting import SAMPLE_HZ, Aligner, Samples, fitted
from services.transcriber.lyrics import Line, Word
from services.transcriber.onsets import snapped
from services.transcriber.phrasing import lines, reshaped, settled

MARGINS_SECONDS = (0.2, 0.4)
"""How far beyond what whisper heard in one go it is looked for: words that are misheard wander into what is beyond."""


def timed(
    phrases: Sequence[Sequence[Word]], samples: Samples, aligner: Aligner | None, report: Callable[[float], None]
) -> list[Line]:
    """By the aligner, phrase by phrase, else by onsets of the voice; cut into lines by the breaths that these show."""
    duration = len(samples) / SAMPLE_HZ
    heard = settled([*chain(*phrases)], duration)
    if aligner:
        whole = [Line(tuple(phrase)) for phrase in reshaped(heard, phrases)]
        words = [*chain(*fitted(whole, samples, aligner, report, MARGINS_SECONDS))]
    else:
        words = settled(snapped(heard, samples), duration)
    return lines(reshaped(words, phrases))
