"""Runs child processes for audio, a few at a time. Each prints its result as a line of JSON."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from shared.errors import TransientError

log = structlog.get_logger()

CHILD_SECONDS = 150
"""Longest run time. The child also limits its own processor time (sandbox.py)."""

ChildResult = dict[str, float | str]


class Slots:
    """A limited number of concurrent children. Others wait at most `wait_seconds` for a slot."""

    def __init__(self, count: int, wait_seconds: float, busy_message: str) -> None:
        self._free = asyncio.Semaphore(count)
        self._wait_seconds = wait_seconds
        self._busy_message = busy_message

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold a slot. Raises TransientError `busy` when none becomes free in time."""
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._free.acquire()
        except TimeoutError as error:
            raise TransientError(self._busy_message, code="busy") from error
        try:
            yield
        finally:
            self._free.release()


async def run_child(module: str, *arguments: str | Path) -> ChildResult | None:
    """Return the JSON that `python -m module arguments` prints. None if it fails, or is killed at the time limit."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments),
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
