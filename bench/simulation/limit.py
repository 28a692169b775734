"""How many songs a day one of each part is enough for, and what comes after that."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.simulation import assumed
from bench.simulation.known import Known
from bench.simulation.service import services
from bench.simulation.size import PEAK, song_decode_seconds, stored_bytes, upload_bytes
from bench.simulation.traffic import DAY_SECONDS, MEAN_SONG_SECONDS, Floats


@dataclass(frozen=True)
class Limit:
    """`songs` a day: in the busiest hour the part is full, or what it keeps is."""

    part: str
    songs: float
    removed_by: str


def limits(known: Known, job_seconds: float) -> list[Limit]:
    """The first to break first."""
    return sorted(_limits(known, job_seconds), key=lambda limit: limit.songs)


def _limits(known: Known, job_seconds: float) -> Iterator[Limit]:
    tasks = {name: float(service.seconds(_one_song()).item()) for name, service in services(known).items()}
    in_the_busiest_hour = DAY_SECONDS / PEAK
    polls = job_seconds / assumed.POLLING.value
    yield Limit(
        "a separator without a GPU, two cores",
        in_the_busiest_hour / (known.value("separation") * MEAN_SONG_SECONDS),
        "more of them, or a GPU",
    )
    yield Limit("a separator with a GPU", in_the_busiest_hour / tasks["separator"], "more of them: KEDA adds them")
    yield Limit("a transcriber, two cores", in_the_busiest_hour / tasks["transcriber"], "more of them: KEDA adds them")
    yield Limit("a beats worker", in_the_busiest_hour / (2 * tasks["beats"]), "more of them: KEDA adds them")
    yield Limit(
        "a disk of 1 TB for a day's files",
        assumed.DISK.value / stored_bytes(known, "stem_bytes"),
        "an object store (`s3`); `format=flac` takes a third of the room",
    )
    yield Limit(
        "a gateway's cores, decoding and polls",
        in_the_busiest_hour / (song_decode_seconds(known) / assumed.GATEWAY_CORES.value + polls / known.value("polls")),
        "more gateways: they share nothing",
    )
    yield Limit(
        "a gateway's network, uploads",
        in_the_busiest_hour * assumed.NETWORK.value / upload_bytes(known),
        "more gateways; at 1,000,000 downloads go past them, straight from the object store",
    )
    yield Limit(
        "a status process, folds and polls",
        in_the_busiest_hour / (known.value("events") / known.value("folds") + polls / known.value("status_polls")),
        "more of them: folds commute; clients that follow the stream of events rather than poll",
    )
    yield Limit(
        "the hourly search for orphans, a listing a job",
        3600 / assumed.LISTING.value,
        "a longer `ORPHAN_MINUTES`, and an expiry rule of the bucket, which needs no listing",
    )
    yield Limit(
        "the queue `status`",
        in_the_busiest_hour * assumed.BROKER.value / known.value("events"),
        "fewer percentages: a tick each 2 s; then a queue for each part of the job ids (consistent-hash exchange)",
    )
    yield Limit(
        "a MongoDB primary",
        in_the_busiest_hour * assumed.DATABASE.value / known.value("events"),
        "shards by `hashed` job id: each fold and each poll names one job",
    )


def _one_song() -> Floats:
    return np.array([MEAN_SONG_SECONDS])
