"""The container's memory, child processes included, as the kernel counts it (cgroup v2)."""

from pathlib import Path
from typing import Final

GROUP: Final = Path("/sys/fs/cgroup")


def used_bytes(group: Path = GROUP) -> float:
    """What cannot be given back, as Kubernetes reckons it: without cached files that nobody uses. 0 where unknown."""
    try:
        used = int((group / "memory.current").read_text())
        parts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return float(max(0, used - int(parts["inactive_file"])))
    except (OSError, ValueError, KeyError):
        return 0.0


def limit_bytes(group: Path = GROUP) -> float:
    """0 where there is none, or it is unknown."""
    try:
        return float(int((group / "memory.max").read_text()))  # `max` is no number
    except (OSError, ValueError):
        return 0.0
