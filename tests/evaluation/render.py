"""Render the generated set: clips with a beat in many metres and styles, some of them sung, and clips without a beat.

Each FLAC file has a JSON file with its truth; `stems/` contains the voices of sung clips. The same machine renders the
same samples again.
"""

import argparse
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import soundfile
from rich.progress import track

from tests.evaluation.generated import synth
from tests.evaluation.generated.beatless import beatless
from tests.evaluation.generated.clip import rendered
from tests.evaluation.generated.plan import Plan, plans
from tests.evaluation.generated.synth import HZ, Samples
from tests.evaluation.truth import Truth

CLIPS = Path(__file__).parents[2] / ".run" / "evaluation" / "clips"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=CLIPS, help="folder (default: %(default)s)")
    parser.add_argument("--only", default="", help="render only clips with this in their names")
    parser.add_argument("--again", action="store_true", help="also render existing clips again")
    arguments = parser.parse_args()
    if missing := missing_packages():
        sys.exit(missing)
    render(arguments.out, only=arguments.only, again=arguments.again)


def render(out: Path, *, only: str = "", again: bool = False) -> None:
    """Write missing clips; a clip is complete if its truth exists."""
    (out / "stems").mkdir(parents=True, exist_ok=True)
    makers: dict[str, Callable[[Path], None]] = {plan.name: partial(song, plan) for plan in plans()}
    for name, split, clip in beatless():
        makers[name] = partial(write, name, partial(clip.make, name, split))
    todo = {
        name: make for name, make in makers.items() if only in name and (again or not (out / f"{name}.json").is_file())
    }
    for make in track(todo.values(), description=f"Rendering into {out}", disable=not todo):
        make(out)


def missing_packages() -> str | None:
    """Return a message with the command that installs missing packages, or None."""
    packages = [name for name in ("fluidsynth", "espeak-ng") if not shutil.which(name)]
    packages += [] if synth.font() else ["fluid-soundfont-gm"]
    return f"To render the clips: apt-get install {' '.join(packages)}" if packages else None


def song(plan: Plan, out: Path) -> None:
    clip = rendered(plan)
    if clip.vocals is not None:
        soundfile.write(out / "stems" / f"{plan.name}.vocals.flac", clip.vocals, HZ)
    write(plan.name, lambda: (clip.samples, clip.truth), out)


def write(name: str, make: Callable[[], tuple[Samples, Truth]], out: Path) -> None:
    """Write a clip's audio, then its truth."""
    samples, truth = make()
    soundfile.write(out / f"{name}.flac", samples, HZ)
    truth.write(out / f"{name}.json")


if __name__ == "__main__":
    main()
