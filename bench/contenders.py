"""Who is compared by the event path, and how each is started: a worker for each of three tasks, one task at a time."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.bench import Bench
from bench.contender import ROOT, Contender, contender
from bench.peers import python_with
from bench.spent import listener
from bench.system import System, system
from deploy.local.child import Child

Start = Callable[[], AbstractContextManager[Contender]]

TASKS = ("separator", "transcriber", "beats")
OURS = {"status": 1, **dict.fromkeys(TASKS, 1)}


@dataclass(frozen=True)
class Peer:
    """`worker` is what its Python is called with; `{queue}` is the queue that the worker serves."""

    packages: tuple[str, ...]
    program: str
    queues: str
    worker: str
    servers: tuple[str, ...] = ("broker", "redis")


PEERS = {
    "Celery": Peer(
        ("celery[redis]==5.7.0",),
        "celery_jobs",
        "celery.{}",
        "celery -A bench.programs.celery_jobs --quiet worker --concurrency 1 --queues {queue} "
        "--hostname {queue}@localhost --loglevel warning --without-gossip --without-mingle",
    ),
    "Dramatiq": Peer(
        ("dramatiq[rabbitmq,redis]==2.2.1",),
        "dramatiq_jobs",
        "dramatiq.{}",
        "dramatiq bench.programs.dramatiq_jobs --processes 1 --threads 1 --queues {queue}",
    ),
    "taskiq": Peer(
        ("taskiq==0.13.0", "taskiq-aio-pika==0.6.1", "taskiq-redis==1.2.4"),
        "taskiq_jobs",
        "taskiq.{}",
        "taskiq worker bench.programs.taskiq_jobs:broker --workers 1 --max-async-tasks 1 --log-level WARNING",
    ),
    "arq": Peer(("arq==0.28.0",), "arq_jobs", "arq:{}", "arq bench.programs.arq_jobs.Worker", ("redis",)),
}


def contenders(bench: Bench, redis_url: str) -> dict[str, Start]:
    """By name, each to be started when it is its turn."""
    servers = {"broker": listener(bench.amqp_url), "database": listener(bench.mongo_url), "redis": listener(redis_url)}
    env = {**os.environ, "AMQP_URL": bench.amqp_url, "REDIS_URL": redis_url, "PYTHONPATH": str(ROOT)}
    ours: dict[str, Start] = {
        "ours": partial(_ours, bench, servers, "direct"),
        "ours, over HTTP": partial(_ours, bench, servers, "http"),
    }
    return ours | {name: partial(_peer, bench, peer, env, servers) for name, peer in PEERS.items()}


@contextmanager
def _ours(bench: Bench, servers: Mapping[str, int], way: str) -> Iterator[Contender]:
    with system(bench, OURS | ({"gateway": 1} if way == "http" else {})) as running:
        pids = {
            "workers": [running.children[name].pid for name in TASKS],
            "services": [running.children[name].pid for name in ("status", "gateway") if name in running.children],
            "broker": [servers["broker"]],
            "database": [servers["database"]],
        }
        command = [sys.executable, "-m", "bench.programs.karaoke", way]
        with contender(command, _addresses(bench, running), pids, bench.folder / "client.log") as side:
            yield side


def _addresses(bench: Bench, running: System) -> dict[str, str]:
    urls = {f"{name.upper()}_URL": service.url for name, service in running.services.items()}
    return {**os.environ, **urls, "AMQP_URL": bench.amqp_url, "STORAGE_URL": str(bench.folder / "storage")}


@contextmanager
def _peer(bench: Bench, peer: Peer, env: Mapping[str, str], servers: Mapping[str, int]) -> Iterator[Contender]:
    python, log = python_with(*peer.packages), bench.folder / f"{peer.program}.log"
    workers = [_worker(peer, python, peer.queues.format(task), env, log) for task in TASKS]
    try:
        for worker in workers:
            worker.start()
        pids = {"workers": [worker.pid for worker in workers], **{name: [servers[name]] for name in peer.servers}}
        with contender([python, "-m", f"bench.programs.{peer.program}"], env, pids, log) as side:
            yield side
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.end(grace_seconds=3)


def _worker(peer: Peer, python: Path, queue: str, env: Mapping[str, str], log: Path) -> Child:
    command: Sequence[str | Path] = [python, "-m", *peer.worker.format(queue=queue).split()]
    return Child(queue, command, {**env, "QUEUE": queue, "dramatiq_queue_prefetch": "1"}, log)
