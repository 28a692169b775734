"""Ablations: the engines without one part, to measure its effect.

Those of the choice of beats and bars, which omit features, are measured on songs that were left out of its fit.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import CodeType, FunctionType
from typing import Any, Final

from tests.evaluation.system import Task


@dataclass(frozen=True)
class Ablation:
    """`label` names the missing part in the tables. `target` is `module:name` of a constant or function.

    `replacement` maps the original to its replacement.
    """

    label: str
    task: Task
    target: str
    replacement: Callable[[Any], Any]

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Replace the target within the context. Raises AttributeError if it does not exist any more."""
        module, _, path = self.target.partition(":")
        *owners, name = path.split(".")
        owner: Any = import_module(module)
        for each in owners:
            owner = getattr(owner, each)
        before = getattr(owner, name)
        setattr(owner, name, self.replacement(before))
        try:
            yield
        finally:
            setattr(owner, name, before)

    @property
    def version(self) -> str:
        return f"{self.label} {self.target} {_fingerprint(self.replacement)}"


def _fingerprint(thing: Any) -> str:
    """Return a text that changes with the code of a function."""
    if isinstance(thing, FunctionType):
        enclosed = [cell.cell_contents for cell in thing.__closure__ or ()]
        return " ".join(map(_fingerprint, [thing.__code__, *enclosed]))
    if isinstance(thing, CodeType):
        return " ".join([thing.co_code.hex(), *thing.co_names, *map(_fingerprint, thing.co_consts)])
    return repr(thing)


BEATS = "services.beats"
RECOGNITION, ALIGNMENT = "services.transcriber.recognition", "services.transcriber.alignment"

FEATURES: Final = {
    "tempo preference": "^(tempo.*|slow|fast)$",
    "onsets on beats": " (at beats|is steady)$",
    "onsets between beats": " (at halves|in three)$",
    "alternation of low and middle": "^(middle answers low|every other one)$",
    "changes of harmony": "^(harmony|chord on downbeats|bass on downbeats)$",
    "accent patterns": "^fit",
    "similarity of bars": "alike$",
    "marks of downbeats": "^(low|middle|high) on downbeats$|^(loud|opens|fills|sections)",
    "frequency of metres": "^bars in ",
}
"""Patterns of the names of features whose weights are omitted, by what they describe."""

ABLATIONS = (
    Ablation("correction of the latency", "rhythm", f"{BEATS}.beat_grid:LATENCY_SECONDS", lambda _: 0.0),
    Ablation("other octaves", "rhythm", f"{BEATS}.candidates:RATIOS", lambda _: (1,)),
    Ablation("tempo drift", "rhythm", f"{BEATS}.tracking:DEVIATION_COST", lambda _: 1000.0),
    Ablation("harmony", "rhythm", f"{BEATS}.rhythm:pitched", lambda _: lambda notes: 0.0),
    Ablation("agreement of onsets", "rhythm", f"{BEATS}.beat_grid:agreement", lambda _: lambda onsets, frames: 0.8),
    Ablation(
        "music behind the voice", "lyrics", f"{RECOGNITION}.recognizer:_mixes", lambda _: lambda vocals, music: [vocals]
    ),
    Ablation("three mixes", "lyrics", f"{RECOGNITION}.recognizer:MUSIC_LEVELS", lambda music: music[:1]),
    Ablation(
        "hallucination check",
        "lyrics",
        f"{RECOGNITION}.recognizer:is_hallucination",
        lambda _: lambda words, **scores: not words,
    ),
    Ablation(
        "VAD fallback", "lyrics", f"{RECOGNITION}.segments:undetected_singing", lambda _: lambda samples, spans: []
    ),
    Ablation(
        "onsets of the voice",
        "lyrics",
        f"{ALIGNMENT}.forced_alignment:snap_to_onsets",
        lambda _: lambda words, samples: list(words),
    ),
    Ablation("an aligner", "lyrics", "services.transcriber.engine:sphinx_aligner", lambda _: lambda: None),
)
