"""The container's memory, child processes included, as counted by the kernel (cgroup v2)."""

from pathlib import Path
from typing import Final

GROUP: Final = Path("/sys/fs/cgroup")


def used_bytes(group: Path = GROUP) -> float:
    """Memory that cannot be reclaimed: without inactive cached files, as in Kubernetes' working set. 0 if unknown."""
    try:
        used = int((group / "memory.current").read_text())
        parts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return float(max(0, used - int(parts["inactive_file"])))
    except (OSError, ValueError, KeyError):
        return 0.0


def limit_bytes(group: Path = GROUP) -> float:
    """0 without a limit, or if it is unknown."""
    try:
        return float(int((group / "memory.max").read_text()))  # `max` is not a number
    except (OSError, ValueError):
        return 0.0
