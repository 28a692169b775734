"""What is compared: something that answers for clips."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from tests.evaluation.answer import Answer
from tests.evaluation.datasets import SETS, Item

Task = Literal["rhythm", "lyrics"]


class NotInstalledError(Exception):
    """A peer that cannot be had here; its message is its row in the tables."""


@dataclass(frozen=True)
class System:
    """`version` changes whenever its answers may. `answers` yields them one by one, so that none is lost.

    It is asked about `sets` only.
    """

    name: str
    task: Task
    version: Callable[[], str]
    answers: Callable[[list[Item]], Iterator[tuple[Item, Answer]]]
    sets: tuple[str, ...] = SETS
