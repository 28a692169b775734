"""Modules that a child process has loaded."""

import os
import sys

import pytest

from shared.errors import ComputeError
from shared.settings import Settings
from shared.worker.compute import Compute


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


def loaded() -> list[str]:
    return list(sys.modules)
