"""Modules that a child process has loaded."""

import os
import sys
import time
from pathlib import Path

import pytest

from shared.errors import ComputeError
from shared.settings import Settings
from shared.worker import compute as compute_module
from shared.worker.compute import Compute, progress


async def test_waiting_threads_of_a_model_sleep() -> None:
    with Compute("test", Settings()) as compute:
        assert await compute.run("os:getenv", "OMP_WAIT_POLICY") == "PASSIVE"


async def test_no_model_library_is_loaded_before_its_threads_are_configured() -> None:
    with Compute("test", Settings()) as compute:
        assert not {"torch", "ctranslate2", "librosa"} & set(await compute.run(f"{__name__}:loaded"))


@pytest.mark.skipif(sys.platform != "linux", reason="niceness is a process' elsewhere")
async def test_low_priority_lasts_for_one_computation() -> None:
    niceness = "os:getpriority", os.PRIO_PROCESS, 0
    with Compute("test", Settings()) as compute:
        usual = await compute.run(*niceness)
        assert await compute.run(*niceness, low_priority=True) > usual
        assert await compute.run(*niceness) == usual
        with pytest.raises(ComputeError, match="TypeError"):
            await compute.run("os:getpriority", low_priority=True)


async def test_lines_and_progress_of_a_computation_reach_the_parent_and_not_the_next_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(compute_module, "REPORT_SECONDS", 0.02)
    reported: list[tuple[float, int]] = []

    async def report(fraction: float, lines: int) -> None:
        reported.append((fraction, lines))
        if reported[-1][0] == 0.5:
            (tmp_path / "done").touch()

    with Compute("test", Settings()) as compute:
        for fraction, lines in ((0.5, 3), (0.5, None)):
            await compute.run(f"{__name__}:report_and_wait", fraction, lines, tmp_path / "done", report=report)
            (tmp_path / "done").unlink()
    assert list(dict.fromkeys(reported)) == [(0.0, 0), (0.5, 3), (0.5, 0)]


def report_and_wait(fraction: float, lines: int | None, done: Path) -> None:
    if lines:
        progress(lines=lines)
    progress(fraction)
    while not done.exists():
        time.sleep(0.01)


def loaded() -> list[str]:
    return list(sys.modules)
