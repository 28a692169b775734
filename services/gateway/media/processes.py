"""Runs child processes for audio, a few at a time. Each prints its result as a line of JSON."""

import asyncio
import itertools
import json
import logging
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import structlog

from services.gateway.media.sandbox import MEASURES, MEMORY_BYTES
from shared.errors import TransientError
from shared.machine import memory_bytes, processors
from shared.telemetry.metrics import CONFINED

log = structlog.get_logger()

CHILD_SECONDS = 150
"""Longest run time. The child also limits its own processor time (sandbox.py)."""

GATEWAY_BYTES: Final = 512 << 20
"""Memory that is left to the gateway's own process."""

ENVIRONMENT: Final = {"LANG": "C.UTF-8"} | {
    name: os.environ[name]
    for name in ("LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
    if name in os.environ
}
"""The children's environment: only what Python needs to start. That of the gateway contains secrets."""

ChildResult = dict[str, float | str]


def child_counts(processors: int, memory_bytes: int) -> tuple[int, int]:
    """Return how many children may decode and encode at once: at least one each.

    Half as many encode as decode, because decoding an upload is more urgent.
    """
    children = min(processors + processors // 2, (memory_bytes - GATEWAY_BYTES) // MEMORY_BYTES)
    encoders = max(1, children // 3)
    return max(1, children - encoders), encoders


MAX_DECODERS, MAX_ENCODERS = child_counts(processors(), memory_bytes())


class Slots:
    """A limited number of concurrent children, shared fairly between callers.

    A free slot goes to the waiting caller with the fewest children, then to the one that was served least recently,
    then to the request that has waited longest. A request waits at most `wait_seconds`.
    """

    def __init__(self, count: int, wait_seconds: float, busy_message: str) -> None:
        self._count = count
        self._wait_seconds = wait_seconds
        self._busy_message = busy_message
        self._waiting: dict[asyncio.Event, Hashable] = {}
        self._running: Counter[Hashable] = Counter()
        self._turns = itertools.count(1)
        self._last_turn: dict[Hashable, int] = {}
        """Turn in which each caller that runs or waits was served last."""

    @asynccontextmanager
    async def slot(self, caller: Hashable) -> AsyncIterator[None]:
        """Hold a slot. Raises TransientError `busy` when none becomes free in time."""
        turn = asyncio.Event()
        self._waiting[turn] = caller
        self._admit()
        try:
            try:
                async with asyncio.timeout(self._wait_seconds):
                    await turn.wait()
            except TimeoutError as error:
                raise TransientError(self._busy_message, code="busy") from error
            yield
        finally:
            if not self._waiting.pop(turn, None):
                self._running[caller] -= 1
            self._admit()
            self._forget(caller)

    def _admit(self) -> None:
        while self._waiting and self._running.total() < self._count:
            turn = min(self._waiting, key=self._rank)
            caller = self._waiting.pop(turn)
            self._running[caller] += 1
            self._last_turn[caller] = next(self._turns)
            turn.set()

    def _rank(self, turn: asyncio.Event) -> tuple[int, int]:
        caller = self._waiting[turn]
        return self._running[caller], self._last_turn.get(caller, 0)

    def _forget(self, caller: Hashable) -> None:
        """Forget a caller that neither runs nor waits."""
        if not self._running[caller]:
            del self._running[caller]
            if caller not in self._waiting.values():
                self._last_turn.pop(caller, None)


async def report_confinement() -> None:
    """Log which measures of the sandbox work here, and set their metric."""
    works = await run_child("services.gateway.media.sandbox") or {}
    for measure in MEASURES:
        CONFINED.labels(measure).set(float(works.get(measure, 0)))
    is_complete = all(works.get(measure) for measure in MEASURES)
    log.log(logging.INFO if is_complete else logging.WARNING, "children confined", **works)


async def run_child(module: str, *arguments: str | Path) -> ChildResult | None:
    """Return the JSON that `python -m module arguments` prints. None if it fails, or is killed at the time limit."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments),
        env=ENVIRONMENT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(CHILD_SECONDS):
            output, errors = await child.communicate()
    except TimeoutError:
        output, errors = b"", b"time limit exceeded"
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        last = errors[-500:].decode(errors="replace")
        log.warning("child failed", module=module, returncode=child.returncode, complaint=last)
        return None
    result: ChildResult = json.loads(output)
    return result
