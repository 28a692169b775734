"""Fit the choice of tempo, metre and downbeats: services/beats/patterns.json and weights.json.

left_out.py measures the choice on songs of sources to which it was not fitted. Real recordings are never used to fit.
"""

import argparse
import json
import os
import pickle
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from inspect import getsource
from pathlib import Path
from typing import Final

import numpy as np
from rich.progress import track
from scipy.optimize import minimize
from sklearn.cluster import KMeans

from services.beats.audio import duration, read
from services.beats.bars import METRES, Patterns, beats_of
from services.beats.beat_features import BeatFeatures, accents, beat_features
from services.beats.harmony import harmony, pitched
from services.beats.meter_hypotheses import Hypothesis, beat_candidates, hypothesis_of
from services.beats.onsets import FPS, HZ, Floats, Onsets, onsets
from services.beats.tones import tones
from services.beats.tracking import Frames
from tests.evaluation import render, truth
from tests.evaluation.datasets import ROOT, RUN
from tests.evaluation.measures.rhythm import f_measure
from tests.evaluation.prepared import fingerprint
from tests.evaluation.training_songs import TRAINING_SONGS, training_songs
from tests.evaluation.truth import Truth

BEATS = ROOT / "services" / "beats"
RIDGE: Final = 0.003
"""Strength of the ridge penalty, which pulls weights to zero."""
PATTERNS_OF: Final = {2: 4, 3: 6, 4: 10, 5: 4, 6: 4, 7: 5}
"""Number of patterns of each metre."""
MIN_BARS: Final = 3
SHRINK: Final = 0.5
"""Bars that are all equal, added to each cluster, so that a pattern of few songs has weak accents."""
BAND, BAND_IN_FOUR = 2.0, 4.0
"""Importance of a song with a band, and of one in 4/4, relative to drums alone and scores: users upload such songs."""
METRE_PRIORS: Final = {2: -1.0, 3: 0.1, 4: 0.1, 5: 0.0, 6: -0.3, 7: 0.0}
"""Added to the log-odds of metres, because songs are more often in four and three than the training songs."""
SILENCE: Final = -12.0
"""Weight of `mostly silent`, which is not fitted: a tempo at which most beats are silent is too fast."""
SEED: Final = 1
RIGHT_BEATS, RIGHT_BARS = 0.9, 0.8
"""F-measures above which beats and bars are correct."""
METRE_OF: Final = {
    "2/4": 2, "2/2": 2, "3/4": 3, "9/8": 3, "4/4": 4, "12/8": 4, "5/4": 5, "6/8": 6, "6/4": 6, "7/4": 7, "7/8": 7,
}  # fmt: skip


