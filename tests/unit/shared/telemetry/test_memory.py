"""Memory figures, read from files as the kernel writes them."""

from pathlib import Path

import pytest

from shared.telemetry.memory import limit_bytes, used_bytes


@pytest.fixture
def group(tmp_path: Path) -> Path:
    (tmp_path / "memory.current").write_text("1500000000\n")
    (tmp_path / "memory.stat").write_text("anon 900000000\nfile 600000000\ninactive_file 500000000\nactive_file 1\n")
    (tmp_path / "memory.max").write_text("2000000000\n")
    return tmp_path


def test_inactive_cached_files_are_not_counted(group: Path) -> None:
    assert (used_bytes(group), limit_bytes(group)) == (1e9, 2e9)


def test_a_container_without_a_limit_reports_zero(group: Path) -> None:
    (group / "memory.max").write_text("max\n")
    assert limit_bytes(group) == 0


def test_outside_a_container_both_values_are_zero(tmp_path: Path) -> None:
    assert (used_bytes(tmp_path), limit_bytes(tmp_path)) == (0, 0)
