"""Memory that the C library keeps for reuse while a song is separated."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

# Of glibc's <malloc.h>: beyond how many free bytes it gives memory back, and from what size on it maps it apart.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
KEPT_BYTES = 128 * 2**20
"""More than any layer of a net asks for at once, less than what is as long as a song of some minutes."""


@contextmanager
def kept() -> Iterator[None]:
    """Layers find the memory of those before them; at the end all that is free goes back to the system.

    Without, each layer's output is a fresh mapping, whose pages the kernel clears one fault at a time.
    """
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "mallopt"):  # not glibc
        yield
        return
    libc.mallopt(MMAP_THRESHOLD, KEPT_BYTES)
    libc.mallopt(TRIM_THRESHOLD, 2**31 - 1)
    try:
        yield
    finally:
        libc.malloc_trim(0)
