"""One song by the services, by the same engines in one process, and by programs from the command line."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from types import TracebackType
from typing import Any, Final, Self

from bench.clients import JobClient
from bench.events import recorded, wait_until
from deploy.local.child import StartError
from shared.broker.bus import Bus
from shared.events import Event, TaskCompleted, TaskStarted
from shared.tasks import Task
from shared.worker.compute import SLEEPING_THREADS

ROOT: Final = Path(__file__).parents[1]
TASKS: Final = ("stem_separation", "transcription", "beat_analysis")
QUEUE_SECONDS: Final = 600.0


class EngineProcess:
    """The engines in one process with loaded models, see `bench.programs.engines_in_process`. A context manager."""

    def __init__(self, env: Mapping[str, str], log: Path) -> None:
        """Start to load the models. `log` is for the output of libraries."""
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log.open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.programs.engines_in_process"],
            env={**os.environ, **SLEEPING_THREADS, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def wait_until_loaded(self) -> None:
        self._answer()

    def seconds(self, song: Path, options: Mapping[str, str], *, parallel: bool) -> float:
        """Return the time from the upload to all files.

        `options` are the fields of the form. With `parallel`, the beats are analysed during the separation.
        """
        assert self._process.stdin
        fields = {name: value.split(",") if name == "tasks" else value for name, value in options.items()}
        request = {"song": str(song.absolute()), "options": fields, "parallel": parallel}
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return float(self._answer()["seconds"])

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
            raise RuntimeError(f"the engines' process has ended: see {self._log.name}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@dataclass(frozen=True)
class SongComparison:
    """A song, the fields of its form, and the same models for the commands.

    The `demucs` command finds `model` in `repo`. Without `whisper`, a model's folder, there is no transcription.
    """

    song: Path
    options: Mapping[str, str]
    repo: Path
    model: str
    whisper: Path | None

    def run(self, client: JobClient, engines: EngineProcess, runs: int, command_runs: int) -> dict[str, Any]:
        """Return the seconds of alternating runs. The commands take part in the first `command_runs`.

        The beats are first analysed before and during the separation, and the faster way is used for the limit.
        """
        self._run_services(client)
        tried = {
            way: engines.seconds(self.song, self.options, parallel=way == "during") for way in ("before", "during")
        }
        parallel = tried["during"] < tried["before"]
        seconds: dict[str, list[float]] = {"ours": [], "limit": [], "commands": []}
        parts, programs = [], []
        for turn in range(runs):
            ours, parts_of_ours = self._run_services(client)
            seconds["ours"].append(ours)
            parts.append(parts_of_ours)
            seconds["limit"].append(round(engines.seconds(self.song, self.options, parallel=parallel), 3))
            if turn < command_runs:
                programs.append(self._run_commands())
                seconds["commands"].append(round(sum(programs[-1].values()), 3))
        return {
            "seconds": seconds,
            "limit_has_beats": "during" if parallel else "before",
            "limit_tried_seconds": {way: round(taken, 3) for way, taken in tried.items()},
            "our_parts_seconds": medians(parts),
            "program_seconds": medians(programs),
        }

    def _run_services(self, client: JobClient) -> tuple[float, dict[str, float]]:
        """Return the seconds from the upload's first byte to the event of the job's end, and those of its parts."""
        began = perf_counter()
        job_id = client.submit(self.song, **self.options)
        upload = perf_counter() - began
        document = client.wait_until_completed(job_id)
        seconds = perf_counter() - began
        client.wait_until_refined(job_id)  # so that it does not slow down the next run
        tasks = {task: document[task]["processing_time"] or 0.0 for task in TASKS}
        between = seconds - upload - tasks["stem_separation"] - tasks["transcription"]
        return round(seconds, 3), {"upload": upload, **tasks, "between": between}

    def _run_commands(self) -> dict[str, float]:
        """Return the seconds of the programs that a user would start one after another. Raises StartError."""
        with tempfile.TemporaryDirectory() as out:
            # Without random shifts, as in our separation. The default of one shift takes a quarter longer.
            options = ["--name", self.model, "--repo", str(self.repo), "--shifts", "0", "--out", out]
            taken = {"demucs": _run("-m", "demucs", *options, self.song)}
            if self.whisper:
                vocals = Path(out, self.model, self.song.stem, "vocals.wav")
                options = ["--compute_type", "int8", "--device", "cpu", "--no_align", "--output_dir", out]
                whisperx = ("-m", "bench.programs.whisperx_command", vocals, "--model", self.whisper)
                taken["whisperx"] = _run(*whisperx, *options)
            return taken | {"librosa": _run("-m", "bench.programs.librosa_beats", self.song)}


def medians(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(median(row[name] for row in rows), 3) for name in rows[0]} if rows else {}


async def separator_load(amqp_url: str, url: str, song: Path, count: int) -> dict[str, Any]:
    """Submit songs, four at a time, and return how long the separator was busy until the last was separated.

    It is busy from when it takes a song until it publishes the result: loading, computing and storing.
    """
    async with (
        Bus(amqp_url, "bench") as bus,
        recorded(bus, "task_started") as started,
        recorded(bus, "task_completed") as completed,
    ):
        with ThreadPoolExecutor(4) as threads, JobClient(url) as client:
            loop = asyncio.get_running_loop()
            await asyncio.gather(*(loop.run_in_executor(threads, client.submit, song) for _ in range(count)))
            await wait_until(lambda: len(_separated(completed)) == count, QUEUE_SECONDS, "for songs to be separated")
    began = [event.at for event in started if isinstance(event, TaskStarted) and event.task is Task.STEM_SEPARATION]
    ended = _separated(completed)
    span = (max(event.at for event in ended) - min(began)).total_seconds()
    busy = sum(event.processing_time for event in ended)
    return {"songs": count, "span_seconds": round(span, 3), "busy_seconds": round(busy, 3)}


def _separated(events: list[Event]) -> list[TaskCompleted]:
    return [each for each in events if isinstance(each, TaskCompleted) and each.task is Task.STEM_SEPARATION]


def _run(*arguments: str | Path) -> float:
    """Return the seconds of a Python program. Raises StartError."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"}
    began = perf_counter()
    done = subprocess.run([sys.executable, *arguments], env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StartError(f"{arguments[1]} ended with {done.returncode}", done.stderr[-500:])
    return round(perf_counter() - began, 3)
