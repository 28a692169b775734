"""Results in `bench/results.json`, and `bench/README.md` with its plots, which are generated from them."""

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from inspect import cleandoc
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.figure import Figure as Picture

from bench.figure import Figure, Goal, Measured
from bench.markdown import table

PACKAGES: Final = ("aio-pika", "fastapi", "uvicorn", "motor", "pydantic", "torch", "demucs", "whisperx", "librosa")
INTRODUCTION: Final = """\
# Benchmark

`make bench` measures everything on this page, and writes `results.json`, this page and its plots.
`make bench ARGS="polling folding"` measures only these figures; `ARGS=--help` lists the options.

Compared programs run alternately, and a ratio compares runs of the same round. Values are medians. Absolute values
are those of this machine: the servers, the services and the load generators share its cores.
"""

# Equal values produce equal files.
mpl.rcParams.update({"svg.hashsalt": "bench", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False})


class Results:
    """Latest result of each figure by name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.figures: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8")) if path.exists() else {}

    def store(self, name: str, measured: Measured, *, runs: int, took_seconds: float, load_before: float) -> None:
        """Replace the result of one figure."""
        self.figures[name] = {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "took_seconds": round(took_seconds),
            "runs": runs,
            "load_before": load_before,
            "load_after": load(),
            "machine": machine(),
            "measured": measured,
        }
        self._path.write_text(json.dumps(self.figures, indent=1) + "\n", "utf-8")


def machine() -> dict[str, str]:
    """Return the hardware and the versions that the values depend on."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    models = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    return {
        "processor": f"{len(os.sched_getaffinity(0))} cores of {next(models, platform.machine())}",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def load() -> float:
    """Return the load average of the last minute. It is well below 1 on an idle machine."""
    return round(os.getloadavg()[0], 2)


def write(folder: Path, figures: Mapping[str, Figure], results: Mapping[str, dict[str, Any]]) -> None:
    """Write the page and the plots of the figures that have results."""
    available = {name: figure for name, figure in figures.items() if name in results}
    parts = [INTRODUCTION, _goals(available, results)]
    for name, figure in available.items():
        result = results[name]
        _plot(folder / f"{name}.svg", figure, result)
        parts += [
            f"## {figure.TITLE}",
            cleandoc(figure.__doc__ or ""),
            f"![{figure.TITLE}]({name}.svg)",
            figure.table(result["measured"]),
            _conditions(result),
        ]
    (folder / "README.md").write_text("\n\n".join(part.strip() for part in parts) + "\n", "utf-8")


def _goals(figures: Mapping[str, Figure], results: Mapping[str, dict[str, Any]]) -> str:
    rows = [
        (_link(figure), goal.what, _value(goal), _limits(goal), "yes" if goal.met else "**no**")
        for name, figure in figures.items()
        for goal in figure.goals(results[name]["measured"])
    ]
    return table(("figure", "what", "measured", "goal", "met"), rows, left=2)


def _plot(path: Path, figure: Figure, result: Mapping[str, Any]) -> None:
    picture = Picture(figsize=(7, 3), layout="constrained")
    figure.plot(result["measured"], picture)
    picture.savefig(path, metadata={"Date": None})


def _conditions(result: Mapping[str, Any]) -> str:
    machine: Mapping[str, str] = result["machine"]
    versions = ", ".join(f"{name} {value}" for name, value in machine.items() if name not in ("processor", "memory"))
    return (
        f"*{result['measured_at'][:10]}, medians of {result['runs']} runs, {result['took_seconds']} s in total, load "
        f"average before {result['load_before']}. {machine['processor']}, {machine['memory']}. {versions}.*"
    )


def _value(goal: Goal) -> str:
    return f"{goal.value:,.{goal.digits}f}{goal.unit}"


def _limits(goal: Goal) -> str:
    limits = {"at least": goal.at_least, "at most": goal.at_most}
    return " and ".join(f"{words} {limit:,g}{goal.unit}" for words, limit in limits.items() if limit is not None)


def _link(figure: Figure) -> str:
    """Return a link to the figure's heading, with the anchor that GitHub creates."""
    anchor = "".join(char for char in figure.TITLE.lower().replace(" ", "-") if char.isalnum() or char in "-_")
    return f"[{figure.TITLE}](#{anchor})"
