"""Child processes that work on audio, a few at a time, and answer with a line of JSON."""

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
"""On top of the child's own limit on processor time."""

ChildResult = dict[str, float | str]


class Slots:
    """So many at once; others wait, but not for long."""

    def __init__(self, at_once: int, wait_seconds: float, busy: str) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._wait_seconds = wait_seconds
        self._busy = busy

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Raises TransientError `busy` when too many others wait."""
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._free.acquire()
        except TimeoutError as error:
            raise TransientError(self._busy, code="busy") from error
        try:
            yield
        finally:
            self._free.release()


async def run_child(module: str, *arguments: str | Path) -> ChildResult | None:
    """What `python -m module arguments` prints; None when it fails, or takes too long and is killed."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(CHILD_SECONDS):
            said, complaint = await child.communicate()
    except TimeoutError:
        said, complaint = b"", b"no answer in time"
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        told = complaint[-500:].decode(errors="replace")
        log.warning("child failed", module=module, returncode=child.returncode, complaint=told)
        return None
    content: ChildResult = json.loads(said)
    return content
