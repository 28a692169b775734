"""Measure the choice of tempo, metre and downbeats on songs of sources to which it was not fitted.

Patterns and weights are fitted several times, each time without some of the sources. Then the songs of these sources
are measured, and other programs on the same songs. A source is a style of the generated songs, or a collection of
scores. The tables are written into docs/evaluation.
"""

import argparse
import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import Progress, track

from services.beats.bars import COMPOUND, Patterns
from services.beats.beat_grid import LATENCY_SECONDS
from services.beats.confidence import metre_evidence
from services.beats.meter_hypotheses import Hypothesis, Meter, choose, hypothesis_of
from services.beats.onsets import FPS
from tests.evaluation import left_out_tables, peer, plots, render, tables
from tests.evaluation.ablations import FEATURES
from tests.evaluation.answer import Answer
from tests.evaluation.calibration import Judged, by_confidence, calibrations, evidences
from tests.evaluation.datasets import PAGE, Item
from tests.evaluation.fitting import Song, analysed, fit, learn_patterns, songs_of
from tests.evaluation.measures.rhythm import score
from tests.evaluation.results import Result, Results, result_of, results
from tests.evaluation.systems import OURS
from tests.evaluation.training_songs import TRAINING_SONGS, folds
from tests.evaluation.truth import Beat

FOLDS: Final = 5
SET: Final = "left out"
BEATLESS: Final = "no-beat"
"""The names of clips without a beat begin with this."""
PEERS: Final = ("librosa", "essentia", "madmom, 2 to 7 in a bar")
SOURCES_PAGE = PAGE.with_name("rhythm-sources.md")


@dataclass(frozen=True)
class LeftOut:
    """A song, and its hypotheses and weights from a fit without the sources of its fold."""

    song: Song
    fold: int
    hypotheses: tuple[Hypothesis, ...]
    weights: Mapping[str, float]

    def choice(self, weights: Mapping[str, float] | None = None) -> Meter | None:
        """Return the choice, also by other weights; None if there are no beats."""
        return choose(self.hypotheses, weights or self.weights) if self.hypotheses else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--songs", type=Path, default=TRAINING_SONGS, help="training songs (default: %(default)s)")
    parser.add_argument("--clips", type=Path, default=render.CLIPS, help="the generated set (default: %(default)s)")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=PEERS, help="other programs (default: all)")
    parser.add_argument("--print", dest="write", action="store_false", help="print the tables instead of writing them")
    arguments = parser.parse_args()
    songs = songs_of(arguments.songs)
    render.render(arguments.clips, only=BEATLESS)
    every = left_out(songs, analysed(sorted(arguments.clips.glob(f"{BEATLESS}*.json"))))
    judged = judgements(every)
    confidences = calibrations(judged)
    chosen = [each for each in every if each.song.truth.beats]
    with Progress() as progress:
        found = measured(chosen, arguments.peers, progress)
    best = {each.song.truth.name: max(each.song.beat_f, default=0.0) for each in chosen}
    sections = {
        (PAGE, "left out"): left_out_tables.by_group(found, best),
        (PAGE, "choice ablations"): left_out_tables.by_ablation(found.by_system[OURS], ablated(chosen)),
        (PAGE, "calibration"): by_confidence(confidences, judged),
        (SOURCES_PAGE, "sources"): left_out_tables.by_source(found, best),
    }
    if arguments.write:
        plots.reliability(confidences, ("mean beat F", "share of right metres"), PAGE.with_name("reliability.svg"))
    for (page, name), content in sections.items():
        if arguments.write:
            tables.write(page, name, content)
        else:
            Console(soft_wrap=True).print(f"# {name}\n\n{content}\n", markup=False)


def left_out(songs: Sequence[Song], beatless: Sequence[Song] = ()) -> list[LeftOut]:
    """Return every song with hypotheses and weights fitted to the songs of other sources.

    Clips without a beat follow; they take no part in any fit.
    """
    fold_of = folds([song.truth for song in songs], FOLDS)
    tasks = [
        (
            fold,
            [song for song, its in zip(songs, fold_of, strict=True) if its != fold],
            [*(song for song, its in zip(songs, fold_of, strict=True) if its == fold), *beatless[fold::FOLDS]],
        )
        for fold in range(FOLDS)
    ]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return [each for fold in track(pool.map(_fold, tasks), description="Fitting", total=FOLDS) for each in fold]


def with_weights(song: Song, fold: int, known: Patterns, weights: Mapping[str, float]) -> LeftOut:
    hypotheses = (hypothesis_of(each, known) for each in song.heard)
    return LeftOut(song, fold, tuple(each for each in hypotheses if each.bars), weights)


def judgements(songs: Sequence[LeftOut]) -> list[Judged]:
    """Return the choices with what their confidences are computed from; songs without candidates are omitted."""
    chosen = [(each, meter) for each in songs if (meter := each.choice())]
    evidence = evidences([(each.song.onsets, meter.frames, meter.beat_probability) for each, meter in chosen])
    found = []
    for (each, meter), of_beats in zip(chosen, evidence, strict=True):
        known = each.song.truth
        scored = score(known, answer_of(meter)) if known.beats else None
        of_metre = metre_evidence(meter.metre_probability)
        found.append(
            Judged(each.fold, of_beats, of_metre, scored.f if scored else 0.0, scored.metre if scored else None)
        )
    return found


def measured(songs: Sequence[LeftOut], peers: Sequence[str], progress: Progress) -> Results:
    """Return the results of our choices, and of other programs with these names."""
    items = [_item(each) for each in songs]
    systems = [replace(system, sets=(SET,)) for system in peer.SYSTEMS if system.name in peers]
    found = results("rhythm", systems, items, progress)
    return replace(found, by_system={OURS: [_result(each, each.choice()) for each in songs], **found.by_system})


def ablated(songs: Sequence[LeftOut]) -> dict[str, list[Result]]:
    """Return the results of the choices without some features, by label. Their weights are omitted, not fitted anew."""
    found: dict[str, list[Result]] = {}
    for label, names in track(FEATURES.items(), description="Ablations"):
        for each in songs:
            weights = {name: weight for name, weight in each.weights.items() if not re.search(names, name)}
            found.setdefault(label, []).append(_result(each, each.choice(weights)))
    return found


def answer_of(meter: Meter | None) -> Answer:
    """Return the chosen beats and bars; unlike a real answer, they are reported at any confidence."""
    if meter is None:
        return Answer()
    count = meter.beats_per_bar
    return Answer(
        beats=tuple(
            Beat(float(frame / FPS - LATENCY_SECONDS), (index - meter.first) % count + 1)
            for index, frame in enumerate(meter.frames)
        ),
        tempo_bpm=meter.tempo_bpm,
        time_signature="6/8" if meter.metre == COMPOUND else f"{meter.metre}/4",
    )


def _fold(task: tuple[int, list[Song], list[Song]]) -> list[LeftOut]:
    """Return the second songs with weights fitted to the first ones."""
    fold, others, held = task
    known = learn_patterns(others)
    weights = fit(others, known)
    return [with_weights(song, fold, known, weights) for song in held]


def _result(song: LeftOut, meter: Meter | None) -> Result:
    return result_of("rhythm", _item(song), answer_of(meter))


def _item(song: LeftOut) -> Item:
    return Item(SET, song.song.audio, song.song.truth)


if __name__ == "__main__":
    main()
