"""A side that does jobs of three tasks: its workers run, and its client does what it is told."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.spent import cpu_seconds
from deploy.local.child import StartError

ROOT = Path(__file__).parents[1]
WARM_JOBS = 5

Pids = Mapping[str, Sequence[int]]
"""Whose processor time belongs to a side, by what they are."""


class Contender:
    def __init__(self, client: subprocess.Popen[str], pids: Pids) -> None:
        self._client = client
        self._pids = {**pids, "client": [client.pid]}

    def load(self, jobs: int) -> dict[str, float]:
        """Jobs a second, and what a job costs each kind of process, in milliseconds of processor time."""
        before = self._spent()
        jobs_per_second = jobs / self._order("load", jobs)
        after = self._spent()
        cost = {f"{kind}_ms": round(1000 * (after[kind] - before[kind]) / jobs, 2) for kind in after}
        return {"jobs_per_second": round(jobs_per_second, 2), **cost}

    def alone(self, jobs: int) -> list[float]:
        """Milliseconds from submitting a job to seeing it completed, with nothing else to do."""
        return [round(1000 * seconds, 1) for seconds in self._order("alone", jobs)]

    def _order(self, what: str, jobs: int) -> Any:  # noqa: ANN401 -- whatever the client answers
        assert self._client.stdin
        assert self._client.stdout
        print(what, jobs, file=self._client.stdin, flush=True)
        if not (answer := self._client.stdout.readline()):
            raise StartError("a client has ended", " ".join(map(str, self._client.args)))  # type: ignore[arg-type] # it was given a list
        return json.loads(answer)

    def _spent(self) -> dict[str, float]:
        return {kind: cpu_seconds(pids) for kind, pids in self._pids.items()}


@contextmanager
def contender(client: Sequence[str | Path], env: Mapping[str, str], pids: Pids, log: Path) -> Iterator[Contender]:
    """Warm when it is yielded: a few jobs are done. What its client complains of is in `log`."""
    with log.open("ab") as complaints:
        process = subprocess.Popen(
            client, env=env, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, text=True
        )
    with process:
        try:
            side = Contender(process, pids)
            side.load(WARM_JOBS)
            yield side
        finally:
            assert process.stdin
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
