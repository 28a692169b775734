"""What may be taken out of our engines, to see what it gives: each patches one constant or function while it lasts."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

from tests.evaluation.system import Task


class Ablation(NamedTuple):
    """`says` what is missing, in the words of a table."""

    says: str
    task: Task
    patched: Callable[[], AbstractContextManager[None]]


@contextmanager
def replaced(thing: Any, name: str, value: Any) -> Iterator[None]:
    """Raises AttributeError where there is nothing of that name to take out any more."""
    before = getattr(thing, name)
    setattr(thing, name, value)
    try:
        yield
    finally:
        setattr(thing, name, before)


@contextmanager
def _late() -> Iterator[None]:
    from services.beats import rhythm  # noqa: PLC0415 -- loads librosa

    with replaced(rhythm, "LATENCY_SECONDS", 0.0):
        yield


ABLATIONS = (Ablation("the latency of the onsets taken off", "rhythm", _late),)
