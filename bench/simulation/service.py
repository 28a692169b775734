"""The three services that scale with their queues: how long a task takes, and how long a pod takes to come."""

from dataclasses import dataclass, replace
from typing import Final

from bench.simulation import assumed
from bench.simulation.known import Known
from bench.simulation.nodes import Startup
from bench.simulation.traffic import Floats

SERVICES: Final = ("separator", "transcriber", "beats")


@dataclass(frozen=True)
class Service:
    """A task of a song of `n` seconds takes `settling + a_second * n` seconds."""

    name: str
    a_second: float
    settling: float
    startup: Startup

    def seconds(self, lengths: Floats) -> Floats:
        return self.settling + self.a_second * lengths


def services(known: Known, gpu_seconds: float = assumed.GPU_SECONDS.value) -> dict[str, Service]:
    """By name. `gpu_seconds` are those of a second of audio."""
    gpu = Startup(assumed.GPU_NODE.value, assumed.PULL.value, assumed.LOAD.value, assumed.LINGER.value)
    cpu = replace(gpu, provision=assumed.CPU_NODE.value, pull=assumed.PULL.value / 3)
    song, stem = (known.value(name) / assumed.STORAGE_RATE.value for name in ("song_bytes", "stem_bytes"))
    settling = assumed.SETTLING.value
    return {
        "separator": Service("separator", gpu_seconds + song + 5 * stem, settling, gpu),
        "transcriber": Service("transcriber", known.value("transcription") + 2 * stem, settling, cpu),
        "beats": Service("beats", known.value("beats") + song, settling, cpu),
    }
