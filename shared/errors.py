"""Errors that answer one question: is it worth trying again?"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager


class KaraokeError(Exception):
    """Something a person should read.

    `summary` is one short sentence, `detail` what makes it precise, `code` is stable and for programs.
    """

    code = "internal_error"

    def __init__(self, summary: str, detail: str = "", *, code: str | None = None) -> None:
        super().__init__(f"{summary}: {detail}" if detail else summary)
        self.summary = summary
        self.code = code or type(self).code


class PermanentError(KaraokeError):
    """Trying again gives the same: bad input, no such model."""

    code = "invalid_input"


class TransientError(KaraokeError):
    """Trying again may work: a broker, a disk or a model hub that is away."""

    code = "temporarily_unavailable"


class ComputeError(TransientError):
    """The child process died or ran past its deadline; the next attempt gets a fresh one."""

    code = "compute_failed"


class StorageFullError(TransientError):
    """There is no room for files until somebody makes some."""

    code = "storage_full"


@contextmanager
def on_a_full_disk() -> Iterator[None]:
    """Turns what the operating system says of a full disk into StorageFullError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFullError("The disk is full", error.strerror or "") from error
        raise