@dataclass(frozen=True)
class Song:
    """A song's candidates, and the F-measures of their beats and of their downbeats by beats per bar and first beat.

    `audio` is its file.
    """

    audio: Path
    truth: Truth
    onsets: Onsets
    heard: tuple[BeatFeatures, ...]
    beat_f: tuple[float, ...]
    downbeat_f: tuple[Mapping[tuple[int, int], float], ...]
    bar: Floats | None
    """Mean accents of the true bars, [position, row]."""

    @property
    def source(self) -> str:
        return self.truth.source

    @property
    def metre(self) -> int:
        return METRE_OF[self.truth.time_signature or "4/4"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--songs", type=Path, default=TRAINING_SONGS, help="training songs (default: %(default)s)")
    songs = songs_of(parser.parse_args().songs)
    known = learn_patterns(songs)
    rounded = {str(metre): bars.round(2).tolist() for metre, bars in known.items()}
    (BEATS / "patterns.json").write_text(json.dumps(rounded) + "\n")
    found = {name: round(weight, 3) for name, weight in fit(songs, known).items()}
    (BEATS / "weights.json").write_text(json.dumps(found, indent=1) + "\n")


def songs_of(folder: Path) -> list[Song]:
    """Return the training songs, which are rendered into `folder` if they are missing."""
    if missing := render.missing_packages():
        sys.exit(missing)
    return analysed(path for path in training_songs(folder) if truth.read(path).beats)


def analysed(paths: Iterable[Path]) -> list[Song]:
    """Return the songs beside truth files, cached until the source code of the beat tracker changes."""
    version = fingerprint(*sorted(BEATS.glob("*.py")), getsource(Song), getsource(analyse))
    cached = partial(_cached, folder=RUN / "analysed" / version)
    paths = list(paths)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return list(track(pool.map(cached, paths), description="Analysing", total=len(paths)))


def analyse(path: Path) -> Song:
    """Return the candidates of the song beside a truth file; it may have no beat."""
    known = truth.read(path)
    audio = path.with_suffix(".flac")
    samples = read(audio, duration(audio))
    heard = onsets(samples)
    tonal = harmony(samples, pitched(tones(samples, HZ)))
    candidates = tuple(beat_features(heard, tonal, frames) for frames in beat_candidates(heard))
    beats = np.array([beat.time for beat in known.beats])
    downbeats = np.array([beat.time for beat in known.beats if beat.position == 1])
    return Song(
        path.with_suffix(".flac"),
        known,
        heard,
        candidates,
        tuple(f_measure(beats, each.frames / FPS) for each in candidates),
        tuple(_downbeat_f(downbeats, each.frames) for each in candidates),
        _mean_bar(accents(heard, tonal, _frames(known, len(heard.full))), known) if known.beats else None,
    )


def learn_patterns(songs: Sequence[Song]) -> Patterns:
    """Return the centres of clusters of the songs' mean bars, by metre."""
    importance = _importance(songs)
    found = {}
    for metre in METRES:
        of_metre = [number for number, song in enumerate(songs) if song.metre == metre and song.bar is not None]
        bars = np.array([songs[number].bar for number in of_metre])
        weights = np.array([importance[number] for number in of_metre])
        clusters = min(PATTERNS_OF[metre], len(bars))
        means = KMeans(clusters, n_init=10, random_state=SEED).fit(bars.reshape(len(bars), -1), sample_weight=weights)
        inside = np.array([weights[means.labels_ == label].sum() for label in range(clusters)])
        centres = means.cluster_centers_.reshape(clusters, *bars.shape[1:])
        centres *= (inside / (inside + SHRINK))[:, None, None]
        found[metre] = centres - centres.mean(axis=1, keepdims=True)
    return found


def fit(songs: Sequence[Song], known: Patterns) -> dict[str, float]:
    """Return the weight of each feature by maximum likelihood with a ridge penalty."""
    data = []
    importance = _importance(songs)
    for song, important in zip(songs, importance, strict=True):
        hypotheses = [hypothesis_of(each, known) for each in song.heard]
        rows = [bars.features for hypothesis in hypotheses for bars in hypothesis.bars]
        right = np.array(_right(song, hypotheses))
        if right.any():
            data.append((rows, right, important))
    names = sorted({name for rows, _, _ in data for row in rows for name in row} - {"mostly silent"})
    tables = [np.array([[row.get(name, 0.0) for name in names] for row in rows]) for rows, _, _ in data]
    scale = np.concatenate(tables).std(axis=0) + 1e-6
    scaled = [(table / scale, right, weight) for table, (_, right, weight) in zip(tables, data, strict=True)]
    total = sum(weight for _, _, weight in scaled)

    def loss(weights: Floats) -> tuple[float, Floats]:
        value, slope = RIDGE * float(weights @ weights), 2 * RIDGE * weights
        for features, right, weight in scaled:
            scores = features @ weights
            probabilities = np.exp(scores - scores.max())
            probabilities /= probabilities.sum()
            chosen = probabilities * right
            share = chosen.sum() + 1e-12
            value -= weight / total * float(np.log(share))
            slope = slope - weight / total * (features.T @ (chosen / share - probabilities))
        return value, slope

    best = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    found = dict(zip(names, (best.x / scale).tolist(), strict=True))
    found |= {f"bars in {metre}": found[f"bars in {metre}"] + prior for metre, prior in METRE_PRIORS.items()}
    return found | {"mostly silent": SILENCE}


def _cached(path: Path, folder: Path) -> Song:
    file = folder / f"{path.stem}-{fingerprint(path.with_suffix('.flac'))}.pickle"
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        partly = file.with_suffix(".part")
        partly.write_bytes(pickle.dumps(analyse(path)))
        partly.rename(file)
    song: Song = pickle.loads(file.read_bytes())
    return song


def _importance(songs: Sequence[Song]) -> list[float]:
    """Return the weight of each song; a source counts as the square root of its songs."""
    counts = Counter(song.source for song in songs)
    return [
        (1.0 if {"drums only", "score"} & {*song.truth.tags} else BAND_IN_FOUR if song.metre == 4 else BAND)
        / counts[song.source] ** 0.5
        for song in songs
    ]


def _right(song: Song, hypotheses: Sequence[Hypothesis]) -> list[bool]:
    """Return a flag for each of all bars: true for the right beats in the right bars."""
    return [
        bars.metre == song.metre and beat_f > RIGHT_BEATS and downbeat_f[beats_of(bars.metre), bars.first] > RIGHT_BARS
        for hypothesis, beat_f, downbeat_f in zip(hypotheses, song.beat_f, song.downbeat_f, strict=True)
        for bars in hypothesis.bars
    ]


def _downbeat_f(downbeats: Floats, frames: Frames) -> dict[tuple[int, int], float]:
    return {
        (count, first): f_measure(downbeats, frames[first::count] / FPS)
        for count in {beats_of(metre) for metre in METRES}
        for first in range(count)
    }


def _frames(known: Truth, count: int) -> Frames:
    return np.array([round(beat.time * FPS) for beat in known.beats if beat.time * FPS < count - 1])


def _mean_bar(heard: Floats, known: Truth) -> Floats | None:
    count = max(beat.position for beat in known.beats)
    first = next(number for number, beat in enumerate(known.beats) if beat.position == 1)
    bars = (heard.shape[1] - first) // count
    if bars < MIN_BARS:
        return None
    return np.asarray(heard[:, first : first + bars * count].reshape(len(heard), bars, count).mean(axis=1).T)


if __name__ == "__main__":
    main()
