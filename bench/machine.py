"""What it was measured on."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("aio-pika", "fastapi", "uvicorn", "pymongo", "pydantic", "torch", "demucs", "whisperx", "librosa")


def machine() -> dict[str, str]:
    """By what a reader asks for."""
    return {
        "processor": f"{len(os.sched_getaffinity(0))} cores of {_processor()}",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


def load() -> float:
    """How many processes have wanted a processor over the last minute: at rest, well under 1."""
    return round(os.getloadavg()[0], 2)


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
