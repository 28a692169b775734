"""Errors. Each class answers one question: is it worth trying again?"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager


class KaraokeError(Exception):
    """An error with a message for people.

    `summary` is one short sentence, `detail` makes it precise, `code` is stable and for programs.
    """

    code = "internal_error"

    def __init__(self, summary: str, detail: str = "", *, code: str | None = None) -> None:
        super().__init__(f"{summary}: {detail}" if detail else summary)
        self.summary = summary
        self.code = code or type(self).code


class PermanentError(KaraokeError):
    """Trying again gives the same result: bad input, unknown model."""

    code = "invalid_input"


class TransientError(KaraokeError):
    """Trying again may succeed: the broker, a disk or a model hub is unavailable."""

    code = "temporarily_unavailable"


class ComputeError(TransientError):
    """The child process died or ran past its deadline; the next attempt gets a fresh one."""

    code = "compute_failed"


class StorageFullError(TransientError):
    """No space is left for files until somebody frees some."""

    code = "storage_full"


class StorageUnavailableError(TransientError):
    """The storage does not answer or refuses access, until time or an operator repairs it. Costs a task no attempt."""

    code = "storage_unavailable"


@contextmanager
def on_a_full_disk() -> Iterator[None]:
    """Turn the operating system's errors for a full disk into StorageFullError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFullError("The disk is full", error.strerror or "") from error
        raise
