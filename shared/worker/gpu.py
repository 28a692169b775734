"""The memory of the GPU on which a child computes: noted by the child, shown by its parent, which loads no torch."""

import sys
from contextlib import suppress
from ctypes import c_double
from multiprocessing.sharedctypes import RawArray
from typing import Any

from shared.events import Task
from shared.telemetry.metrics import GPU_PEAK, GPU_TOTAL, GPU_USED

GAUGES = (GPU_PEAK, GPU_USED, GPU_TOTAL)


class GpuMemory:
    """Bytes, shared by both processes; all 0 while no task has used a GPU."""

    def __init__(self) -> None:
        self._bytes = RawArray(c_double, len(GAUGES))  # without a lock: a killed child could never give it back

    def note(self) -> None:
        """In the child, after a task. An engine that uses torch has imported it."""
        torch: Any = sys.modules.get("torch")
        if torch is None or not torch.cuda.is_available():
            return
        with suppress(RuntimeError):  # whatever the GPU has, it must not cost the result
            free, total = torch.cuda.mem_get_info()  # what others take, too: CTranslate2 does not ask torch for memory
            self._bytes[:] = [torch.cuda.max_memory_allocated(), total - free, total]
            torch.cuda.reset_peak_memory_stats()

    def show(self, task: Task) -> None:
        """In the parent. Without a GPU there is nothing to show."""
        if self._bytes[-1]:
            for gauge, value in zip(GAUGES, self._bytes, strict=True):
                gauge.labels(task).set(value)
