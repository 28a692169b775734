"""How many replicas there should be: as KEDA and the HPA decide it."""

from collections import deque
from math import ceil

from bench.simulation.policy import TOLERANCE, Policy


class Autoscaler:
    """Pure but for what it remembers. Ask `wanted` at every sync of the HPA, and `active` whenever KEDA polls."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._wanted: deque[tuple[float, int]] = deque()  # when, and how many; the greatest first
        self._changes: deque[tuple[float, int]] = deque()  # when, and how many pods more or less
        self._last_active = 0.0

    def active(self, now: float, messages: int, replicas: int) -> int:
        """From zero, and back to it; anything else is the HPA's."""
        if messages:
            self._last_active = now
            return replicas or max(1, self._policy.least)
        idle = now - self._last_active >= self._policy.cooldown
        return 0 if idle and self._policy.least == 0 else replicas

    def wanted(self, now: float, messages: int, replicas: int) -> int:
        """An HPA does nothing at zero replicas, and never goes there."""
        if replicas == 0:
            self._wanted.clear()
            return 0
        asked = messages / self._policy.target
        near = abs(asked / replicas - 1) <= TOLERANCE
        bounded = min(max(replicas if near else ceil(asked), self._policy.least, 1), self._policy.most)
        wanted = self._within_a_step(now, self._steadied(now, bounded), replicas)
        if wanted != replicas:
            self._changes.append((now, wanted - replicas))
        return wanted

    def _steadied(self, now: float, replicas: int) -> int:
        """The most that was wanted within the window of stabilization: fewer only when fewer will do for a while."""
        while self._wanted and self._wanted[-1][1] <= replicas:
            self._wanted.pop()
        self._wanted.append((now, replicas))
        while self._wanted[0][0] < now - self._policy.stabilization:
            self._wanted.popleft()
        return self._wanted[0][1]

    def _within_a_step(self, now: float, wanted: int, replicas: int) -> int:
        """From where a step's period began."""
        up, down = self._policy.up, self._policy.down
        while self._changes and self._changes[0][0] <= now - max(up.period, down.period):
            self._changes.popleft()
        if wanted > replicas:
            return max(replicas, min(wanted, up.up(replicas - self._changed(now - up.period))))
        return min(replicas, max(wanted, down.down(replicas - self._changed(now - down.period))))

    def _changed(self, since: float) -> int:
        return sum(change for at, change in self._changes if at > since)
