"""Memory of the GPU on which a child computes: measured by the child, published by its parent, which loads no torch."""

import sys
from contextlib import suppress
from ctypes import c_double
from multiprocessing.sharedctypes import RawArray
from typing import Any

from shared.tasks import Task
from shared.telemetry.metrics import GPU_PEAK, GPU_TOTAL, GPU_USED

GAUGES = (GPU_PEAK, GPU_USED, GPU_TOTAL)


class GpuMemory:
    """Bytes, shared by both processes; all 0 while no task has used a GPU."""

    def __init__(self) -> None:
        self._bytes = RawArray(c_double, len(GAUGES))  # no lock: a killed child would never release it

    def note(self) -> None:
        """Measure the memory; called in the child after a task. An engine that uses torch has imported it."""
        torch: Any = sys.modules.get("torch")
        if torch is None or not torch.cuda.is_available():
            return
        with suppress(RuntimeError):  # an error of the GPU must not lose the result
            free, total = torch.cuda.mem_get_info()  # includes CTranslate2, which allocates without torch
            self._bytes[:] = [torch.cuda.max_memory_allocated(), total - free, total]
            torch.cuda.reset_peak_memory_stats()

    def show(self, task: Task) -> None:
        """Publish the metrics; called in the parent. Does nothing without a GPU."""
        if self._bytes[-1]:
            for gauge, value in zip(GAUGES, self._bytes, strict=True):
                gauge.labels(task).set(value)
