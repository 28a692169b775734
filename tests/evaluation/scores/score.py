"""Scores of the music21 corpus: tunes of folk collections and movements by composers, in their own metres.

Only the notes are used, to be played by FluidSynth; they are extracted into `.run/evaluation` and not committed.
The chosen works are in the public domain: Aird's Airs (1778-1801), Northumbrian Minstrelsy (1882), Ryan's Mammoth
Collection (1883), O'Neill's Music of Ireland (1903), and music by Bach, C.P.E. Bach, Beethoven, Corelli, Haydn,
J.R. Johnson, Joplin, Mozart, Clara and Robert Schumann. Their encodings come with music21, whose authors distribute
them by permission of the encoders. Encodings that reserve rights are left out unless they have a free licence
(Creative Commons). The Essen folksong collection is left out because its use is limited to non-commercial purposes.
"""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.evaluation.datasets import RUN
from tests.evaluation.environment import environment
from tests.evaluation.prepared import fingerprint
from tests.evaluation.system import NotInstalledError

SCORES = RUN / "scores"
PACKAGE = "music21==10.5.1"
SCRIPT = Path(__file__).parent / "extract.py"


class ScoreNote(NamedTuple):
    """`start` and `length` are in quarter notes; `pitch` is a MIDI number; `part` counts from 0."""

    start: float
    length: float
    pitch: int
    part: int


@dataclass(frozen=True)
class Score:
    """`beat`, `pickup` and `end` are in quarter notes; bars are regular from the pick-up to the end."""

    name: str
    collection: str
    signature: str
    beat: float
    beats: int
    pickup: float
    end: float
    notes: tuple[ScoreNote, ...]

    @property
    def bars(self) -> int:
        return int((self.end - self.pickup + 1e-6) / (self.beat * self.beats))

    @property
    def parts(self) -> int:
        return len({note.part for note in self.notes})


def scores(folder: Path = SCORES) -> list[Score]:
    """Return the chosen scores by name, and extract them first if needed. Raises NotInstalledError without music21."""
    done = folder / fingerprint(SCRIPT, PACKAGE)
    if not done.is_file():
        python = environment("music21", PACKAGE)
        shutil.rmtree(folder, ignore_errors=True)
        ran = subprocess.run([python, SCRIPT, folder], check=False, capture_output=True, text=True)
        if ran.returncode:
            reason = ran.stderr.strip().rpartition("\n")[2]
            raise NotInstalledError(f"{SCRIPT.name} in music21's environment: {reason}")
        done.touch()
    return [read(path) for path in sorted(folder.glob("*.json"))]


def read(path: Path) -> Score:
    found = json.loads(path.read_text("utf-8"))
    return Score(**found | {"notes": tuple(ScoreNote(*note) for note in found["notes"])})
