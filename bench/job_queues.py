"""Job queues compared by the event path: ours and four libraries. Each has one worker per task, one task at a time."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from bench.figure import Bench
from bench.processes import cpu_seconds, listener
from bench.services import WORKERS, running
from deploy.local.child import Child, StartError, until
from deploy.local.ports import LOOPBACK, free_ports, listening

ROOT: Final = Path(__file__).parents[1]
ENVIRONMENTS: Final = ROOT / ".run" / "bench" / "libraries"
WARM_UP_JOBS: Final = 5
SERVICES: Final = {"status": 1, **dict.fromkeys(WORKERS, 1)}

Pids = Mapping[str, Sequence[int]]
"""Processes by kind."""


class JobQueue:
    """A running job queue. It is measured by a client process, see `bench.programs.client`."""

    def __init__(self, client: subprocess.Popen[str], pids: Pids) -> None:
        self._client = client
        self._pids = {**pids, "client": [client.pid]}

    def run_concurrently(self, jobs: int) -> dict[str, float]:
        """Return jobs per second, and the milliseconds of processor time per job by kind of process."""
        before = self._cpu_seconds()
        jobs_per_second = jobs / self._request("concurrently", jobs)
        after = self._cpu_seconds()
        cost = {f"{kind}_ms": round(1000 * (after[kind] - before[kind]) / jobs, 2) for kind in after}
        return {"jobs_per_second": round(jobs_per_second, 2), **cost}

    def run_one_by_one(self, jobs: int) -> list[float]:
        """Return the milliseconds from each job's submission until it is seen to be completed."""
        return [round(1000 * seconds, 1) for seconds in self._request("one_by_one", jobs)]

    def _request(self, what: str, jobs: int) -> Any:  # noqa: ANN401 -- the client answers with a number or a list
        assert self._client.stdin
        assert self._client.stdout
        print(what, jobs, file=self._client.stdin, flush=True)
        if not (answer := self._client.stdout.readline()):
            raise StartError("a client has ended", " ".join(map(str, self._client.args)))  # type: ignore[arg-type] # a list
        return json.loads(answer)

    def _cpu_seconds(self) -> dict[str, float]:
        return {kind: cpu_seconds(pids) for kind, pids in self._pids.items()}


@dataclass(frozen=True)
class Library:
    """A job queue library. `worker` are the arguments of Python, where `{queue}` is the queue to serve."""

    packages: tuple[str, ...]
    program: str
    queues: str
    worker: str
    servers: tuple[str, ...] = ("broker", "redis")


LIBRARIES: Final = {
    "Celery": Library(
        ("celery[redis]==5.7.0",),
        "celery_jobs",
        "celery.{}",
        "celery -A bench.programs.celery_jobs --quiet worker --concurrency 1 --queues {queue} "
        "--hostname {queue}@localhost --loglevel warning --without-gossip --without-mingle",
    ),
    "Dramatiq": Library(
        ("dramatiq[rabbitmq,redis]==2.2.1",),
        "dramatiq_jobs",
        "dramatiq.{}",
        "dramatiq bench.programs.dramatiq_jobs --processes 1 --threads 1 --queues {queue}",
    ),
    "taskiq": Library(
        ("taskiq==0.13.0", "taskiq-aio-pika==0.6.1", "taskiq-redis==1.2.4"),
        "taskiq_jobs",
        "taskiq.{}",
        "taskiq worker bench.programs.taskiq_jobs:broker --workers 1 --max-async-tasks 1 --log-level WARNING",
    ),
    "arq": Library(("arq==0.28.0",), "arq_jobs", "arq:{}", "arq bench.programs.arq_jobs.Worker", ("redis",)),
}


