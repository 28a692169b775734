"""One warm child process in which a model runs.

The event loop, and with it the broker's heartbeat, stays free while a model computes; killing the child
cancels a task, keeps a deadline, and confines a crash or an exhausted memory to the task that caused it.
"""

import asyncio
import ctypes
import multiprocessing
import os
import pkgutil
import signal
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from ctypes import c_double, c_int
from multiprocessing.sharedctypes import RawValue
from typing import Any, Self

import structlog
from pebble import ProcessExpired, ProcessPool
from structlog.contextvars import bound_contextvars, get_contextvars

from shared.errors import ComputeError, KaraokeError, on_a_full_disk
from shared.settings import Settings
from shared.telemetry import logs
from shared.worker.gpu import GpuMemory

log = structlog.get_logger()

REPORT_SECONDS = 1.5
PR_SET_PDEATHSIG = 1
NICENESS = 10
"""Leaves a process about a tenth of the core time that a competing process gets."""

SLEEPING_THREADS = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Makes waiting threads of a model sleep instead of spin, which leaves the core to other processes.
Beside one busy process, on two cores, a separation took 8 s instead of 17 s; alone it takes no longer."""


class Compute:
    """A child process as a context manager. Leaving it kills the child."""

    def __init__(self, service: str, settings: Settings) -> None:
        self._fraction = RawValue(c_double, 0.0)  # no lock: a killed child would never release it
        self._lines = RawValue(c_int, 0)
        self.gpu = GpuMemory()
        self._initargs = (self._fraction, self._lines, self.gpu, service, settings)
        self._pool = self._new_pool()

    async def run(
        self,
        target: str,
        *args: object,
        timeout: float | None = None,  # noqa: ASYNC109 -- the deadline is the pool's: it kills the child
        report: Callable[[float, int], Awaitable[None]] | None = None,
        low_priority: bool = False,
    ) -> Any:  # noqa: ANN401 -- whatever the target returns
        """Call the function named by `target` (`package.module:function`) in the child.

        `report` is awaited every 1.5 s with the fraction (0 to 1) and the lines that the function last gave to
        `shared.worker.compute.progress`. With `low_priority` others on the machine go first.
        Cancelling kills the child. Raises the KaraokeError that the function raises, and ComputeError for any other
        error, when the child dies, or is not done after `timeout` seconds.
        """
        if not self._pool.active:  # a child that dies while idle ends pebble's pool, too
            self._end_pool()
            self._pool = self._new_pool()
        self._fraction.value, self._lines.value = 0.0, 0
        context = get_contextvars() | logs.trace_fields()
        call = _call_at_low_priority if low_priority else _call
        future: Future[Any] = self._pool.schedule(call, args=(target, args, context), timeout=timeout)
        result = asyncio.wrap_future(future)
        try:
            while not (await asyncio.wait({result}, timeout=REPORT_SECONDS))[0]:
                if report:
                    await report(self._fraction.value, self._lines.value)
            return result.result()
        except (ProcessExpired, BrokenProcessPool) as error:
            raise ComputeError("The computation ended unexpectedly", str(error)) from error
        except TimeoutError as error:
            raise ComputeError("The computation took too long", f"over {timeout} s", code="deadline") from error
        finally:
            result.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._end_pool()

    def _new_pool(self) -> ProcessPool:
        spawn = multiprocessing.get_context("spawn")  # a forked child would inherit the loop's sockets and threads
        return ProcessPool(max_workers=1, context=spawn, initializer=_start, initargs=self._initargs)

    def _end_pool(self) -> None:
        self._pool.stop()  # type: ignore[no-untyped-call] # pebble's own omission
        self._pool.join()


_fraction: Any = None
_lines: Any = None
_gpu: GpuMemory | None = None


def progress(fraction: float | None = None, *, lines: int | None = None) -> None:
    """Report, in the child, how much of the running task is done: `shared.worker.inputs.Progress`."""
    if fraction is not None:
        _fraction.value = fraction
    if lines is not None:
        _lines.value = lines


def _start(fraction: object, lines: object, gpu: GpuMemory, service: str, settings: Settings) -> None:
    global _fraction, _lines, _gpu  # one task at a time runs in the child
    _fraction, _lines, _gpu = fraction, lines, gpu
    logs.configure(service, settings)
    for name, value in SLEEPING_THREADS.items():  # before the model's libraries are loaded, which read them
        os.environ.setdefault(name, value)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    if hasattr(ctypes.CDLL(None), "prctl"):  # Linux: do not outlive a parent that was killed
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _call(target: str, args: tuple[object, ...], context: dict[str, Any]) -> object:
    with bound_contextvars(**context):  # the child's log lines name the job, too
        try:
            with on_a_full_disk():
                return pkgutil.resolve_name(target)(*args)
        except KaraokeError:
            raise
        except MemoryError:
            raise ComputeError("The computation ran out of memory", code="out_of_memory") from None
        except Exception as error:  # not every error of a library can be pickled
            log.exception("unexpected error", target=target)
            raise ComputeError("An internal error occurred", type(error).__name__, code="internal_error") from None
        finally:
            if _gpu:
                _gpu.note()


def _call_at_low_priority(*args: Any) -> object:  # noqa: ANN401 -- those of `_call`
    """Call in a separate thread: on Linux, niceness belongs to a thread and can only be raised."""
    with ThreadPoolExecutor(1, initializer=os.nice, initargs=(NICENESS,)) as nice:
        return nice.submit(_call, *args).result()
