"""Pods of one service, their nodes and their queue in simulated time."""

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count

import numpy as np

from bench.simulation.autoscaler import POLLING_SECONDS, SYNC_SECONDS, Autoscaler, Policy
from bench.simulation.traffic import DAY_SECONDS, Floats


@dataclass(frozen=True)
class Startup:
    """Seconds until a new node has the image, until a container is ready, and for which an empty node is kept."""

    new_node: float
    container: float
    linger: float


class Nodes:
    """Nodes with one pod each. A node is paid for from its request until it has been empty for a while."""

    def __init__(self, startup: Startup) -> None:
        self._startup = startup
        self._requested: dict[int, float] = {}
        self._empty: list[tuple[float, int]] = []  # since when; the latest is last
        self._paid = 0.0
        self._ids = count()

    def take(self, now: float) -> tuple[int, float]:
        """Return a node, and the seconds until a pod on it is ready."""
        self._remove_empty(now)
        if self._empty:
            return self._empty.pop()[1], self._startup.container
        node = next(self._ids)
        self._requested[node] = now
        return node, self._startup.new_node + self._startup.container

    def give_back(self, node: int, now: float) -> None:
        self._empty.append((now, node))

    def paid_seconds(self, now: float) -> float:
        self._remove_empty(now)
        return self._paid + sum(now - requested for requested in self._requested.values())

    def _remove_empty(self, now: float) -> None:
        while self._empty and self._empty[0][0] + self._startup.linger <= now:
            since, node = self._empty.pop(0)
            self._paid += since + self._startup.linger - self._requested.pop(node)


@dataclass(eq=False)
class Pod:
    node: int
    state: str = "starting"  # or "idle", "busy", "stopped"


class Pool:
    """Tasks that arrive `at` these seconds, ascending, and take `seconds` each. `run` fills `started` and `ended`."""

    def __init__(self, at: Floats, seconds: Floats, policy: Policy, startup: Startup) -> None:
        self.at, self.seconds, self._policy, self._nodes = at, seconds, policy, Nodes(startup)
        self.started, self.ended = np.full((2, len(at)), np.nan)
        self.paid_seconds, self.most_replicas = 0.0, 0
        self._now, self._busy, self._unfinished = 0.0, 0, len(at)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._ids = count()
        self._queue: deque[int] = deque()
        self._idle: deque[Pod] = deque()
        self._pods: list[Pod] = []  # without those that are to stop; the oldest first

    def run(self) -> "Pool":
        """Simulate until the day has passed and every task has ended."""
        scaler = Autoscaler(self._policy)
        self._scale(self._policy.least)
        for task, at in enumerate(self.at):
            self._schedule(at, partial(self._arrive, task))
        self._schedule(0, partial(self._decide, POLLING_SECONDS, scaler.activated))
        self._schedule(0, partial(self._decide, SYNC_SECONDS, scaler.desired))
        while self._unfinished or self._events[0][0] < DAY_SECONDS:
            self._now, _, action = heapq.heappop(self._events)
            action()
        self.paid_seconds = self._nodes.paid_seconds(max(DAY_SECONDS, self._now))
        return self

    def _schedule(self, at: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._events, (at, next(self._ids), action))

    def _arrive(self, task: int) -> None:
        self._queue.append(task)
        if self._idle:
            self._next_task(self._idle.popleft())

    def _decide(self, seconds: float, replicas: Callable[[float, int, int], int]) -> None:
        self._scale(replicas(self._now, len(self._queue) + self._busy, len(self._pods)))
        self._schedule(self._now + seconds, partial(self._decide, seconds, replicas))

    def _scale(self, replicas: int) -> None:
        for _ in range(replicas - len(self._pods)):
            node, seconds = self._nodes.take(self._now)
            self._pods.append(pod := Pod(node))
            self._schedule(self._now + seconds, partial(self._ready, pod))
        for _ in range(len(self._pods) - replicas):
            self._stop_one()
        self.most_replicas = max(self.most_replicas, replicas)

    def _stop_one(self) -> None:
        """Stop a pod in the order of a ReplicaSet: a starting one first, then the youngest, busy or not."""
        pod = next((pod for pod in reversed(self._pods) if pod.state == "starting"), self._pods[-1])
        self._pods.remove(pod)
        if pod.state == "idle":
            self._idle.remove(pod)
        if pod.state != "busy":  # a busy one finishes its task first
            self._nodes.give_back(pod.node, self._now)
        pod.state = "stopped"

    def _ready(self, pod: Pod) -> None:
        if pod.state != "stopped":
            self._next_task(pod)

    def _next_task(self, pod: Pod) -> None:
        if not self._queue:
            pod.state = "idle"
            self._idle.append(pod)
            return
        pod.state, task = "busy", self._queue.popleft()
        self._busy += 1
        self.started[task], self.ended[task] = self._now, self._now + self.seconds[task]
        self._schedule(self.ended[task], partial(self._finish, pod))

    def _finish(self, pod: Pod) -> None:
        self._busy -= 1
        self._unfinished -= 1
        if pod.state == "stopped":
            self._nodes.give_back(pod.node, self._now)
        else:
            self._next_task(pod)
