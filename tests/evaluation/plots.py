"""Plots of distributions, of which the tables show only means."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.evaluation.calibration import Calibration, bins
from tests.evaluation.measures.rhythm import metre, rank_correlation
from tests.evaluation.results import Results
from tests.evaluation.rhythm_tables import METRES
from tests.evaluation.systems import OURS, OURS_LYRICS

# Makes the files reproducible.
mpl.rcParams.update(
    {"svg.hashsalt": "evaluation", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
)


def beat_errors(results: Results, set_name: str, path: Path) -> None:
    """Plot the timing errors of correct beats, for every system."""
    axes = _axes(6, 3)
    for name, judged in results.by_system.items():
        errors = [
            1000 * error
            for result in judged
            if result.rhythm and result.item.set == set_name
            for error in result.rhythm.errors
        ]
        if errors and "always" not in name and "without" not in name:
            axes.hist(
                errors,
                bins=np.arange(-70, 71, 4).tolist(),
                histtype="step",
                density=True,
                label=name,
                linewidth=2 if name == OURS else 1,
            )
    axes.axvline(0, color="black", linewidth=0.5)
    axes.set(xlabel="found minus true, ms", yticks=[])
    _save(axes, path)


def confidence(results: Results, sets: tuple[str, ...], path: Path) -> None:
    """Plot the reported confidence of each song against its true F-measure."""
    axes = _axes(4, 3.2)
    for set_name in sets:
        scores = [r.rhythm for r in results.of(OURS, set_name) if r.rhythm and r.rhythm.confidence is not None]
        sure, f = [score.confidence or 0.0 for score in scores], [score.f for score in scores]
        rho = rank_correlation(sure, f)
        axes.scatter(sure, f, s=14, alpha=0.7, label=f"{set_name}, ρ = {rho:.2f}" if rho is not None else set_name)
    axes.set(xlabel="beat_confidence", ylabel="beat F", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    _save(axes, path)


def reliability(calibrations: Sequence[Calibration], truths: Sequence[str], path: Path) -> None:
    """Plot for each bin of confidences what they should have been, with their number; `truths` are labels."""
    panels = Figure(figsize=(7, 3.2), layout="constrained").subplots(1, len(calibrations))
    for axes, each, truth in zip(panels, calibrations, truths, strict=True):
        axes.plot((0, 1), (0, 1), color="black", linewidth=0.5)
        points = [
            (each.left_out[inside].mean(), each.true[inside].mean(), inside.sum()) for inside in bins(each.left_out)
        ]
        sure, true, _ = zip(*points, strict=True)
        axes.plot(sure, true, marker="o", markersize=4)
        for x, y, count in points:
            axes.annotate(str(count), (x, y), (4, -9), textcoords="offset points", fontsize=7)
        axes.set(xlabel=each.name, ylabel=truth, xlim=(0, 1), ylim=(0, 1))
    _save(panels[0], path, legend=False)


def metres(results: Results, set_name: str, path: Path) -> None:
    """Plot the confusion matrix: rows are true metres, columns are found ones."""
    columns = [*METRES, "none"]
    matrix = np.zeros((len(METRES), len(columns)), dtype=int)
    for result in results.of(OURS, set_name):
        true, found = metre(result.item.truth.time_signature), metre(result.answer.time_signature)
        if true in METRES:
            matrix[METRES.index(true), columns.index(found) if found in columns else -1] += 1
    axes = _axes(4, 3.4)
    shares = matrix / np.maximum(1, matrix.sum(axis=1, keepdims=True))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(matrix):
        color = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, str(matrix[row, column]), ha="center", va="center", color=color)
    axes.set(
        xticks=range(len(columns)),
        xticklabels=columns,
        yticks=range(len(METRES)),
        yticklabels=METRES,
        xlabel="found",
        ylabel="true",
    )
    _save(axes, path, legend=False)


def word_starts(results: Results, sets: tuple[str, ...], path: Path) -> None:
    axes = _axes(6, 3)
    for name in results.by_system:
        starts = [1000 * start for s in sets for r in results.of(name, s) if r.lyrics for start in r.lyrics.starts]
        if starts and "without" not in name:
            axes.hist(
                np.clip(starts, -600, 600),
                bins=np.arange(-600, 601, 40).tolist(),
                histtype="step",
                density=True,
                label=name,
                linewidth=2 if name == OURS_LYRICS else 1,
            )
    axes.axvline(0, color="black", linewidth=0.5)
    axes.set(xlabel="found minus true, ms", yticks=[])
    _save(axes, path)


def _axes(width: float, height: float) -> Axes:
    """Return axes of this size in inches."""
    return Figure(figsize=(width, height)).subplots()


def _save(axes: Axes, path: Path, *, legend: bool = True) -> None:
    if legend and axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=7)
    figure = axes.get_figure(root=True)
    assert figure
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
