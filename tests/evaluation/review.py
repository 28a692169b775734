"""Fit and measure the probability that a word of the lyrics is wrong (shared/lyrics/review.py).

The constants are fitted to the half "tune" of the generated set, and measured on the other half and on recordings.
Copy them to shared/lyrics/review.py when they have changed. The tables are written into docs/evaluation.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from random import Random
from typing import Final

import jiwer
import numpy as np
from rich.console import Console
from rich.progress import Progress
from scipy.special import expit

from services.beats.onsets import Floats
from services.transcriber.alignment.user_lyrics import time_user_lyrics
from services.transcriber.audio import read
from services.transcriber.text.tokens import GivenLine
from shared.lyrics.review import CONSTANTS, Evidence, Source, evidence, is_doubtful
from shared.lyrics.words import Word
from tests.evaluation import plots, prepared, render, tables
from tests.evaluation.answer import Answer
from tests.evaluation.calibration import Calibration, error, logistic
from tests.evaluation.datasets import PAGE, ROOT, SETS, items
from tests.evaluation.measures.lyrics import CLOSE_SECONDS, normalized
from tests.evaluation.results import Result, results
from tests.evaluation.systems import OURS_LYRICS, systems
from tests.evaluation.tables import NOTHING, figure, table

FITTED: Final = "tune"
LINE_WORDS: Final = 6
"""Words in each line of the lyrics that a user is assumed to send."""
UNHEARD: Final = 0.4
"""Share of the recognized lines that are deleted first, as if whisper had not understood them."""


@dataclass(frozen=True)
class Judged:
    """A word of a song of `set`, and whether it is wrong."""

    set: str
    song: str
    source: Source
    evidence: Evidence
    wrong: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, default=render.CLIPS, help="the generated set (default: %(default)s)")
    parser.add_argument(
        "--audio", type=Path, default=ROOT.parent / "shared" / "audio", help="real audio (default: %(default)s)"
    )
    parser.add_argument("--print", dest="write", action="store_false", help="print the tables instead of writing them")
    arguments = parser.parse_args()
    render.render(arguments.clips)
    ours = [system for system in systems() if system.name == OURS_LYRICS]
    wanted = [item for item in items(arguments.clips, arguments.audio) if item.truth.words]
    with Progress() as progress:
        found = results("lyrics", ours, wanted, progress).by_system[OURS_LYRICS]
    judged = [*chain(*(chain(heard(result), given(result)) for result in found))]
    content = by_set(judged)
    if arguments.write:
        tables.write(PAGE, "review", content)
        shown = [calibration(judged, "heard", ("report",)), calibration(judged, "heard", SETS[2:])]
        truths = ("wrong words, report half", "wrong words, sample song and real audio")
        plots.reliability(shown, truths, PAGE.with_name("review.svg"))
    else:
        Console(soft_wrap=True).print(content, markup=False)


def heard(result: Result) -> Iterator[Judged]:
    """Yield the recognized words, which are wrong if the alignment with the true ones says so."""
    answer, item = result.answer, result.item
    parts = [(text, index) for index, word in enumerate(answer.words) for text, _ in normalized((word,))]
    expected = " ".join(text for text, _ in normalized(item.truth.words))
    if not parts:
        return
    output = jiwer.process_words(expected, " ".join(text for text, _ in parts))
    right = {
        at
        for chunk in output.alignments[0]
        if chunk.type == "equal"
        for at in range(chunk.hyp_start_idx, chunk.hyp_end_idx)
    }
    wrong = {index for at, (_, index) in enumerate(parts) if at not in right}
    words = [
        {"start": word.start, "end": word.end, "confidence": confidence, "line": line}
        for word, (line, confidence) in zip(answer.words, answer.lines, strict=True)
    ]
    known = chain(*(evidence([*line]) for _, line in groupby(words, key=lambda word: word["line"])))
    for index, each in enumerate(known):
        if each:
            yield Judged(item.set, item.name, "heard", each, index in wrong)


def given(result: Result) -> Iterator[Judged]:
    """Yield the true words with the times that they get if a user sends them, of which whisper understood only some."""
    from services.transcriber import engine  # noqa: PLC0415 -- loads torch
    from services.transcriber.recognition.segments import find_segments  # noqa: PLC0415 -- as above
    from services.transcriber.settings import Settings  # noqa: PLC0415 -- as above

    answer, item, settings = result.answer, result.item, Settings()
    if any(word.start is None for word in item.truth.words):
        return
    random = Random(item.name)
    kept = {line: random.random() >= UNHEARD for line, _ in answer.lines}
    recognized = [word for word, line in _words(answer) if kept[line]]
    samples = read(prepared.separated(item).folder / "vocals.flac")
    segments = find_segments(engine._voice_detector(settings), samples)
    voiced = [*chain(*(segment.voiced for segment in segments))]
    words = [Word(word.text, 0.0, 0.0, 0.0, estimated=True) for word in item.truth.words]
    sent = [GivenLine(tuple(words[at : at + LINE_WORDS])) for at in range(0, len(words), LINE_WORDS)]
    aligner = engine._aligner(answer.language, settings) if answer.language and recognized else None
    lines, _ = time_user_lyrics(
        sent, recognized, voiced, samples, language=answer.language, aligner=aligner, report=lambda _: None
    )
    fields = [
        [{"start": word.start, "end": word.end, "confidence": word.confidence} for word in line.words] for line in lines
    ]
    starts = [word.start for line in lines for word in line.words]
    for known, start, true in zip(chain(*map(evidence, fields)), starts, item.truth.words, strict=True):
        if known and true.start is not None:
            yield Judged(item.set, item.name, "given", known, abs(start - true.start) > CLOSE_SECONDS)


def calibration(judged: Sequence[Judged], source: Source, sets: Sequence[str]) -> Calibration:
    """Return the probabilities of the words of these sets, with constants fitted to `FITTED` and the present ones."""
    words = [word for word in judged if word.source == source]
    tuned = [word for word in words if word.set == FITTED]
    constants = logistic(_matrix(tuned), _wrong(tuned), np.ones(len(tuned)))
    shown = [word for word in words if word.set in sets]
    matrix = _matrix(shown)
    return Calibration(
        "probability that a word is wrong",
        expit(matrix @ constants),
        expit(matrix @ np.array(CONSTANTS[source])),
        _wrong(shown),
        tuple(constants.tolist()),
    )


def by_set(judged: Sequence[Judged]) -> str:
    """Return a table with a row for each source of lyrics and set, and the fitted constants."""
    head = ("", "songs", "words", "wrong", "review", "error", "by song", "doubtful", "of these wrong", "of the wrong")
    rows, constants = [], []
    for source in sorted({word.source for word in judged}, reverse=True):
        for name in SETS:
            if words := [word for word in judged if (word.source, word.set) == (source, name)]:
                found = calibration(judged, source, (name,))
                rows.append([f"{source}, {name}", *_row(found, words)])
        fitted = calibration(judged, source, SETS)
        constants.append(f"`{source}`: {', '.join(f'{value:.2f}' for value in fitted.constants)}")
    return f"{table(head, rows)}\n\nFitted constants: {'; '.join(constants)}."


def _row(found: Calibration, words: Sequence[Judged]) -> list[str]:
    review, wrong = found.shipped, found.true
    source = words[0].source
    doubtful = np.array([is_doubtful(word.evidence, p, source) for word, p in zip(words, review, strict=True)])
    names = np.array([word.song for word in words])
    apart = [abs(review[names == song].mean() - wrong[names == song].mean()) for song in {*names}]
    return [
        str(len(apart)),
        str(len(wrong)),
        figure(wrong.mean()),
        figure(review.mean()),
        figure(error(review, wrong), 3),
        figure(float(np.mean(apart)), 3),
        figure(doubtful.mean()),
        figure(wrong[doubtful].mean()) if doubtful.any() else NOTHING,
        figure(doubtful[wrong > 0].mean()) if wrong.any() else NOTHING,
    ]


def _words(answer: Answer) -> Iterator[tuple[Word, int]]:
    """Yield the recognized words, each with the number of its line."""
    for word, (line, confidence) in zip(answer.words, answer.lines, strict=True):
        assert word.start is not None
        assert word.end is not None
        yield Word(word.text, word.start, word.end, confidence), line


def _matrix(judged: Sequence[Judged]) -> Floats:
    return np.array([word.evidence for word in judged])


def _wrong(judged: Sequence[Judged]) -> Floats:
    return np.array([float(word.wrong) for word in judged])


if __name__ == "__main__":
    main()
