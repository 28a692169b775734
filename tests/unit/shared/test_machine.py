"""The limits of a container are read from the files of its control group."""

import os
from pathlib import Path

import pytest

from shared import machine

MANY = 1 << 40


@pytest.fixture(autouse=True)
def large_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have 64 processors and a terabyte."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": MANY // 4096}.__getitem__)


@pytest.mark.parametrize(
    ("files", "processors"),
    [
        ({}, 64),
        ({"cpu.max": "max 100000"}, 64),
        ({"cpu.max": "200000 100000"}, 2),
        ({"cpu.max": "250000 100000"}, 2),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "9900000 100000"}, 64),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 64),
        ({"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),
    ],
)
def test_processors_are_limited_by_the_container(tmp_path: Path, files: dict[str, str], processors: int) -> None:
    write(tmp_path, files)
    assert machine.processors(tmp_path) == processors


@pytest.mark.parametrize(
    ("files", "memory_bytes"),
    [
        ({}, MANY),
        ({"memory.max": "max"}, MANY),
        ({"memory.max": "2147483648"}, 2 << 30),
        ({"memory/memory.limit_in_bytes": "9223372036854771712"}, MANY),
        ({"memory/memory.limit_in_bytes": "1073741824"}, 1 << 30),
    ],
)
def test_memory_is_limited_by_the_container(tmp_path: Path, files: dict[str, str], memory_bytes: int) -> None:
    write(tmp_path, files)
    assert machine.memory_bytes(tmp_path) == memory_bytes


def write(root: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(f"{content}\n")
