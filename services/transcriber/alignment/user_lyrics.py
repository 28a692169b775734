"""Word times for lyrics that the user supplied.

The recognized words, moved to onsets of the voice, give approximate times. Then each line is aligned to the part of the
song around these times, by wav2vec2 if there is a model for the language, otherwise by pocketsphinx for English. Other
languages keep these times.

Word starts against the truth, three English songs, one Spanish and one French, 409 words, vocals by the embedded
separator, whisper base:

| | English: within 0.3 s | median error | others: within 0.3 s | median error |
|---|---|---|---|---|
| times of whisper | 92 % | 0.03 s | 87 % | 0.14 s |
| moved to onsets first | 98 % | 0.03 s | 92 % | 0.06 s |

A line that is not sung, a missing line, an additional chorus, or typing errors in a tenth of the words took at most 4
points. Pocketsphinx on a whole song failed for two of the three songs. Rejecting moves of more than 0.4 s took 2 to 5
points: limiting the search to the part around the line is sufficient.
"""

from collections.abc import Callable, Sequence
from itertools import chain

import numpy as np

from services.transcriber.alignment.forced_alignment import Aligner, align_lines
from services.transcriber.alignment.given_times import check, measured, with_exact_times, word_windows
from services.transcriber.alignment.onsets import snap_to_onsets
from services.transcriber.alignment.time_transfer import Window, transfer_times
from services.transcriber.audio import SAMPLE_HZ, Samples, Span
from services.transcriber.text.phrasing import regroup, resolve_overlaps, wrap_lines
from services.transcriber.text.tokens import GivenLine
from shared.events import GivenTimes
from shared.lyrics.words import Line, Word

MOST_LOST = 0.05
"""Largest share of the recognized words that given times may exclude, if they fit."""


def time_user_lyrics(
    lyrics: Sequence[GivenLine],
    recognized: Sequence[Word],
    voiced: Sequence[Span],
    samples: Samples,
    *,
    language: str | None,
    aligner: Aligner | None,
    report: Callable[[float], None],
) -> tuple[list[Line], GivenTimes | None]:
    """Return the user's lines, at most 42 columns wide, with a time for every word, and the use of the given times.

    Given times are wrong if the recognized words rather follow the order in which the lines are written, or if many of
    them do not match near the given times.
    If no words were recognized and no times were given, all times are estimated and spread over the part with most of
    the song's energy.
    """
    duration = len(samples) / SAMPLE_HZ
    voiced = voiced or [_loud_part(samples)]
    recognized = resolve_overlaps(snap_to_onsets(resolve_overlaps(recognized, duration), samples), duration)

    def transferred(lines: Sequence[GivenLine], windows: Sequence[Window] = ()) -> list[list[Word]]:
        words = [*chain(*(line.words for line in lines))]
        words = transfer_times(words, recognized, voiced, duration, language, windows=windows)
        return regroup(resolve_overlaps(words, duration), [line.words for line in lines])

    as_written = sorted(lyrics, key=lambda line: line.number)
    timed, written = transferred(lyrics), transferred(as_written)
    better_written = _recognized(written) - _recognized(timed)
    times = check(lyrics, timed, duration) if better_written <= 0 else GivenTimes(used=False)
    if times and times.used:
        limited = transferred(lyrics, word_windows(lyrics, times.shift, duration))
        if _recognized(limited) >= (1 - MOST_LOST) * _recognized(timed):
            timed = limited
        else:
            times = GivenTimes(used=False)
    if times and not times.used:
        is_sung_as_written = better_written > 0 or (better_written == 0 and not _repeats(lyrics))
        timed, lyrics = (written, as_written) if is_sung_as_written else (timed, lyrics)
    lines = wrap_lines(timed)
    if aligner and recognized:
        lines = [Line(tuple(words)) for words in align_lines(lines, samples, [aligner] * len(lines), report)]
    if times and times.used:
        words = with_exact_times([*chain(*(line.words for line in lines))], lyrics, times.shift)
        times = measured(times, lyrics, words)
        lines = wrap_lines(regroup(resolve_overlaps(words, duration), [line.words for line in lyrics]))
    return lines, times


def _repeats(lines: Sequence[GivenLine]) -> bool:
    """Return whether a line has several times: then lines are not written in the order in which they are sung."""
    return len({line.number for line in lines}) < len(lines)


def _recognized(lines: Sequence[Sequence[Word]]) -> int:
    return sum(word.confidence > 0 for line in lines for word in line)


def _loud_part(samples: Samples) -> Span:
    """Return the part with the middle 90 % of the energy; of silence, all of it."""
    energy = np.cumsum(np.square(samples, dtype=np.float64))
    total = float(energy[-1]) if len(energy) else 0.0
    first, last = np.searchsorted(energy, [0.05 * total, 0.95 * total]) if total else (0, len(samples))
    return float(first) / SAMPLE_HZ, float(last) / SAMPLE_HZ
