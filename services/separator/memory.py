"""Reuse of freed memory by the C library during a separation."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

# Options of glibc's mallopt in <malloc.h>.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
MAX_REUSED_BYTES = 128 * 2**20
"""Larger than any allocation of a net's layer, smaller than a tensor as long as a song of some minutes."""


@contextmanager
def reuse_freed_memory() -> Iterator[None]:
    """Keep freed memory for the following layers, and return it to the system at the end.

    Otherwise glibc maps new memory for the output of each layer, and the kernel clears its pages one fault at a time.
    """
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "mallopt"):  # no glibc
        yield
        return
    libc.mallopt(MMAP_THRESHOLD, MAX_REUSED_BYTES)
    libc.mallopt(TRIM_THRESHOLD, 2**31 - 1)
    try:
        yield
    finally:
        libc.malloc_trim(0)
