"""Lines of what was heard, every word of them timed."""

from collections.abc import Callable, Sequence
from itertools import chain

from services.transcriber.alignment.forced_alignment import SAMPLE_HZ, Aligner, Samples, fitted
from services.transcriber.alignment.onsets import snapped
from services.transcriber.text.lyrics import Line, Word
from services.transcriber.text.phrasing import lines, reshaped, settled

MARGINS_SECONDS = (0.2, 0.4)
"""How far beyond what whisper heard in one go it is looked for: words that are misheard wander into what is beyond."""


def timed(
    phrases: Sequence[Sequence[Word]], samples: Samples, aligner: Aligner | None, report: Callable[[float], None]
) -> list[Line]:
    """On onsets of the voice, then by the aligner, phrase by phrase; cut into lines by the breaths that these show."""
    duration = len(samples) / SAMPLE_HZ
    words = settled(snapped(settled([*chain(*phrases)], duration), samples), duration)
    if aligner:
        whole = [Line(tuple(phrase)) for phrase in reshaped(words, phrases)]
        words = [*chain(*fitted(whole, samples, aligner, report, MARGINS_SECONDS))]
    return lines(reshaped(words, phrases))
