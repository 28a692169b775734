"""What is not measured here: named, with where it comes from, and how far off it may be."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Assumption:
    """`low` and `high` bound what it may well be."""

    what: str
    value: float
    unit: str
    low: float
    high: float
    source: str


GPU_SECONDS: Final = Assumption(
    "separating a second of audio with `htdemucs` on a data-centre GPU (L4, A10G or better)",
    0.05,
    "s",
    0.02,
    0.10,
    "no GPU was there to measure on. A contributor's estimate is 20 to 50 times a laptop's processor "
    "([demucs#426](https://github.com/facebookresearch/demucs/issues/426)), 0.02 to 0.06 s by the figure "
    "above; the slower end, as cheap GPUs are, and the rest of the task is",
)
STORAGE_RATE: Final = Assumption(
    "what one worker reads from and writes to an object store",
    100e6,
    "bytes/s",
    50e6,
    300e6,
    "a common figure of S3 and its like for a few parts at once",
)
SETTLING: Final = Assumption(
    "between two tasks of a worker: settle, fetch, start, tell", 0.5, "s", 0.1, 1.0, "rounded up from the event path"
)
GPU_NODE: Final = Assumption(
    "until a new GPU node takes pods", 180, "s", 90, 420, "common of managed clusters: machine, drivers, device plugin"
)
CPU_NODE: Final = Assumption("until a new CPU node takes pods", 90, "s", 40, 180, "common of managed clusters")
PULL: Final = Assumption(
    "pulling a worker's image onto a new node", 60, "s", 20, 150, "5 GB with CUDA, at 100 MB/s; a third of it without"
)
LOAD: Final = Assumption(
    "from a container's start until its worker is ready",
    30,
    "s",
    10,
    60,
    "imports and weights, seen on two cores: 22 to 33 s of whisperx, about 10 s of demucs",
)
LINGER: Final = Assumption(
    "how long an empty node is kept", 600, "s", 60, 900, "the cluster autoscaler's `scale-down-unneeded-time`"
)
PLAYED: Final = Assumption(
    "how often each stem of a song is fetched",
    1.5,
    "",
    0.5,
    5,
    "somebody sings once, or twice; browsers keep what they have",
)
POLLING: Final = Assumption("between two polls of a client", 4, "s", 3, 5, "what `docs/api.md` asks of clients")
BROKER: Final = Assumption(
    "messages a second that one quorum queue of small messages takes",
    15_000,
    "",
    5_000,
    40_000,
    "RabbitMQ's own figures of three nodes are about twice that; disks differ",
)
DATABASE: Final = Assumption(
    "updates of small documents a second that one MongoDB primary does",
    10_000,
    "",
    4_000,
    30_000,
    "a common figure; nobody asks for more than a few thousand of it here, see `folding`",
)
LISTING: Final = Assumption(
    "listing the files of a job in an object store", 0.02, "s", 0.01, 0.05, "a request to S3 from within its region"
)
NETWORK: Final = Assumption("what a gateway may take in", 1e9 / 8, "bytes/s", 1e8 / 8, 1e10 / 8, "1 Gbit/s")
DISK: Final = Assumption("a disk that all share, without an object store", 1e12, "bytes", 1e11, 1e13, "1 TB")
GATEWAY_CORES: Final = Assumption("cores of a gateway", 2, "", 1, 4, "as `deploy/k8s/base` asks for")
ALL: Final = (
    *(GPU_SECONDS, STORAGE_RATE, SETTLING, GPU_NODE, CPU_NODE, PULL, LOAD, LINGER, PLAYED, POLLING),
    *(BROKER, DATABASE, LISTING, NETWORK, DISK, GATEWAY_CORES),
)
