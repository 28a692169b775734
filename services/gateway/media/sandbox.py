"""Resource limits of a child process, so that a hostile file cannot harm the machine."""

import os
import resource
from typing import Final

LIMITS: Final = {
    resource.RLIMIT_AS: 2 << 30,  # bytes
    resource.RLIMIT_CPU: 120,  # seconds
    resource.RLIMIT_FSIZE: 2 << 30,
    resource.RLIMIT_NOFILE: 64,
    resource.RLIMIT_CORE: 0,
}


def confine() -> None:
    """Limit the current process permanently, and lower its priority."""
    for name, limit in LIMITS.items():
        resource.setrlimit(name, (limit, limit))
    os.nice(10)
