"""What a user would type: a song's stems, words and beats, one program after another."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Final

from bench.sample import SAMPLE
from deploy.local.child import StartError

ROOT: Final = SAMPLE.parents[2]
ENVIRONMENT: Final = {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"}


def one_after_another(song: Path, repo: Path, model: str, whisper: Path | None) -> dict[str, float]:
    """Seconds of each program. `model` is one in `repo`; `whisper` a model's folder, or None for no words.

    Raises StartError.
    """
    with tempfile.TemporaryDirectory() as name:
        out = Path(name)
        # No shift, as we separate: with its own choice of one it would take a quarter more.
        stems = ["-m", "demucs", "--name", model, "--repo", str(repo), "--shifts", "0", "--out", name, str(song)]
        vocals = out / model / song.stem / "vocals.wav"
        words = [
            "--model",
            whisper or "",
            "--compute_type",
            "int8",
            "--device",
            "cpu",
            "--no_align",
            "--output_dir",
            out,
        ]
        took = {"demucs": _run(*stems)}
        if whisper:
            took["whisperx"] = _run("-m", "bench.programs.whisperx_command", vocals, *words)
        return took | {"librosa": _run("-m", "bench.programs.beats_by_librosa", song)}


def _run(*arguments: str | Path) -> float:
    began = perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | ENVIRONMENT,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StartError(f"{arguments[1]} ended with {done.returncode}", done.stderr[-500:])
    return round(perf_counter() - began, 3)
