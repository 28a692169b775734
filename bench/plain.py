"""A plain program beside us: the same engines in one warm process."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from shared.worker.compute import PATIENT_THREADS


class Plain:
    """A context manager, which starts to load the models; leaving it ends the process."""

    def __init__(self, env: Mapping[str, str], log: Path) -> None:
        """What its libraries print goes to `log`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log.open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.programs.limit"],
            env={**os.environ, **PATIENT_THREADS, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def seconds(self, song: Path, options: Mapping[str, str], *, beside: bool) -> float:
        """From the upload to all files. `options` are those of the form; `beside` has the beats tracked while the song
        is separated.
        """
        assert self._process.stdin
        wanted = {name: value.split(",") if name == "tasks" else value for name, value in options.items()}
        asked = {"song": str(song.absolute()), "options": wanted, "beside": beside}
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        return float(self._answer()["seconds"])

    def wait(self) -> None:
        """Returns once the models are warm."""
        self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()
        self._log.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the plain program has ended: see {self._log.name}")
        answer: dict[str, Any] = json.loads(line)
        return answer
