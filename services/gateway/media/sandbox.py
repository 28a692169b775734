"""Confinement of a child process, so that a hostile file can harm neither the machine nor the gateway.

The child opens its files first. Then it can only read and write these, allocate memory and exit: it can open no file,
start no process or thread, and reach neither the network nor other processes. Without seccomp (macOS, old kernels)
the limits alone apply. The gateway reports which measures work where it runs.
"""

import ctypes
import json
import os
import resource
import sys
from contextlib import suppress
from errno import EPERM
from pathlib import Path
from typing import Final

try:
    import pyseccomp
except (ImportError, RuntimeError, OSError):  # not Linux, or no libseccomp
    pyseccomp = None

MEMORY_BYTES: Final = 512 << 20
"""Limit of the address space, and so of the memory. A decoder needs at most 200 MiB (measured), of which 70 MiB are
code."""

LIMITS: Final = {
    resource.RLIMIT_AS: MEMORY_BYTES,
    resource.RLIMIT_CPU: 120,  # seconds
    resource.RLIMIT_FSIZE: 2 << 30,
    resource.RLIMIT_NOFILE: 64,
    resource.RLIMIT_CORE: 0,
}

SYSTEM_CALLS: Final = (
    *("read", "readv", "pread64", "write", "writev", "lseek", "_llseek", "ftruncate", "fstat", "close"),
    *("brk", "munmap", "mremap", "madvise", "futex", "sched_yield"),
    *("clock_gettime", "clock_gettime64", "clock_getres", "gettimeofday", "getrandom", "getpid", "gettid"),
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall", "exit", "exit_group"),
)
"""System calls of libseccomp's names that a child may make with any arguments."""

MEASURES: Final = ("no_new_privileges", "system_call_filter")
"""Measures that depend on the kernel."""

PR_SET_NO_NEW_PRIVS: Final = 38
PROT_EXEC: Final = 4


def confine() -> None:
    """Limit the current process permanently, and lower its priority. It must have opened its files."""
    for name, limit in LIMITS.items():
        resource.setrlimit(name, (limit, limit))
    os.nice(10)
    if hasattr(libc := ctypes.CDLL(None), "prctl"):
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if pyseccomp:
        with suppress(OSError):  # the kernel has no seccomp filters
            _filter_system_calls()


def _filter_system_calls() -> None:
    """Let every other system call fail with EPERM."""
    calls = pyseccomp.SyscallFilter(pyseccomp.ERRNO(EPERM))
    for name in SYSTEM_CALLS:
        calls.add_rule(pyseccomp.ALLOW, name)
    for name in ("mmap", "mmap2", "mprotect"):  # no new code
        calls.add_rule(pyseccomp.ALLOW, name, pyseccomp.Arg(2, pyseccomp.MASKED_EQ, PROT_EXEC, 0))
    calls.add_rule(pyseccomp.ALLOW, "tgkill", pyseccomp.Arg(0, pyseccomp.EQ, os.getpid()))  # abort()
    calls.load()


def main() -> None:
    """Print the measures that work for a child of the gateway, as its result."""
    with Path("/dev/null" if sys.platform != "linux" else "/proc/self/status").open() as status:
        confine()
        fields = dict(line.split(":\t") for line in status.read().splitlines())
    works = {"no_new_privileges": fields.get("NoNewPrivs") == "1", "system_call_filter": fields.get("Seccomp") == "2"}
    print(json.dumps(works))  # noqa: T201 -- read by the parent


if __name__ == "__main__":
    main()
