"""Workers of one service at their queue, in simulated time."""

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

from bench.simulation.autoscaler import Autoscaler
from bench.simulation.nodes import AT_ONCE, Nodes, Startup
from bench.simulation.policy import SYNC_SECONDS, Policy
from bench.simulation.record import Record
from bench.simulation.traffic import DAY_SECONDS, Floats

Process = Generator[simpy.Event, Any, None]


@dataclass(eq=False)
class Pod:
    """`wake` is there while it idles, `process` while it starts."""

    node: int
    wake: simpy.Event | None = None
    process: simpy.Process | None = None
    stopped_at: float | None = None


@dataclass
class Pool:
    """Tasks that come `at`, ascending, and take `seconds`. It scales by a policy, or has `fixed` workers."""

    at: Floats
    seconds: Floats
    policy: Policy | None = None
    startup: Startup = AT_ONCE
    fixed: int = 0
    _env: simpy.Environment = field(default_factory=simpy.Environment, init=False)
    _waiting: deque[int] = field(default_factory=deque, init=False)
    _idle: deque[Pod] = field(default_factory=deque, init=False)
    _pods: list[Pod] = field(default_factory=list, init=False)  # those that are to stay, the oldest first

    def run(self) -> Record:
        """Until the day is over, and every task is done."""
        self._nodes = Nodes(self.startup)
        self._record = Record.of(self.at, self.seconds)
        self._left, self._busy = len(self.at), 0
        self._done = self._env.event()
        self._scale(self.policy.least if self.policy else self.fixed)
        self._env.process(self._arrivals())
        if self.policy:
            scaler = Autoscaler(self.policy)
            self._env.process(self._polling(scaler, self.policy.polling))
            self._env.process(self._syncing(scaler))
        if self._left:
            self._env.run(self._done)
        self._env.run(max(self._env.now + 1, float(DAY_SECONDS)) if self.policy else None)
        self._record.paid_seconds = self._nodes.paid_seconds(self._env.now)
        self._record.nodes_made = self._nodes.made
        return self._record

    def _arrivals(self) -> Process:
        for task, at in enumerate(self.at):
            if at > self._env.now:
                yield self._env.timeout(at - self._env.now)
            self._waiting.append(task)
            self._wake()

    def _polling(self, scaler: Autoscaler, seconds: float) -> Process:
        while True:
            self._scale(scaler.active(self._env.now, len(self._waiting) + self._busy, len(self._pods)))
            yield self._env.timeout(seconds)

    def _syncing(self, scaler: Autoscaler) -> Process:
        while True:
            messages = len(self._waiting) + self._busy
            self._scale(scaler.wanted(self._env.now, messages, len(self._pods)))
            self._record.timeline.append((self._env.now, len(self._waiting), self._busy, len(self._pods)))
            yield self._env.timeout(SYNC_SECONDS)

    def _scale(self, replicas: int) -> None:
        for _ in range(replicas - len(self._pods)):
            node, seconds = self._nodes.take(self._env.now)
            pod = Pod(node)
            self._pods.append(pod)
            pod.process = self._env.process(self._life(pod, seconds))
        for _ in range(len(self._pods) - replicas):
            self._stop()

    def _stop(self) -> None:
        """As a ReplicaSet chooses: one that starts before one that is ready, then the youngest, busy or not."""
        pod = next((pod for pod in reversed(self._pods) if pod.process), self._pods[-1])
        self._pods.remove(pod)
        pod.stopped_at = self._env.now
        if pod.process:
            pod.process.interrupt()
        elif pod.wake:
            self._idle.remove(pod)
            pod.wake.succeed()
            pod.wake = None

    def _life(self, pod: Pod, start_seconds: float) -> Process:
        try:
            yield self._env.timeout(start_seconds)
        except simpy.Interrupt:
            self._nodes.give_back(pod.node, self._env.now)
            return
        pod.process = None
        while pod.stopped_at is None:
            if self._waiting:
                yield from self._work(self._waiting.popleft())
            else:
                pod.wake = self._env.event()
                self._idle.append(pod)
                yield pod.wake
        self._record.longest_drain = max(self._record.longest_drain, self._env.now - pod.stopped_at)
        self._nodes.give_back(pod.node, self._env.now)
        self._wake()

    def _work(self, task: int) -> Process:
        """Nothing interrupts it: a pod that is told to stop ends this first."""
        self._busy += 1
        self._record.started[task] = self._env.now
        yield self._env.timeout(self.seconds[task])
        self._record.ended[task] = self._env.now
        self._busy -= 1
        self._left -= 1
        if not self._left:
            self._done.succeed()

    def _wake(self) -> None:
        """Someone for the task that waits, if there is someone: the one that has idled for longest."""
        if self._waiting and self._idle:
            pod = self._idle.popleft()
            assert pod.wake
            pod.wake.succeed()
            pod.wake = None
