"""`bench/README.md` and its plots, made of the results."""

from collections.abc import Iterator, Mapping
from inspect import cleandoc
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure as Picture

from bench.figure import Figure, Goal
from bench.markdown import table

INTRODUCTION: Final = """\
# Benchmark

`make bench` measures all of this and writes `results.json`, this page and its plots;
`make bench ARGS="polling folding"` measures some of it anew, and `ARGS=--help` tells the rest. Ratios are of sides that
took turns within one run; figures are medians. Absolute figures are this machine's: the same cores carry the servers,
the services and those who ask.
"""

# The same figures give the same file again.
mpl.rcParams.update({"svg.hashsalt": "bench", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False})


def write(folder: Path, figures: Mapping[str, Figure], results: Mapping[str, dict[str, Any]]) -> None:
    """Of those figures that have results."""
    there = {name: figure for name, figure in figures.items() if name in results}
    parts = [INTRODUCTION, _goals(there, results)]
    for name, figure in there.items():
        result = results[name]
        _plot(folder / f"{name}.svg", figure, result)
        parts += [
            f"## {figure.TITLE}",
            cleandoc(figure.__doc__ or ""),
            f"![{figure.TITLE}]({name}.svg)",
            figure.table(result["measured"]),
            _circumstances(result),
        ]
    (folder / "README.md").write_text("\n\n".join(part.strip() for part in parts) + "\n", "utf-8")


def _goals(figures: Mapping[str, Figure], results: Mapping[str, dict[str, Any]]) -> str:
    rows = [
        (
            _link(figure),
            goal.what,
            _value(goal),
            _limit(goal),
            "yes" if goal.met else "**no**",
        )
        for name, figure in figures.items()
        for goal in figure.goals(results[name]["measured"])
    ]
    return table(("figure", "what", "measured", "goal", "met"), rows, left=2)


def _plot(path: Path, figure: Figure, result: Mapping[str, Any]) -> None:
    picture = Picture(figsize=(7, 3), layout="constrained")
    figure.plot(result["measured"], picture)
    picture.savefig(path, metadata={"Date": None})


def _circumstances(result: Mapping[str, Any]) -> str:
    machine: Mapping[str, str] = result["machine"]
    versions = ", ".join(f"{name} {value}" for name, value in machine.items() if name not in ("processor", "memory"))
    return (
        f"*{result['measured_at'][:10]}, medians of {result['runs']}, {result['took_seconds']} s in all, load before "
        f"{result['load_before']}. {machine['processor']}, {machine['memory']}. {versions}.*"
    )


def _value(goal: Goal) -> str:
    return f"{goal.value:,.{goal.digits}f}{goal.unit}"


def _limit(goal: Goal) -> str:
    return " and ".join(_limits(goal))


def _limits(goal: Goal) -> Iterator[str]:
    for words, limit in (("at least", goal.at_least), ("at most", goal.at_most)):
        if limit is not None:
            yield f"{words} {limit:,g}{goal.unit}"


def _link(figure: Figure) -> str:
    """To its heading, whose anchor is made as GitHub makes it."""
    anchor = "".join(char for char in figure.TITLE.lower().replace(" ", "-") if char.isalnum() or char in "-_")
    return f"[{figure.TITLE}](#{anchor})"
