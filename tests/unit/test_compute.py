"""What a child process starts with."""

import sys

from shared.compute import Compute
from shared.settings import Settings


async def test_threads_of_a_model_sleep_while_they_wait() -> None:
    with Compute("test", Settings()) as compute:
        assert await compute.run("os:getenv", "OMP_WAIT_POLICY") == "PASSIVE"


async def test_no_library_that_has_threads_is_loaded_before_that_is_said() -> None:
    with Compute("test", Settings()) as compute:
        assert not {"torch", "ctranslate2", "librosa"} & set(await compute.run(f"{__name__}:loaded"))


def loaded() -> list[str]:
    return list(sys.modules)
