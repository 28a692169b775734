"""A system in the comparison, which gives an answer for each clip."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from tests.evaluation.answer import Answer
from tests.evaluation.datasets import SETS, Item

Task = Literal["rhythm", "lyrics"]


class NotInstalledError(Exception):
    """Raised for a peer that cannot be installed here; its message is shown in the tables."""


@dataclass(frozen=True)
class System:
    """`version` changes whenever the answers may change. `answers` yields them one by one, so that each can be stored.

    The system is only run on `sets`.
    """

    name: str
    task: Task
    version: Callable[[], str]
    answers: Callable[[list[Item]], Iterator[tuple[Item, Answer]]]
    sets: tuple[str, ...] = SETS
