"""Fits services/beats/weights.json: what speaks how much for a way to count a song.

A conditional logit: of all readings of a song those that are right, in beats, metre and first beat of the bar, are to
be the likeliest. On the tune half of the generated set and more songs in its styles, never on the report half.
"""

import argparse
import json
import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import librosa
import numpy as np
import soundfile
from numpy.typing import NDArray
from rich.progress import track
from scipy.optimize import minimize

from services.beats.harmony import harmony
from services.beats.meter_hypotheses import COMPOUND, hypotheses
from services.beats.onsets import FPS, HZ, onsets
from tests.evaluation import render, truth
from tests.evaluation.datasets import ROOT
from tests.evaluation.lessons import LESSONS, lessons
from tests.evaluation.measures.rhythm import f_measure
from tests.evaluation.truth import Truth

Floats = NDArray[np.float64]
Bounds = tuple[float | None, float | None]

WEIGHTS = ROOT / "services" / "beats" / "weights.json"
PULL = 0.006
"""How strongly weights are drawn to zero (ridge)."""
SHIFTS: Final = {2: -2.0, 3: 0.6, 4: 0.8, COMPOUND: -0.6}
"""Added to the log-odds of metres: songs that people bring are in four and three more often than those generated."""
RIGHT_BEATS, RIGHT_BARS = 0.9, 0.8
"""F-measures from which on a reading is right."""


SIGNS: Final = {
    r".* at thirds in 3|.* lopsided in 3|.* in three": (0.0, None),
    r".* at thirds in [246]|.* lopsided in 6|.* at sixths in 3": (None, 0.0),
}
"""What can speak only for, or only against, a metre: bars of three are struck at their thirds."""


@dataclass(frozen=True)
class Lesson:
    """The evidence for each reading of a song, [reading, name], and which of them are right."""

    evidence: Floats
    right: NDArray[np.bool_]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, default=render.CLIPS, help="the generated set (default: %(default)s)")
    parser.add_argument("--lessons", type=Path, default=LESSONS, help="where more songs are (default: %(default)s)")
    arguments = parser.parse_args()
    if missing := render.what_is_missing():
        raise SystemExit(missing)
    render.render(arguments.clips)
    paths = [*lessons(arguments.lessons), *sorted(arguments.clips.glob("*.json"))]
    paths = [path for path in paths if (known := truth.read(path)).split == "tune" and known.beats]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        heard = list(track(pool.map(_heard, paths), description="Listening", total=len(paths)))
    names = sorted({name for song in heard for evidence, _ in song for name in evidence})
    found = fitted(
        [
            Lesson(
                np.array([[each.get(name, 0.0) for name in names] for each, _ in song]),
                np.array([right for _, right in song]),
            )
            for song in heard
            if song
        ],
        [_bounds(name) for name in names],
    )
    weights = dict(zip(names, found.tolist(), strict=True))
    for metre, shift in SHIFTS.items():
        weights[f"bars in {metre}"] += shift
    WEIGHTS.write_text(json.dumps({name: round(weight, 3) for name, weight in weights.items()}, indent=1) + "\n")


def fitted(songs: Sequence[Lesson], bounds: Sequence[Bounds]) -> Floats:
    """The weight of each kind of evidence that makes right readings likeliest, by maximum likelihood with a ridge."""
    songs = [song for song in songs if song.right.any()]
    scale = np.concatenate([song.evidence for song in songs]).std(axis=0) + 1e-6
    scaled = [Lesson(song.evidence / scale, song.right) for song in songs]

    def loss(weights: Floats) -> tuple[float, Floats]:
        total, slope = PULL * float(weights @ weights), 2 * PULL * weights
        for song in scaled:
            scores = song.evidence @ weights
            likely = np.exp(scores - scores.max())
            likely /= likely.sum()
            right = likely * song.right
            share = right.sum() + 1e-12
            total -= float(np.log(share)) / len(scaled)
            slope -= song.evidence.T @ (right / share - likely) / len(scaled)
        return total, slope

    best = minimize(loss, np.zeros(len(scale)), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 300})
    return np.asarray(best.x / scale)


def _bounds(name: str) -> Bounds:
    return next((bounds for names, bounds in SIGNS.items() if re.fullmatch(names, name)), (None, None))


def _heard(path: Path) -> list[tuple[Mapping[str, float], bool]]:
    known = truth.read(path)
    stereo, rate = soundfile.read(path.with_suffix(".flac"), dtype="float32", always_2d=True)
    samples = librosa.resample(stereo.mean(axis=1), orig_sr=rate, target_sr=HZ)
    return [
        (each.features, _is_right(each.frames / FPS, each.metre, each.first, each.beats_per_bar, known))
        for each in hypotheses(onsets(samples), harmony(samples))
    ]


def _is_right(times: Floats, metre: int, first: int, beats_per_bar: int, known: Truth) -> bool:
    beats = np.array([beat.time for beat in known.beats])
    downbeats = np.array([beat.time for beat in known.beats if beat.position == 1])
    return (
        f"{metre}" == str(known.time_signature).partition("/")[0]
        and f_measure(beats, times) > RIGHT_BEATS
        and f_measure(downbeats, times[first::beats_per_bar]) > RIGHT_BARS
    )


if __name__ == "__main__":
    main()
