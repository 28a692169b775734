"""Tables of lyrics and stems."""

import numpy as np
import soundfile

from tests.evaluation.datasets import SETS, Item
from tests.evaluation.measures.lyrics import close
from tests.evaluation.prepared import separated
from tests.evaluation.results import Result, Results
from tests.evaluation.systems import OURS_LYRICS
from tests.evaluation.tables import NOTHING, count, figure, mean, table

HEAD = (
    "",
    "word errors",
    "median clip",
    "start, ms",
    "median",
    "within 0.3 s",
    "wordless with words",
    "language",
    "s/min",
)
STEMS = ("vocals", "instrumental", "drums", "bass", "other")


def by_system(results: Results) -> str:
    """Return a table for each set; errors of starts are those of correctly recognized words."""
    return "\n\n".join(
        f"### {set_name.capitalize()}\n\n{_of_set(results, set_name)}"
        for set_name in SETS
        if any(results.of(system, set_name) for system in results.by_system)
    )


def ablations(results: Results, set_name: str) -> str:
    names = [OURS_LYRICS, *(name for name in results.by_system if name.startswith(f"{OURS_LYRICS} without"))]
    return table(HEAD, [[name.removeprefix(f"{OURS_LYRICS} "), *_row(results.of(name, set_name))] for name in names])


def stems(items: list[Item]) -> str:
    """Return a table of the SDR in dB of the embedded separator, for songs with true stems."""
    rows = []
    for set_name in SETS:
        with_stems = [item for item in items if item.set == set_name and item.stems]
        parts = [separated(item) for item in with_stems]
        if parts:
            pace = sum(part.seconds for part in parts) / sum(
                soundfile.info(item.audio).duration / 60 for item in with_stems
            )
            decibels = (mean((part.sdr.get(stem) for part in parts), 1) for stem in STEMS)
            rows.append([set_name, str(len(parts)), *decibels, figure(pace, 1)])
    return table(("", "songs", *STEMS, "s/min"), rows)


def _of_set(results: Results, set_name: str) -> str:
    rows = [[name, *_row(results.of(name, set_name))] for name in results.by_system if " without " not in name]
    rows += [[name, f"not installed: {why}", *[""] * (len(HEAD) - 2)] for name, why in results.absent.items()]
    return table(HEAD, rows)


def _row(results: list[Result]) -> list[str]:
    scores = [result.lyrics for result in results if result.lyrics and result.lyrics.true]
    words = sum(score.true for score in scores)
    starts = tuple(start for score in scores for start in score.starts)
    wordless = [result for result in results if result.item.wordless]
    known_language = [result for result in results if result.item.truth.language and result.item.truth.words]
    return [
        figure(sum(score.wrong for score in scores) / words) if words else NOTHING,
        figure(float(np.median([score.wrong / score.true for score in scores]))) if scores else NOTHING,
        figure(1000 * float(np.median(starts)), 0, "+") if starts else NOTHING,
        figure(1000 * float(np.median(np.abs(starts))), 0) if starts else NOTHING,
        figure(close(starts)),
        count(sum(len(result.answer.words) > 0 for result in wordless), len(wordless)),
        count(
            sum(result.answer.language == result.item.truth.language for result in known_language), len(known_language)
        ),
        figure(sum(r.answer.seconds for r in results) / sum(r.minutes for r in results), 1) if results else NOTHING,
    ]
