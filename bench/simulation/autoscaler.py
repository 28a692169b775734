"""Number of replicas as KEDA and the HorizontalPodAutoscaler (HPA) that it creates choose it."""

from collections import deque
from dataclasses import dataclass
from math import ceil
from typing import Final

POLLING_SECONDS: Final = 15.0
"""Interval at which KEDA looks for a first message while there are no replicas (`pollingInterval`)."""

SYNC_SECONDS: Final = 15.0
"""Interval at which an HPA decides (`--horizontal-pod-autoscaler-sync-period`)."""

TOLERANCE: Final = 0.1
"""An HPA changes nothing while the load is within this fraction of its target."""


@dataclass(frozen=True)
class Policy:
    """Settings of a `ScaledObject`: `target` messages per replica, tasks in progress included, and replica limits.

    `window` in seconds is both KEDA's `cooldownPeriod` and the HPA's `stabilizationWindowSeconds` for scaling down.
    """

    target: float
    least: int
    most: int
    window: float = 300


class Autoscaler:
    """Call `activated` when KEDA polls and `desired` when the HPA decides; both return the number of replicas."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._recent: deque[tuple[float, int]] = deque()  # time and desired replicas within the window, greatest first
        self._last_active = 0.0

    def activated(self, now: float, messages: int, replicas: int) -> int:
        """Scale from zero, and back to zero after the cooldown."""
        if messages:
            self._last_active = now
            return replicas or max(1, self._policy.least)
        idle = now - self._last_active >= self._policy.window
        return 0 if idle and self._policy.least == 0 else replicas

    def desired(self, now: float, messages: int, replicas: int) -> int:
        """Scale between one and the maximum. An HPA neither leaves zero replicas nor goes to zero."""
        if replicas == 0:
            self._recent.clear()
            return 0
        load = messages / self._policy.target
        within_tolerance = abs(load / replicas - 1) <= TOLERANCE
        wanted = min(max(replicas if within_tolerance else ceil(load), self._policy.least, 1), self._policy.most)
        return min(self._stabilized(now, wanted), max(replicas + 4, 2 * replicas))  # the HPA's default step up

    def _stabilized(self, now: float, replicas: int) -> int:
        """Return the greatest number that was wanted within the window."""
        while self._recent and self._recent[-1][1] <= replicas:
            self._recent.pop()
        self._recent.append((now, replicas))
        while self._recent[0][0] < now - self._policy.window:
            self._recent.popleft()
        return self._recent[0][1]
