"""A child that tries to escape after it is confined. It prints the result of each attempt."""

import ctypes
import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread

from services.gateway.media.sandbox import MEMORY_BYTES, confine

PTRACE_TRACEME = 0
EXEC = 4


def ptrace() -> None:
    if ctypes.CDLL(None, use_errno=True).ptrace(PTRACE_TRACEME, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "ptrace")


def use_much_memory() -> None:
    bytearray(MEMORY_BYTES)


ATTEMPTS: dict[str, Callable[[], object]] = {
    "read the parent's environment": Path(f"/proc/{os.getppid()}/environ").read_bytes,
    "read a file": Path(__file__).read_bytes,
    "write a file": lambda: Path(sys.argv[1]).write_bytes(b"harm"),
    "open a socket": socket.socket,
    "execute a program": lambda: os.execv(sys.executable, [sys.executable, "-c", "pass"]),
    "start a process": os.fork,
    "start a thread": lambda: Thread(target=print).start(),
    "trace a process": ptrace,
    "signal its parent": lambda: os.kill(os.getppid(), 0),
    "use much memory": use_much_memory,
}


def outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except (OSError, RuntimeError, MemoryError) as error:
        return type(error).__name__
    return "success"


def main() -> None:
    confine()
    outcomes = {name: outcome(attempt) for name, attempt in ATTEMPTS.items()}
    print(json.dumps({**outcomes, "environment": " ".join(sorted(os.environ))}))  # noqa: T201 -- read by the parent


if __name__ == "__main__":
    main()
