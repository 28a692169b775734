"""What came of a policy, over some days."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from bench.simulation.record import Record


@dataclass(frozen=True)
class Outcome:
    """Waits in seconds, of all days together; the rest is of a day."""

    p50: float
    p95: float
    p99: float
    node_hours: float
    utilisation: float
    most_replicas: int
    longest_drain: float

    @classmethod
    def of(cls, records: Sequence[Record]) -> Self:
        waits = np.concatenate([record.waits for record in records])
        paid = sum(record.paid_seconds for record in records)
        p50, p95, p99 = (round(float(value), 1) for value in np.percentile(waits, (50, 95, 99)))
        return cls(
            p50,
            p95,
            p99,
            node_hours=round(paid / 3600 / len(records), 1),
            utilisation=round(float(sum(record.seconds.sum() for record in records) / paid), 3),
            most_replicas=max(record.most_replicas for record in records),
            longest_drain=round(max(record.longest_drain for record in records), 1),
        )
