"""What every figure is given: servers, a folder, and how often to repeat."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Bench:
    """A broker and a database of the benchmark's own; `folder` is empty, and goes when the figure is done.

    `runs` is how often each side is repeated: medians are of so many.
    """

    amqp_url: str
    mongo_url: str
    folder: Path
    runs: int
    say: Callable[[str], None] = print
