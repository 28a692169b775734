"""Processors and memory that this process may use: the limits of its container (cgroups v2 or v1), or the machine's."""

import os
from pathlib import Path
from typing import Final

ROOT: Final = Path("/sys/fs/cgroup")


def processors(root: Path = ROOT) -> int:
    """Return the number of whole processors, at least 1."""
    machine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limits = [
        _words(root / "cpu.max"),
        _words(root / "cpu/cpu.cfs_quota_us") + _words(root / "cpu/cpu.cfs_period_us"),
    ]
    quotas = [int(limit[0]) // int(limit[1]) for limit in limits if len(limit) == 2 and limit[0] not in ("max", "-1")]  # noqa: PLR2004 -- quota and period
    return max(1, min([machine, *quotas]))


def memory_bytes(root: Path = ROOT) -> int:
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [*_words(root / "memory.max"), *_words(root / "memory/memory.limit_in_bytes")]
    return min([machine, *(int(limit) for limit in limits if limit != "max")])


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except OSError:
        return []
