"""What may be taken out of our engines, to see what it gives."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from tests.evaluation.system import Task


@dataclass(frozen=True)
class Ablation:
    """`says` what is missing, in the words of a table. `where` is `module:name` of a constant or function; `instead`
    gives, of what is there, what takes its place.
    """

    says: str
    task: Task
    where: str
    instead: Callable[[Any], Any]

    @contextmanager
    def taken_out(self) -> Iterator[None]:
        """Raises AttributeError where there is nothing of that name to take out any more."""
        module, _, path = self.where.partition(":")
        *owners, name = path.split(".")
        owner: Any = import_module(module)
        for each in owners:
            owner = getattr(owner, each)
        before = getattr(owner, name)
        setattr(owner, name, self.instead(before))
        try:
            yield
        finally:
            setattr(owner, name, before)

    @property
    def version(self) -> str:
        return f"{self.says} {self.where} {_told(self.instead)}"


def _without(names: str) -> Callable[[Any], Any]:
    """Of weights by name, those that a pattern does not find."""

    def instead(weights: Callable[[], dict[str, float]]) -> Callable[[], dict[str, float]]:
        return lambda: {name: weight for name, weight in weights().items() if not re.search(names, name)}

    return instead


def _told(thing: Any) -> str:
    """What a function does, as a text that changes with it."""
    if isinstance(thing, FunctionType):
        enclosed = [cell.cell_contents for cell in thing.__closure__ or ()]
        return " ".join(map(_told, [thing.__code__, *enclosed]))
    if isinstance(thing, CodeType):
        return " ".join([thing.co_code.hex(), *thing.co_names, *map(_told, thing.co_consts)])
    return repr(thing)


BEATS = "services.beats"
RECOGNITION, ALIGNMENT = "services.transcriber.recognition", "services.transcriber.alignment"
WEIGHTS = f"{BEATS}.meter_hypotheses:weights"

ABLATIONS = (
    Ablation("the latency", "rhythm", f"{BEATS}.beat_grid:LATENCY_SECONDS", lambda _: 0.0),
    Ablation("other octaves", "rhythm", f"{BEATS}.candidates:RATIOS", lambda _: (1,)),
    Ablation("what tempi are usual", "rhythm", WEIGHTS, _without("^(tempo|slow|fast)$")),
    Ablation("what is between beats", "rhythm", WEIGHTS, _without(" at (halves|quarters|thirds)$")),
    Ablation("drift", "rhythm", f"{BEATS}.tracking:DEVIATION_COST", lambda _: 1000.0),
    Ablation("accents that recur", "rhythm", WEIGHTS, _without("^fit")),
    Ablation("bars that are alike", "rhythm", WEIGHTS, _without("^alike$")),
    Ablation("what is inside bars", "rhythm", WEIGHTS, _without(" (quarters|thirds|sixths|lopsided) in ")),
    Ablation("harmony", "rhythm", f"{BEATS}.bars:VIEW_WEIGHTS", lambda weights: weights * np.array([1, 1, 0, 0])),
    Ablation("agreement of onsets", "rhythm", f"{BEATS}.beat_grid:agreement", lambda _: lambda onsets, frames: 0.8),
    Ablation(
        "music behind the voice", "lyrics", f"{RECOGNITION}.recognizer:_mixes", lambda _: lambda vocals, music: [vocals]
    ),
    Ablation("three hearings", "lyrics", f"{RECOGNITION}.recognizer:MUSIC_LEVELS", lambda music: music[:1]),
    Ablation(
        "doubt", "lyrics", f"{RECOGNITION}.recognizer:is_hallucination", lambda _: lambda words, **scores: not words
    ),
    Ablation(
        "dropped singing", "lyrics", f"{RECOGNITION}.segments:undetected_singing", lambda _: lambda samples, spans: []
    ),
    Ablation(
        "onsets of the voice",
        "lyrics",
        f"{ALIGNMENT}.forced_alignment:snap_to_onsets",
        lambda _: lambda words, samples: list(words),
    ),
    Ablation("an aligner", "lyrics", "services.transcriber.engine:sphinx_aligner", lambda _: lambda: None),
)
