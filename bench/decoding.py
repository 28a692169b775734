"""What the gateway's decoder costs, by itself."""

import resource
import subprocess
import sys
from pathlib import Path

from bench.bench import Bench


def decode_seconds(upload: Path, bench: Bench) -> list[float]:
    """Processor seconds of each of the runs, the child's start among them."""
    song = bench.folder / "decoded.flac"
    command = [sys.executable, "-m", "services.gateway.media.decoder", str(upload), str(song), "1", "1200"]
    taken = []
    for _ in range(bench.runs):
        before = _children()
        subprocess.run(command, check=True, capture_output=True)
        taken.append(round(_children() - before, 3))
    return taken


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
