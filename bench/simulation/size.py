"""What so many songs a day ask of each part of the system."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np

from bench.simulation import assumed
from bench.simulation.known import Known
from bench.simulation.prices import Prices
from bench.simulation.service import services
from bench.simulation.traffic import DAY_SECONDS, HOURLY, MEAN_SONG_SECONDS

STEMS: Final = 5
PEAK: Final = max(HOURLY) * len(HOURLY) / sum(HOURLY)
"""The busiest hour beside the mean one."""

ROOM: Final = 0.6
"""How full a process may be in the busiest hour, so that a burst still fits."""

CORES: Final = {"transcriber": 2, "beats": 1}
FIXED_CORES: Final = 12
"""Three nodes of the broker and three of the database, two cores each."""
KEPT_DAYS: Final = 1
MONTH_DAYS: Final = 30


@dataclass(frozen=True)
class Size:
    """`songs` a day. `pools` is what the simulation found of a day by service: `node_hours` and `most_replicas`."""

    songs: int
    known: Known
    pools: Mapping[str, Mapping[str, float]]
    job_seconds: float
    """A job's, on average."""

    @property
    def peak_songs(self) -> float:
        """A second, in the busiest hour."""
        return self.songs * PEAK / DAY_SECONDS

    def task_seconds(self, service: str) -> float:
        """Of a song of mean length."""
        return float(services(self.known)[service].seconds(np.array([MEAN_SONG_SECONDS])).item())

    @property
    def peak_events(self) -> float:
        """A second."""
        return self.peak_songs * self.known.value("events")

    @property
    def peak_polls(self) -> float:
        """A second, of everyone who waits."""
        return self.peak_songs * self.job_seconds / assumed.POLLING.value

    @property
    def gateways(self) -> int:
        """For decoding, for what comes in, and for polls; two at least, so that one may go."""
        decoding = self.peak_songs * song_decode_seconds(self.known) / assumed.GATEWAY_CORES.value
        network = self.peak_songs * upload_bytes(self.known) / assumed.NETWORK.value
        return max(2, ceil(max(decoding + self.peak_polls / self.known.value("polls"), network) / ROOM))

    @property
    def status_replicas(self) -> int:
        folding = self.peak_events / self.known.value("folds")
        return max(2, ceil((folding + self.peak_polls / self.known.value("status_polls")) / ROOM))

    @property
    def core_hours(self) -> float:
        """A day, but for the separators'."""
        fixed = FIXED_CORES + assumed.GATEWAY_CORES.value * self.gateways + self.status_replicas
        return 24 * fixed + sum(cores * self.pools[name]["node_hours"] for name, cores in CORES.items())

    @property
    def stored_bytes(self) -> float:
        """At any time: what is made in a day is kept for a day."""
        return KEPT_DAYS * self.songs * stored_bytes(self.known, "stem_bytes")

    @property
    def egress_bytes(self) -> float:
        """A day."""
        return self.songs * assumed.PLAYED.value * stem_bytes(self.known, "flac_bytes")

    @property
    def documents_bytes(self) -> float:
        return KEPT_DAYS * self.songs * self.known.value("document_bytes")

    def dollars(self, prices: Prices) -> Mapping[str, float]:
        """Of one song, by the letter of the price."""
        return {
            "G": prices.gpu_hour * self.pools["separator"]["node_hours"] / self.songs,
            "C": prices.core_hour * self.core_hours / self.songs,
            "S": prices.stored_gigabyte_month * self.stored_bytes / 1e9 / MONTH_DAYS / self.songs,
            "E": prices.egress_gigabyte * self.egress_bytes / 1e9 / self.songs,
        }


def song_decode_seconds(known: Known) -> float:
    """Of a core."""
    return MEAN_SONG_SECONDS * known.value("decode_seconds")


def upload_bytes(known: Known) -> float:
    return MEAN_SONG_SECONDS * known.value("upload_bytes")


def stem_bytes(known: Known, form: str) -> float:
    """Of all stems of a song."""
    return STEMS * MEAN_SONG_SECONDS * known.value(form)


def stored_bytes(known: Known, form: str) -> float:
    """Of a song in the storage, stems in the form that was asked for."""
    return stem_bytes(known, form) + MEAN_SONG_SECONDS * known.value("song_bytes") + known.value("other_bytes")
