"""Fit services/beats/weights.json, the weights of the features of a metre hypothesis.

The model is a conditional logit: the correct hypotheses of a song, in beats, metre and first downbeat, get the highest
probability. It is fitted on the tune half of the generated set and more songs in its styles, never on the report half.
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
from tests.evaluation.measures.rhythm import f_measure
from tests.evaluation.training_songs import TRAINING_SONGS, training_songs
from tests.evaluation.truth import Truth

Floats = NDArray[np.float64]
Bounds = tuple[float | None, float | None]

WEIGHTS = ROOT / "services" / "beats" / "weights.json"
RIDGE = 0.006
"""Strength of the ridge penalty, which pulls weights to zero."""
SHIFTS: Final = {2: -2.0, 3: 0.6, 4: 0.8, COMPOUND: -0.6}
"""Added to the log-odds of metres, because real songs are more often in four and three than the generated ones."""
RIGHT_BEATS, RIGHT_BARS = 0.9, 0.8
"""F-measures above which a hypothesis is correct."""


SIGNS: Final = {
    r".* at thirds in 3|.* lopsided in 3|.* in three": (0.0, None),
    r".* at thirds in [246]|.* lopsided in 6|.* at sixths in 3": (None, 0.0),
}
"""Bounds of weights with a known sign, by pattern of names: bars of three have onsets at their thirds."""


@dataclass(frozen=True)
class TrainingSong:
    """Features of each hypothesis of a song, [hypothesis, feature], and flags of the correct ones."""

    features: Floats
    right: NDArray[np.bool_]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, default=render.CLIPS, help="the generated set (default: %(default)s)")
    parser.add_argument("--songs", type=Path, default=TRAINING_SONGS, help="training songs (default: %(default)s)")
    arguments = parser.parse_args()
    if missing := render.missing_packages():
        raise SystemExit(missing)
    render.render(arguments.clips)
    paths = [*training_songs(arguments.songs), *sorted(arguments.clips.glob("*.json"))]
    paths = [path for path in paths if (known := truth.read(path)).split == "tune" and known.beats]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        analysed = list(track(pool.map(_analyse, paths), description="Analysing", total=len(paths)))
    names = sorted({name for song in analysed for features, _ in song for name in features})
    found = fit(
        [
            TrainingSong(
                np.array([[each.get(name, 0.0) for name in names] for each, _ in song]),
                np.array([right for _, right in song]),
            )
            for song in analysed
            if song
        ],
        [_bounds(name) for name in names],
    )
    weights = dict(zip(names, found.tolist(), strict=True))
    for metre, shift in SHIFTS.items():
        weights[f"bars in {metre}"] += shift
    WEIGHTS.write_text(json.dumps({name: round(weight, 3) for name, weight in weights.items()}, indent=1) + "\n")


def fit(songs: Sequence[TrainingSong], bounds: Sequence[Bounds]) -> Floats:
    """Return the weight of each feature by maximum likelihood with a ridge penalty."""
    songs = [song for song in songs if song.right.any()]
    scale = np.concatenate([song.features for song in songs]).std(axis=0) + 1e-6
    scaled = [TrainingSong(song.features / scale, song.right) for song in songs]

    def loss(weights: Floats) -> tuple[float, Floats]:
        total, slope = RIDGE * float(weights @ weights), 2 * RIDGE * weights
        for song in scaled:
            scores = song.features @ weights
            probabilities = np.exp(scores - scores.max())
            probabilities /= probabilities.sum()
            right = probabilities * song.right
            share = right.sum() + 1e-12
            total -= float(np.log(share)) / len(scaled)
            slope -= song.features.T @ (right / share - probabilities) / len(scaled)
        return total, slope

    best = minimize(loss, np.zeros(len(scale)), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 300})
    return np.asarray(best.x / scale)


def _bounds(name: str) -> Bounds:
    return next((bounds for names, bounds in SIGNS.items() if re.fullmatch(names, name)), (None, None))


def _analyse(path: Path) -> list[tuple[Mapping[str, float], bool]]:
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
