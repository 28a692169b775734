"""GPU memory as a child measures it, with a stand-in for torch: this machine has no GPU."""

import sys
from types import SimpleNamespace

import pytest
from prometheus_client import REGISTRY

from shared.settings import Settings
from shared.tasks import Task
from shared.worker.compute import Compute
from shared.worker.gpu import GpuMemory


class Cuda:
    """A GPU of 16 GB of which others have taken 4."""

    def __init__(self) -> None:
        self.peak = 3_000_000_000
        self.broken = False

    def is_available(self) -> bool:
        return True

    def mem_get_info(self) -> tuple[int, int]:
        if self.broken:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        return 12_000_000_000, 16_000_000_000

    def max_memory_allocated(self) -> int:
        return self.peak

    def reset_peak_memory_stats(self) -> None:
        self.peak = 0


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Cuda:
    cuda = Cuda()
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    return cuda


def shown(task: Task) -> list[float | None]:
    return [REGISTRY.get_sample_value(f"karaoke_gpu_memory_{what}_bytes", {"task": task}) for what in WHAT]


WHAT = ("peak", "used", "total")


def test_the_peak_is_that_of_the_last_task(cuda: Cuda) -> None:
    memory = GpuMemory()
    memory.note()
    memory.show(Task.STEM_SEPARATION)
    assert shown(Task.STEM_SEPARATION) == [3e9, 4e9, 16e9]
    memory.note()
    memory.show(Task.STEM_SEPARATION)
    assert shown(Task.STEM_SEPARATION) == [0, 4e9, 16e9]


def test_a_broken_gpu_loses_no_result(cuda: Cuda) -> None:
    cuda.broken = True
    memory = GpuMemory()
    memory.note()
    memory.show(Task.BEAT_ANALYSIS)
    assert shown(Task.BEAT_ANALYSIS) == [None, None, None]


async def test_a_child_without_a_gpu_publishes_no_metrics() -> None:
    with Compute("test", Settings()) as compute:
        assert await compute.run("os:getpid")
        compute.gpu.show(Task.TRANSCRIPTION)
    assert shown(Task.TRANSCRIPTION) == [None, None, None]


async def test_a_parent_publishes_what_its_child_measured() -> None:
    with Compute("test", Settings()) as compute:
        await compute.run("tests.unit.shared.worker.test_gpu:pretend")
        compute.gpu.show(Task.TRANSCRIPTION)
    assert shown(Task.TRANSCRIPTION) == [3e9, 4e9, 16e9]


def pretend() -> None:
    sys.modules["torch"] = SimpleNamespace(cuda=Cuda())  # type: ignore[assignment] # a stand-in
