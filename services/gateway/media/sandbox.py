"""What a child process may use, so that no file can hurt the machine."""

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
    """Limits the present process, for good, and has it stand back behind others."""
    for limited, limit in LIMITS.items():
        resource.setrlimit(limited, (limit, limit))
    os.nice(10)
