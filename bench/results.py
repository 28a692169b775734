"""`bench/results.json`: what was measured last of each figure, and on what."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.figure import Measured
from bench.machine import load, machine


class Results:
    """Figures by name. One that is measured again takes the place of what was there; the others stay."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.figures: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8")) if path.exists() else {}

    def keep(self, name: str, measured: Measured, *, runs: int, took_seconds: float, load_before: float) -> None:
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
