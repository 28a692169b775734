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
    "no GPU was there to measure on. Demucs' maintainers put a GPU at 20 to 50 times a processor "
    "([demucs#426](https://github.com/facebookresearch/demucs/issues/426)), and a processor is measured here",
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
ALL: Final = (GPU_SECONDS, STORAGE_RATE, SETTLING, GPU_NODE, CPU_NODE, PULL, LOAD, LINGER)
