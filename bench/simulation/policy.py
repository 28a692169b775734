"""What an autoscaler is told: KEDA's `ScaledObject`, and the HorizontalPodAutoscaler that KEDA makes of it."""

from dataclasses import dataclass
from math import ceil
from typing import Final

SYNC_SECONDS: Final = 15.0
"""How often an HPA looks (`--horizontal-pod-autoscaler-sync-period`); it asks KEDA, which asks the broker then."""

TOLERANCE: Final = 0.1
"""An HPA leaves alone what is within this of its target."""


@dataclass(frozen=True)
class Step:
    """How far an HPA goes within `period` seconds: so many pods, or percent of what there is, whichever is more."""

    pods: int
    percent: int
    period: float

    def up(self, replicas: int) -> int:
        return max(replicas + self.pods, ceil(replicas * (1 + self.percent / 100)))

    def down(self, replicas: int) -> int:
        return min(replicas - self.pods, int(replicas * (1 - self.percent / 100)))


@dataclass(frozen=True)
class Policy:
    """`target` messages a replica (`value`), those in work among them; `least` and `most` replicas; seconds.

    `polling` is how soon KEDA sees the first message of a service that is at zero (`pollingInterval`), `cooldown` for
    how long nothing must have been there before it goes to zero (`cooldownPeriod`), `stabilization` how long an HPA
    remembers that it wanted more (`scaleDown.stabilizationWindowSeconds`). The steps are an HPA's own if not given.
    """

    target: float = 1
    polling: float = 30
    cooldown: float = 300
    stabilization: float = 300
    least: int = 0
    most: int = 20
    up: Step = Step(pods=4, percent=100, period=15)
    down: Step = Step(pods=0, percent=100, period=15)
