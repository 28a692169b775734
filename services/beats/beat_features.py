"""Features of a beat grid, from which its level, its metre and its downbeats are judged."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from services.beats.harmony import Harmony
from services.beats.onsets import FPS, Floats, Onsets, local_maximum
from services.beats.tracking import Frames, tempo

Features = dict[str, float]
"""The names are keys of weights.json."""

STRENGTHS: Final = ("low", "middle", "high")
ACCENTS: Final = (
    *STRENGTHS, *(f"{view} halfway" for view in STRENGTHS), "chord", "bass", "chord nearby", "bass nearby",
)  # fmt: skip
"""Rows of `accents`: onset strengths on the beat and halfway to the next, and changes of harmony, which are compared
over two beats and over one."""
HARMONIC: Final = slice(6, 10)
MIN_SPREAD: Final = np.array([0.25] * 6 + [0.06] * 4)
"""Minimum standard deviation of each row, so that small differences between beats are not amplified."""
MAX_ACCENT: Final = 2.5
POSITIONS: Final = (0.0, 1 / 2, 1 / 4, 3 / 4, 1 / 3, 2 / 3)
"""Positions between two beats at which beats are compared with each other, as shares of the interval."""
FLOOR: Final = 0.2
STEADY: Final = 1.5
"""Minimum onset strength of a played beat, as a multiple of the local mean."""
TYPICAL_BPM: Final = 110.0
METRE_LENGTHS: Final = (2, 3, 4, 5, 7)
MAX_LAG_BARS: Final = 3
"""A pattern is compared with the following bars up to this distance."""
MIN_PAIRS: Final = 4
SECTION_BEATS: Final = (4, 8)
"""Lengths in beats of what is compared before and after a beat to find the start of a section."""
MIN_LEVEL_DB: Final = -60.0
LOUD_DB: Final = -30.0
"""Level at which music begins, relative to its loudest frame."""
START_FRAMES: Final = 40
LEAD_FRAMES: Final = 6
START_TOLERANCE: Final = 0.12
"""Maximum distance of the first onset from a beat, as a share of the interval."""


@dataclass(frozen=True)
class BeatFeatures:
    """Everything that is known about the beats at `frames`.

    `level` describes the beats as a whole; `triple` compares a division of each beat by three with one by two.
    `accents`, [row, beat], are standardized, as are the rows of `marks`: how loud each beat is in all bands, how much
    the music changes there, and how full the beat before it is. `similarity` of bars by their number of beats is the
    correlation at lags of whole bars, minus that at other lags. `opening` is the beat with which the music begins after
    silence, if known. `downbeat_evidence`, [beat], does not come from the onsets: see `beat_features`.
    """

    frames: Frames
    tempo_bpm: float
    level: Features
    triple: Features
    accents: Floats
    marks: Floats
    similarity: dict[int, float]
    opening: int | None
    downbeat_evidence: Floats

    @property
    def octaves(self) -> float:
        """Distance of the tempo from a typical one, in octaves."""
        return float(np.log2(self.tempo_bpm / TYPICAL_BPM))


def beat_features(
    onsets: Onsets,
    harmony: Harmony,
    frames: Frames,
    *,
    whole: bool = True,
    downbeat_evidence: Floats | None = None,
) -> BeatFeatures:
    """Return the features of at least two beats; `whole` if the onsets begin where the song does.

    `downbeat_evidence` is the log likelihood ratio of a downbeat, compared with another beat, if there is a beat at
    each frame of the onsets; 0 where nothing is known.
    """
    views = {"flux": onsets.superflux, **{name: getattr(onsets, name) for name in STRENGTHS}}
    strengths = {name: local_maximum(view) for name, view in views.items()}
    bpm = 60 * FPS * tempo(frames)
    at = {
        f"{view} at {part}": _log(_between(strength, frames, where))
        for view, strength in strengths.items()
        for part, where in (("beats", (0.0,)), ("halves", (1 / 2,)), ("thirds", (1 / 3, 2 / 3)))
    }
    return BeatFeatures(
        frames,
        bpm,
        _level(at, strengths, harmony, frames, bpm),
        {
            f"{view} in three": min(at[f"{view} at thirds"], at[f"{view} at beats"]) - at[f"{view} at halves"]
            for view in strengths
        }
        | {"first third": compound_share(strengths["flux"], frames)},
        accents(onsets, harmony, frames),
        _marks(onsets, frames),
        _similarities(strengths, frames),
        _opening(onsets, frames) if whole else None,
        np.zeros(len(frames)) if downbeat_evidence is None else downbeat_evidence[frames],
    )


def accents(onsets: Onsets, harmony: Harmony, frames: Frames) -> Floats:
    """Return `ACCENTS` of each beat, [row, beat], as its distance from the mean of all beats in standard deviations."""
    gaps = np.diff(frames, append=2 * frames[-1] - frames[-2])
    halfway = np.minimum(np.rint(frames + gaps / 2).astype(int), len(onsets.full) - 1)
    strengths = [local_maximum(getattr(onsets, view)) for view in STRENGTHS]
    rows = [np.log1p(strength[where]) for where in (frames, halfway) for strength in strengths]
    for beats in (2, 1):
        rows += harmony.change(frames / FPS, beats * gaps / FPS)
    standard = _standardized(np.stack(rows), MIN_SPREAD[:, None])
    standard[HARMONIC] *= harmony.pitched
    return standard


def compound_share(strength: Floats, frames: Frames) -> float:
    """Return how many more beats have an onset at their first third than halfway, -1 to 1.

    Swung beats have one at the last third only.
    """
    third, half = (float(np.mean(_between(strength, frames, (part,)) > STEADY)) for part in (1 / 3, 1 / 2))
    return third - half


def _level(at: Features, strengths: dict[str, Floats], harmony: Harmony, frames: Frames, bpm: float) -> Features:
    low, middle, flux = (_between(strengths[view], frames, (0.0,)) for view in ("low", "middle", "flux"))
    octaves = float(np.log2(bpm / TYPICAL_BPM))
    changes = _change(harmony, frames, 0.0) - _change(harmony, frames, 1 / 2)
    return {name: value for name, value in at.items() if not name.endswith("thirds")} | {
        "low is steady": float(np.mean(low > STEADY)),
        "flux is steady": float(np.mean(flux > STEADY)),
        "middle answers low": -_alternation(low) * _alternation(middle),
        "every other one": abs(_alternation(low)) + abs(_alternation(middle)),
        "harmony": harmony.pitched * changes,
        "tempo": octaves,
        "slow": -(min(octaves, 0) ** 2),
        "fast": -(max(octaves, 0) ** 2),
    }


def _marks(onsets: Onsets, frames: Frames) -> Floats:
    """Return three rows, [row, beat]: loudness of each beat, change of the music there, fullness of the beat before."""
    loud = sum(np.log1p(local_maximum(view)[frames]) for view in (onsets.full, onsets.low, onsets.high))
    level = np.maximum(onsets.loudness, MIN_LEVEL_DB) / 12
    rows = [*(np.log1p(getattr(onsets, view)) for view in STRENGTHS), level]
    ends = np.append(frames[1:], len(level))
    of_beats = np.stack([np.add.reduceat(row, frames) / (ends - frames) for row in rows])
    full = of_beats[0] + of_beats[1]
    return np.stack(
        [
            _standardized(np.asarray(loud), 0.25),
            _standardized(_novelty(of_beats), 0.05),
            np.roll(_standardized(full, 0.1), 1),
        ]
    )


def _novelty(rows: Floats) -> Floats:
    """Return how much the means of the beats before and after each beat differ, [beat]: Foote, ICME 2000."""
    count = rows.shape[1]
    total = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(rows, axis=1)], axis=1)
    found = np.zeros(count)
    here = np.arange(2, count - 1)
    for reach in SECTION_BEATS:
        start, end = np.maximum(0, here - reach), np.minimum(count, here + reach)
        before = (total[:, here] - total[:, start]) / (here - start)
        after = (total[:, end] - total[:, here]) / (end - here)
        found[here] += np.linalg.norm(after - before, axis=0)
    return found


def _similarities(strengths: dict[str, Floats], frames: Frames) -> dict[int, float]:
    pattern = np.log1p(np.concatenate([_between(strengths[view], frames, POSITIONS) for view in STRENGTHS]))
    spread = np.maximum(pattern.std(axis=1, keepdims=True), FLOOR)
    pattern = (pattern - pattern.mean(axis=1, keepdims=True)) / spread
    beats = pattern.shape[1]
    correlations = np.array(
        [
            float(np.mean(pattern[:, :-lag] * pattern[:, lag:])) if beats >= lag + MIN_PAIRS else 0.0
            for lag in range(1, MAX_LAG_BARS * max(METRE_LENGTHS) + 1)
        ]
    )
    lags = np.arange(1, len(correlations) + 1)
    found = {}
    for length in METRE_LENGTHS:
        near = lags <= MAX_LAG_BARS * length
        whole = lags % length == 0
        found[length] = float(correlations[near & whole].mean() - correlations[near & ~whole].mean())
    return found


def _opening(onsets: Onsets, frames: Frames) -> int | None:
    """Return the beat with which the music begins after silence; None if it begins between beats, or at once."""
    first = int(np.argmax(onsets.loudness > LOUD_DB))
    if first <= LEAD_FRAMES:
        return None
    strong = np.flatnonzero(onsets.full[first : first + START_FRAMES] > STEADY)
    start = first + (int(strong[0]) if len(strong) else 0)
    beat = int(np.abs(frames - start).argmin())
    close = abs(int(frames[beat]) - start) < START_TOLERANCE * float(np.median(np.diff(frames)))
    return beat if close else None


def _change(harmony: Harmony, frames: Frames, part: float) -> float:
    reach = np.diff(frames) / FPS
    change, bass = harmony.change(frames[:-1] / FPS + part * reach, reach)
    return float(change.mean() + bass.mean())


def _between(strength: Floats, marks: Frames, parts: tuple[float, ...]) -> Floats:
    """Return strengths at parts of the interval from each mark to the next, [part, mark]."""
    gaps = np.diff(marks)
    return np.stack([strength[np.rint(marks[:-1] + part * gaps).astype(int)] for part in parts])


def _standardized(values: Floats, min_spread: float | Floats) -> Floats:
    spread = np.maximum(values.std(axis=-1, keepdims=True), min_spread)
    return np.asarray(np.clip((values - values.mean(axis=-1, keepdims=True)) / spread, -MAX_ACCENT, MAX_ACCENT))


def _log(strengths: Floats) -> float:
    return float(np.log(FLOOR + strengths.mean()))


def _alternation(strengths: Floats) -> float:
    """Return how much stronger even beats are than odd beats, -1 to 1."""
    even, odd = float(strengths[:, ::2].mean()), float(strengths[:, 1::2].mean())
    return (even - odd) / (even + odd + 0.5)
