"""Processes that run on this machine."""

from pathlib import Path


def processes_of(folder: Path) -> list[str]:
    """Return the processes with this folder in their command line or environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            identity = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in identity:
            found.append(identity.decode(errors="replace"))
    return found
