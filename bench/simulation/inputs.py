"""Inputs of the simulation and the plan: values that the benchmark measured, assumptions, and example prices.

`measured.csv` and `assumed.csv` describe them. An assumed value is probably between its `low` and `high`.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any, Final

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE.parent / "results.json"
STEMS: Final = 5
PRICES: Final = {
    "G": ("a GPU node", "hour", 0.80),
    "C": ("a core", "hour", 0.04),
    "S": ("storage", "GB and month", 0.023),
    "E": ("egress", "GB", 0.05),
}
"""Examples in dollars, by the letters of the formula in `docs/scaling.md`; no provider offers exactly these."""

Inputs = Mapping[str, float]


@cache
def inputs() -> Inputs:
    """Return the measured and the assumed values by name."""
    measured = measured_values(json.loads(RESULTS.read_text("utf-8")))
    return {**measured, **{one["name"]: float(one["value"]) for one in described("assumed")}}


@cache
def described(kind: str) -> Sequence[Mapping[str, str]]:
    """Return the rows of `measured.csv` or `assumed.csv`."""
    with (HERE / f"{kind}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def measured_values(results: Mapping[str, Any]) -> Inputs:
    """Read the values from the content of `bench/results.json`. Raises KeyError if one is missing."""
    figures = {name: figure["measured"] for name, figure in results.items()}
    song, separation, polls = figures["footprint"], figures["separation"], figures["polling"]["per_second"]
    seconds, stored, stems = song["song_seconds"], song["stored_bytes"], song["copies_bytes"]
    return {
        "song_bytes": stored["song.flac"] / seconds,
        **{f"{form}_bytes": stems[form] / STEMS / seconds for form in ("wav", "flac", "opus")},
        "small_files_bytes": sum(
            size for name, size in stored.items() if not name.endswith(".wav") and name != "song.flac"
        ),
        "upload_bytes": song["upload_bytes"]["mp3"] / seconds,
        "decoding": median(song["decode_cpu_seconds"]["mp3"]) / seconds,
        "events": sum(song["events"].values()),
        "document_bytes": song["document_bytes"],
        "transcription": song["seconds_alone"]["transcription"] / seconds,
        "beat_analysis": song["seconds_alone"]["beat_analysis"] / seconds,
        "cpu_separation": median(separation["models"]["htdemucs"]["seconds"]["ours, warm"])
        / separation["audio_seconds"],
        "folds": median(figures["folding"]["events_per_second"]["status"]),
        "gateway_polls": median(polls["gateway, 200, 100"]),
        "status_polls": median(polls["status, 200, 100"]),
    }
