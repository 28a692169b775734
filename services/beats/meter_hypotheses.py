"""Hypotheses about tempo, beats and metre, and the choice of the likeliest one.

The same song can be counted at half, double or two thirds of its tempo, or between its beats, and in bars of two to
seven beats that begin with any of them. Each sequence of beats is tracked through the song. Then a conditional logit
(McFadden, "Conditional logit analysis of qualitative choice behavior", 1974) scores all of its bars. The beats are
chosen by the sum over their bars, so that an uncertain metre does not decide the tempo; then the metre by the sum over
its downbeats; then the downbeats.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from scipy.special import logsumexp

from services.beats.bars import COMPOUND, METRES, Patterns, beats_of, fits, patterns, sum_on_downbeats
from services.beats.beat_features import BeatFeatures, Features, beat_features
from services.beats.candidates import tempo_candidates
from services.beats.harmony import Harmony
from services.beats.onsets import FPS, Floats, Onsets
from services.beats.tracking import FASTEST_BEAT_BPM, SLOWEST_BPM, Frames, has_valid_tempo, tempo, track

MIN_BEATS: Final = 8
MIN_BARS: Final = 3
MAX_EXTRA_BEATS, SAME_FRAMES, SAME_SHARE = 2, 3, 0.9
MAX_FIT_BEATS: Final = 60
"""More beats do not increase the fit, because deviations from a pattern repeat themselves."""
TYPICAL_BEATS: Final = 30
EIGHTHS, EIGHTHS_BPM = 7, 150.0
"""Seven beats per bar that are faster than this are eighth notes, which may be faster than other beats."""
EIGHTHS_IN_THREES: Final = (6, 9, 12)
"""Numbers of eighths in bars of two, three and four dotted quarters."""
EVIDENCE_SECONDS: Final = 30.0
"""More music does not increase the evidence for downbeats, because errors repeat themselves."""
FEW_BEATS: Final = 0.5
"""Share of played beats below which a tempo is too fast."""
MAX_LEAD: Final = 0.5
"""Greatest difference of similarities that counts."""
PREFER_TEMPO: Final = (2, 3, 4, COMPOUND)
"""Metres that have a typical tempo of their own."""
LOUDEST_SHARE: Final = 0.1


@dataclass(frozen=True)
class Bars:
    """Bars of `metre`; the first whole one begins with beat `first`.

    `downbeat_evidence` is that for their downbeats. It is added to the score of the features.
    """

    metre: int
    first: int
    features: Features
    downbeat_evidence: float = 0.0


@dataclass(frozen=True)
class Hypothesis:
    """Beats at `frames`, and all the bars in which they can be counted."""

    frames: Frames
    tempo_bpm: float
    bars: tuple[Bars, ...]


@dataclass(frozen=True)
class Meter:
    """The likeliest beats, metre and downbeats, and their probabilities, 0 to 1.

    `beat_probability` is that of the beats among all hypotheses; `metre_probability` that of the metre and
    `bar_probability` that of the bars, given these beats. `tempi` are the tempi of all hypotheses and their
    probabilities.
    """

    frames: Frames
    tempo_bpm: float
    metre: int
    first: int
    beat_probability: float
    metre_probability: float
    bar_probability: float
    tempi: tuple[tuple[float, float], ...]

    @property
    def beats_per_bar(self) -> int:
        return beats_of(self.metre)


def estimate_meter(
    onsets: Onsets,
    harmony: Harmony,
    beats: Frames | None = None,
    *,
    whole: bool = True,
    downbeat_evidence: Floats | None = None,
) -> Meter | None:
    """Return the likeliest meter of the given beats, by default of all candidates; None if no onsets repeat.

    The other arguments are those of `beat_features`.
    """
    candidates = beat_candidates(onsets) if beats is None else levels(beats, downbeat_evidence)
    heard = (
        beat_features(onsets, harmony, frames, whole=whole, downbeat_evidence=downbeat_evidence)
        for frames in candidates
    )
    found = [hypothesis for hypothesis in (hypothesis_of(each, patterns()) for each in heard) if hypothesis.bars]
    return choose(found, weights()) if found else None


def hypothesis_of(heard: BeatFeatures, known: Patterns) -> Hypothesis:
    """Return the beats with every metre of `known` and first downbeat that are possible at their tempo."""
    metres = [EIGHTHS] if heard.tempo_bpm > FASTEST_BEAT_BPM else METRES
    bars = (bar for metre in metres if metre in known for bar in _bars(heard, metre, known[metre]))
    return Hypothesis(heard.frames, heard.tempo_bpm, tuple(bars))


def with_downbeats(meter: Meter, heard: BeatFeatures) -> Meter:
    """Return the same beats and metre with the downbeats that other onsets of these beats suggest."""
    found = choose([hypothesis_of(heard, {meter.metre: patterns()[meter.metre]})], weights())
    return replace(meter, first=found.first, bar_probability=meter.metre_probability * found.bar_probability)


def beat_candidates(onsets: Onsets) -> Iterator[Frames]:
    """Yield each sequence of beats with a valid tempo once, because similar tempi may lead to the same beats."""
    strength = onsets.superflux + onsets.low
    seen: list[Frames] = []
    for bpm in tempo_candidates(strength, onsets.low):
        frames = track(strength, bpm)
        if len(frames) > MIN_BEATS and not has_valid_tempo(frames):
            frames = track(strength, bpm, strict=True)
        if len(frames) > MIN_BEATS and not any(_same(frames, other) for other in seen):
            seen.append(frames)
            yield frames
            yield (frames[:-1] + frames[1:]) // 2


def levels(beats: Frames, downbeat_evidence: Floats | None = None) -> Iterator[Frames]:
    """Yield the beats; if their tempo is out of range, every other one, or the beats and others halfway between them.

    Also yield every third one, if bars of 6, 9 or 12 beats show that they are eighths.
    """
    if len(beats) <= MIN_BEATS:
        return
    if has_valid_tempo(beats):
        yield beats
    bpm = 60 * FPS * tempo(beats)
    if bpm < SLOWEST_BPM:
        yield from levels(np.sort(np.concatenate([beats, (beats[:-1] + beats[1:]) // 2])))
    if bpm > FASTEST_BEAT_BPM:
        yield from levels(beats[::2])
        yield from levels(beats[1::2])
    if downbeat_evidence is not None:
        lengths = np.diff(np.flatnonzero(downbeat_evidence[beats] > 0))
        if len(lengths) and np.median(lengths) in EIGHTHS_IN_THREES:
            yield from (beats[first::3] for first in range(3) if has_valid_tempo(beats[first::3]))


def choose(found: Sequence[Hypothesis], weights: Mapping[str, float]) -> Meter:
    """Return the likeliest of at least one hypothesis: first the beats, then the metre, then the downbeats."""
    scores = [_scores(hypothesis, weights) for hypothesis in found]
    of_beats = np.array([logsumexp(each) for each in scores])
    probabilities = np.exp(of_beats - logsumexp(of_beats))
    best = int(np.argmax(probabilities))
    hypothesis, shares = found[best], np.exp(scores[best] - of_beats[best])
    of_metres = {
        metre: sum(share for share, bars in zip(shares, hypothesis.bars, strict=True) if bars.metre == metre)
        for metre in dict.fromkeys(bars.metre for bars in hypothesis.bars)
    }
    metre = max(of_metres, key=lambda each: of_metres[each])
    inside = [share if bars.metre == metre else 0.0 for share, bars in zip(shares, hypothesis.bars, strict=True)]
    chosen = int(np.argmax(inside))
    return Meter(
        hypothesis.frames,
        hypothesis.tempo_bpm,
        metre,
        hypothesis.bars[chosen].first,
        float(probabilities[best]),
        float(of_metres[metre]),
        float(inside[chosen]),
        tuple((each.tempo_bpm, float(share)) for each, share in zip(found, probabilities, strict=True)),
    )


@cache
def weights() -> dict[str, float]:
    """Return the weight of each feature, fitted by tests/evaluation/fitting.py."""
    loaded: dict[str, float] = json.loads(files("services.beats").joinpath("weights.json").read_text())
    return loaded


def _scores(hypothesis: Hypothesis, weights: Mapping[str, float]) -> Floats:
    return np.array(
        [
            bars.downbeat_evidence + sum(weights.get(name, 0.0) * value for name, value in bars.features.items())
            for bars in hypothesis.bars
        ]
    )


def _bars(heard: BeatFeatures, metre: int, known: Floats) -> Iterator[Bars]:
    count, beats = beats_of(metre), len(heard.frames)
    if beats < MIN_BARS * count:
        return
    silent = max(0.0, FEW_BEATS - heard.level["flux is steady"])
    of_metre = (
        heard.level | {f"bars in {metre}": 1.0, "mostly silent": silent} | (heard.triple if metre == COMPOUND else {})
    )
    if metre in PREFER_TEMPO:
        of_metre |= {f"tempo in {metre}": heard.octaves}
    if metre == EIGHTHS:
        of_metre |= {"eighths": float(heard.tempo_bpm > EIGHTHS_BPM)}
    alike = heard.similarity[count]
    others = max(value for length, value in heard.similarity.items() if length % count and count % length)
    of_metre |= {
        "alike": alike * float(np.sqrt(min(beats, MAX_FIT_BEATS) / TYPICAL_BEATS)),
        "most alike": float(np.clip(alike - others, -MAX_LEAD, MAX_LEAD)),
    }
    evidence = _evidence(heard, count)
    for first, fit in enumerate(fits(heard.accents, known)):
        of_fit = {"fit": float(fit * np.sqrt(min(beats, MAX_FIT_BEATS))), "fit of a beat": float(fit)}
        features = of_metre | of_fit | _downbeats(heard, count, first)
        yield Bars(metre, first, features, evidence[first])


def _evidence(heard: BeatFeatures, count: int) -> list[float]:
    """Return the evidence for each beat with which the bars may begin; early ends raise that of all alike."""
    found = heard.downbeat_evidence
    if not found.any():
        return [0.0] * count
    sums = [float(found[first::count].sum()) for first in range(count)]
    gain = sum_on_downbeats(found, count) - max(sums)
    share = min(1, EVIDENCE_SECONDS * FPS / float(heard.frames[-1] - heard.frames[0]))
    return [share * (each + gain) for each in sums]


def _downbeats(heard: BeatFeatures, count: int, first: int) -> Features:
    low, middle, high, *_, chord, bass, chord_nearby, bass_nearby = heard.accents[:, first::count].mean(axis=1)
    loud, _, full = heard.marks[:, first::count].mean(axis=1)
    return {
        "low on downbeats": low,
        "middle on downbeats": middle,
        "high on downbeats": high,
        "chord on downbeats": (chord + chord_nearby) / 2,
        "bass on downbeats": (bass + bass_nearby) / 2,
        "loud downbeats": loud,
        "loudest on downbeats": _share_of_highest(heard.marks[0], count, first),
        "sections on downbeats": _share_of_highest(heard.marks[1], count, first),
        "fills before downbeats": full,
        "opens with a downbeat": float(heard.opening is not None and (heard.opening - first) % count == 0),
    }


def _share_of_highest(marks: Floats, count: int, first: int) -> float:
    """Return how many of the highest marks are on downbeats, relative to chance and to the precision of the share."""
    highest = np.argsort(-marks)[: max(2, int(len(marks) * LOUDEST_SHARE))]
    share = float(np.mean((highest - first) % count == 0))
    return float((share - 1 / count) * np.sqrt(len(highest)))


def _same(frames: Frames, others: Frames) -> bool:
    """Return true if the beats are the same within 30 ms, with few exceptions."""
    apart = np.abs(frames[:, None] - others).min(axis=1)
    return abs(len(frames) - len(others)) <= MAX_EXTRA_BEATS and float(np.mean(apart <= SAME_FRAMES)) > SAME_SHARE
