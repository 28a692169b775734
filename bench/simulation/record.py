"""What was seen of a pool."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from bench.simulation.traffic import Floats


@dataclass
class Record:
    """Times by task, in seconds after midnight; NaN for what never was.

    `timeline`: when, how many wait, how many are in work, how many replicas are wanted.
    `longest_drain`: seconds for which a pod that was told to stop went on at most.
    """

    at: Floats
    seconds: Floats
    started: Floats
    ended: Floats
    timeline: list[tuple[float, int, int, int]] = field(default_factory=list)
    paid_seconds: float = 0.0
    nodes_made: int = 0
    longest_drain: float = 0.0

    @classmethod
    def of(cls, at: Floats, seconds: Floats) -> Self:
        return cls(at, seconds, np.full(len(at), np.nan), np.full(len(at), np.nan))

    @property
    def waits(self) -> Floats:
        """From its coming until its start, by task."""
        return self.started - self.at

    @property
    def utilisation(self) -> float:
        """The share of what is paid that is work."""
        return float(self.seconds.sum() / self.paid_seconds) if self.paid_seconds else 0.0

    @property
    def most_replicas(self) -> int:
        return max((replicas for *_, replicas in self.timeline), default=0)
