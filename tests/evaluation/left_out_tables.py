"""Tables of the songs of sources that were left out of the fit, for us and other programs."""

from collections.abc import Callable, Mapping

from tests.evaluation.measures.rhythm import metre
from tests.evaluation.results import Result, Results
from tests.evaluation.systems import OURS
from tests.evaluation.tables import NOTHING, mean, table
from tests.evaluation.truth import Truth

GROUPS = (
    "with a band, 4/4", "with a band, other metres", "drums alone, 4/4", "drums alone, other metres", "scores",
)  # fmt: skip
ALL = "all"
COLUMNS = ("beat F", "downbeat F", "metre", "tempo", "or octave", "best")
BARRED = "madmom"
"""The peer that finds downbeats."""


def group(truth: Truth) -> str:
    if "score" in truth.tags:
        return "scores"
    alone = "drums alone" if "drums only" in truth.tags else "with a band"
    return f"{alone}, {'4/4' if metre(truth.time_signature) == '4' else 'other metres'}"


def by_group(results: Results, best: Mapping[str, float]) -> str:
    """Return a table with a row for each group and program; `best` is the F of the best candidate by song."""
    split = _split(results, group) | {ALL: results.by_system}
    rows = []
    for name in (*GROUPS, ALL):
        for system, judged in split.get(name, {}).items():
            sources = len({result.item.truth.source for result in judged})
            first = [f"**{name}**", str(sources), str(len(judged))] if system == OURS else ["", "", ""]
            rows.append([*first, system, *_row(judged), _best(judged, best) if system == OURS else ""])
    rows += [["", "", "", name, f"not installed: {why}", *[""] * 5] for name, why in results.absent.items()]
    return table(("", "sources", "songs", "", *COLUMNS), rows)


def by_source(results: Results, best: Mapping[str, float]) -> str:
    """Return a table with a row for each source."""
    peers = [name for name in results.by_system if name != OURS]
    barred = [name for name in peers if name.startswith(BARRED)]
    groups = {result.item.truth.source: group(result.item.truth) for result in results.by_system[OURS]}
    split = _split(results, lambda truth: truth.source)
    rows = []
    for source, its_group in sorted(groups.items(), key=lambda pair: (GROUPS.index(pair[1]), pair[0])):
        there = split[source]
        ours = there[OURS]
        others = [_row(there[name])[0] for name in peers] + [
            _row(there[name])[part] for name in barred for part in (1, 2)
        ]
        rows.append([source, its_group, str(len(ours)), *_row(ours), _best(ours, best), *others])
    others = [f"{name}: beat F" for name in peers] + [part for _ in barred for part in ("downbeat F", "metre")]
    return table(("source", "", "songs", *COLUMNS, *others), rows)


def by_ablation(ours: list[Result], ablated: Mapping[str, list[Result]]) -> str:
    rows = [["ours", *_row(ours)], *([f"without {label}", *_row(judged)] for label, judged in ablated.items())]
    return table(("", *COLUMNS[:-1]), rows)


def _split(results: Results, label: Callable[[Truth], str]) -> dict[str, dict[str, list[Result]]]:
    """Return the results by label and system."""
    found: dict[str, dict[str, list[Result]]] = {}
    for name, judged in results.by_system.items():
        for result in judged:
            found.setdefault(label(result.item.truth), {}).setdefault(name, []).append(result)
    return found


def _row(judged: list[Result]) -> list[str]:
    scores = [result.rhythm for result in judged if result.rhythm]
    barred = any(beat.position for result in judged for beat in result.answer.beats)
    return [
        mean(score.f for score in scores),
        mean(score.downbeat_f for score in scores) if barred else NOTHING,
        mean(score.metre for score in scores) if barred else NOTHING,
        mean(score.tempo for score in scores),
        mean(score.tempo_or_octave for score in scores),
    ]


def _best(judged: list[Result], best: Mapping[str, float]) -> str:
    return mean(best[result.item.name] for result in judged)
