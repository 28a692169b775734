"""Many who poll at once, as fast as they are answered: wrk, which costs little beside what it asks."""

import asyncio
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.request import urlopen

from deploy.local.child import StartError

SCRIPT: Final = Path(__file__).parent / "programs" / "poll.lua"
MODES: Final = {"200": "changed", "304": "unchanged"}


@dataclass(frozen=True)
class Poll:
    """`per_second` are answers; `p99_ms` is from a question to its answer, all of the time where there was none."""

    per_second: float
    p99_ms: float


class Pollers:
    """`folder` is for the list of the jobs that they ask for. Raises StartError without wrk."""

    def __init__(self, folder: Path, job_ids: Sequence[str]) -> None:
        if shutil.which("wrk") is None:
            raise StartError("wrk, which asks, is missing", "run `make bench`, or install it")
        self._job_id = job_ids[0]
        self._list = folder / "job_ids"
        self._list.write_text("".join(f"{job_id}\n" for job_id in job_ids))

    async def poll(self, url: str, pollers: int, code: str, seconds: int) -> Poll:
        """By so many connections, which stay; `code` is what they are answered with. Raises StartError."""
        options = ["--threads", "1", "--connections", str(pollers), "--duration", f"{seconds}s", "--timeout", "10s"]
        process = await asyncio.create_subprocess_exec(
            "wrk", *options, "--script", SCRIPT, url, "--", MODES[code], self._list, stdout=asyncio.subprocess.PIPE
        )
        output = (await process.communicate())[0].decode()
        if process.returncode:
            raise StartError(f"wrk could not ask {url}", output)
        await asyncio.to_thread(_wait, f"{url}/api/status/{self._job_id}")
        said = json.loads(output.splitlines()[-1])
        if said["failed"]:
            raise StartError(f"not every poll of {url} was answered", output)
        longest = said["p99_ms"] if said["requests"] else 1000 * said["seconds"]
        return Poll(round(said["requests"] / said["seconds"], 1), longest)


def _wait(url: str) -> None:
    """Until what was asked by connections that are gone is done with, too."""
    with urlopen(url, timeout=60) as answer:
        answer.read()