def job_queues(bench: Bench, redis_url: str) -> dict[str, Callable[[], AbstractContextManager[JobQueue]]]:
    """Return functions that start each job queue, by name."""
    servers = {"broker": listener(bench.amqp_url), "database": listener(bench.mongo_url), "redis": listener(redis_url)}
    return {
        "ours": partial(_ours, bench, servers, "direct"),
        "ours, over HTTP": partial(_ours, bench, servers, "http"),
        **{name: partial(_library, bench, one, redis_url, servers) for name, one in LIBRARIES.items()},
    }


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """Start a Redis server that stores in `folder`, yield its URL, and stop it.

    It appends to a log that is synchronized every second, as its manual recommends.
    """
    program = shutil.which("redis-server")
    if program is None:
        raise StartError("redis-server is missing", "run `make bench`, or install Redis 6 or later")
    (port,) = free_ports(1)
    folder.mkdir(parents=True)
    options = ("--bind", LOOPBACK, "--port", str(port), "--dir", str(folder), "--save", "", "--appendonly", "yes")
    server = Child("redis", [program, *options], os.environ, folder.with_suffix(".log"))
    try:
        server.start()
        until(lambda: listening(port), [server], seconds=10)
        yield f"redis://{LOOPBACK}:{port}/0"
    finally:
        server.end()


@contextmanager
def _ours(bench: Bench, servers: Mapping[str, int], submission: str) -> Iterator[JobQueue]:
    with running(bench, SERVICES | ({"gateway": 1} if submission == "http" else {})) as services:
        children = services.children
        pids = {
            "workers": [children[name].pid for name in WORKERS],
            "services": [children[name].pid for name in ("status", "gateway") if name in children],
            "broker": [servers["broker"]],
            "database": [servers["database"]],
        }
        urls = {f"{name.upper()}_URL": service.url for name, service in services.services.items()}
        env = {**os.environ, **urls, "AMQP_URL": bench.amqp_url, "STORAGE_URL": str(bench.folder / "storage")}
        command = [sys.executable, "-m", "bench.programs.karaoke_jobs", submission]
        with _warm(command, env, pids, bench.folder / "client.log") as queue:
            yield queue


@contextmanager
def _library(bench: Bench, library: Library, redis_url: str, servers: Mapping[str, int]) -> Iterator[JobQueue]:
    env = {**os.environ, "AMQP_URL": bench.amqp_url, "REDIS_URL": redis_url, "PYTHONPATH": str(ROOT)}
    python, log = _python_with(*library.packages), bench.folder / f"{library.program}.log"
    workers = [_worker(library, python, library.queues.format(task), env, log) for task in WORKERS]
    try:
        for worker in workers:
            worker.start()
        pids = {"workers": [worker.pid for worker in workers], **{name: [servers[name]] for name in library.servers}}
        with _warm([python, "-m", f"bench.programs.{library.program}"], env, pids, log) as queue:
            yield queue
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.end(grace_seconds=3)


def _worker(library: Library, python: Path, queue: str, env: Mapping[str, str], log: Path) -> Child:
    command: Sequence[str | Path] = [python, "-m", *library.worker.format(queue=queue).split()]
    return Child(queue, command, {**env, "QUEUE": queue, "dramatiq_queue_prefetch": "1"}, log)


@contextmanager
def _warm(client: Sequence[str | Path], env: Mapping[str, str], pids: Pids, log: Path) -> Iterator[JobQueue]:
    """Start the client, and yield the job queue after a few jobs. `log` is for the client's errors."""
    with log.open("ab") as errors:
        process = subprocess.Popen(
            client, env=env, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    with process:
        try:
            queue = JobQueue(process, pids)
            queue.run_concurrently(WARM_UP_JOBS)
            yield queue
        finally:
            assert process.stdin
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _python_with(*packages: str) -> Path:
    """Return the Python of an environment with only these packages. Raises StartError with pip's output."""
    folder = ENVIRONMENTS / hashlib.sha256(" ".join(packages).encode()).hexdigest()[:12]
    python, installed = folder / "bin" / "python", folder / "installed"
    if not installed.exists():
        venv.create(folder, with_pip=True, clear=True)
        done = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", *packages], check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise StartError(f"pip could not install {', '.join(packages)}", done.stderr.strip()[-500:])
        installed.touch()
    return python
