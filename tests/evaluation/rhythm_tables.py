"""Tables of rhythm: by system, by metre and by kind of song."""

import numpy as np

from tests.evaluation.datasets import SETS
from tests.evaluation.measures.rhythm import Score, metre, rank_correlation
from tests.evaluation.results import Result, Results
from tests.evaluation.systems import FOUR, OURS, REFINED
from tests.evaluation.tables import NOTHING, count, figure, mean, table

HEAD = (
    "", "beat F", "CMLt", "AMLt", "downbeat F", "metre", "tempo", "or octave", "error, ms", "absolute", "ρ",
    "chords", "key", "invented", "s/min",
)  # fmt: skip
COMPARED = ("librosa", "madmom, 2 to 7 in a bar")
"""Other programs in the table of single clips."""
METRES = ("2", "3", "4", "5", "6/8", "7")


def by_system(results: Results) -> str:
    """Return a table for each set; `invented` counts clips without a beat for which beats were found."""
    return "\n\n".join(
        f"#### {set_name.capitalize()}: {_size(results, set_name)}\n\n{_of_set(results, set_name)}"
        for set_name in SETS
        if any(results.of(system, set_name) for system in results.by_system)
    )


def by_metre(results: Results, set_name: str) -> str:
    """Return beat F / downbeat F / correct metre by metre, also for the baseline that is always in 4/4."""
    systems = [name for name in results.by_system if name == OURS or name in {FOUR, REFINED} or "madmom" in name]
    rows = []
    for bars in METRES:
        clips = {
            name: [s for r, s in _scored(results, name, set_name) if metre(r.item.truth.time_signature) == bars]
            for name in systems
        }
        rows.append([bars, str(len(clips[systems[0]])), *(_short(clips[name]) for name in systems)])
    return table(("beats in a bar", "clips", *systems), rows)


def by_tag(results: Results, set_name: str) -> str:
    """Return the results of our engine by tag of the clips."""
    tags = (
        "drums",
        "no drums",
        "sung",
        "swung",
        "syncopated",
        "drift",
        "free",
        "ritardando",
        "pick-up",
        "cut in",
        "sparse",
    )
    rows = []
    for tag in tags:
        there = [score for result, score in _scored(results, OURS, set_name) if tag in result.item.truth.tags]
        if there:
            rows.append(
                [
                    tag,
                    str(len(there)),
                    mean(s.f for s in there),
                    mean(s.downbeat_f for s in there),
                    mean(s.metre for s in there),
                    mean(s.tempo for s in there),
                ]
            )
    return table(("", "clips", "beat F", "downbeat F", "metre", "tempo"), rows)


def by_clip(results: Results, sets: tuple[str, ...]) -> str:
    """Return a row for each clip: tempo and metre, true and found, with our confidence in the metre."""
    systems = [name for name in results.by_system if name in {OURS, *COMPARED}]
    head = ["clip", "true"]
    rows: dict[str, list[str]] = {}
    for name in systems:
        judged = [result for set_name in sets for result in results.of(name, set_name)]
        barred = any(beat.position for result in judged for beat in result.answer.beats)
        head += [name, "beat F", *(["downbeat F"] if barred else [])]
        for result in judged:
            known, answer, score = result.item.truth, result.answer, result.rhythm
            row = rows.setdefault(known.name, [known.name, _heard(known.tempo_bpm, known.time_signature, None)])
            row += [_heard(answer.tempo_bpm, answer.time_signature, answer.metre_confidence)]
            row += [figure(score.f if score else None)]
            row += [figure(score.downbeat_f if score else None)] if barred else []
    return table(head, rows.values())


def ablations(results: Results, set_name: str) -> str:
    names = [OURS, *(name for name in results.by_system if name.startswith(f"{OURS} without"))]
    return table(HEAD, [[name.removeprefix(f"{OURS} "), *_row(results.of(name, set_name))] for name in names])


def _of_set(results: Results, set_name: str) -> str:
    rows = [[name, *_row(results.of(name, set_name))] for name in results.by_system if " without " not in name]
    rows += [[name, f"not installed: {why}", *[""] * (len(HEAD) - 2)] for name, why in results.absent.items()]
    return table(HEAD, rows)


def _row(results: list[Result]) -> list[str]:
    scores = [result.rhythm for result in results if result.rhythm]
    barred = any(beat.position for result in results for beat in result.answer.beats)
    errors = np.array([1000 * error for score in scores for error in score.errors])
    sure = [(score.confidence, score.f) for score in scores if score.confidence is not None]
    correlation = rank_correlation([confidence for confidence, _ in sure], [f for _, f in sure])
    beatless = [result for result in results if result.item.beatless]
    invented = sum(len(result.answer.beats) > 0 for result in beatless)
    keyed = any(result.answer.key for result in results)
    return [
        mean(score.f for score in scores),
        mean(score.cmlt for score in scores),
        mean(score.amlt for score in scores),
        mean(score.downbeat_f for score in scores) if barred else NOTHING,
        mean(score.metre for score in scores) if barred else NOTHING,
        mean(score.tempo for score in scores),
        mean(score.tempo_or_octave for score in scores),
        figure(float(errors.mean()), 1, "+") if len(errors) else NOTHING,
        figure(float(np.abs(errors).mean()), 1) if len(errors) else NOTHING,
        figure(correlation),
        mean(score.chords for score in scores),
        mean(score.key for score in scores) if keyed else NOTHING,
        count(invented, len(beatless)),
        figure(sum(r.answer.seconds for r in results) / sum(r.minutes for r in results), 1) if results else NOTHING,
    ]


def _scored(results: Results, system: str, set_name: str) -> list[tuple[Result, Score]]:
    return [(result, result.rhythm) for result in results.of(system, set_name) if result.rhythm]


def _short(scores: list[Score]) -> str:
    return f"{mean(s.f for s in scores)} / {mean(s.downbeat_f for s in scores)} / {mean(s.metre for s in scores)}"


def _heard(tempo_bpm: float | None, signature: str | None, sure: float | None) -> str:
    if tempo_bpm is None:
        return "no beat"
    parts = [f"{tempo_bpm:.0f}", *([signature] if signature else []), *([f"({sure:.2f})"] if sure is not None else [])]
    return " ".join(parts)


def _size(results: Results, set_name: str) -> str:
    first = next(iter(results.by_system))
    there = results.of(first, set_name)
    beatless = sum(result.item.beatless for result in there)
    return f"{sum(result.rhythm is not None for result in there)} clips" + (
        f", and {beatless} without a beat" if beatless else ""
    )
