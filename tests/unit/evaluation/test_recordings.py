"""Real audio of which only the tempo is known, and the table of single clips."""

from pathlib import Path

import numpy as np
import soundfile

from tests.evaluation.answer import Answer
from tests.evaluation.datasets import TEMPI, Item, items
from tests.evaluation.results import Results, result_of
from tests.evaluation.rhythm_tables import ablations, by_clip, by_system
from tests.evaluation.systems import OURS
from tests.evaluation.truth import Beat


def real_audio(folder: Path) -> list[Item]:
    """Return a waltz with known beats, a loop with a known tempo, a song with words and a tempo, and a speech."""
    for name in (
        "rhythm/waltz.wav",
        "rhythm/loop_mehackit1_97bpm.ogg",
        "songs/code_monkey_0-45.mp3",
        "speech/talk.flac",
    ):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, np.zeros(22_050), 22_050)
    (folder / "rhythm" / "waltz.beats").write_text("".join(f"{0.5 * beat} {beat % 3 + 1}\n" for beat in range(12)))
    (folder / "songs" / "code_monkey_0-45.json").write_text('{"lines": []}')
    (folder / "speech" / "talk.txt").write_text("ask not")
    return [item for item in items(folder / "none", folder) if item.set == "real audio" and item.for_rhythm]


def test_audio_with_a_known_tempo_is_measured(tmp_path: Path) -> None:
    found = {item.name: item.truth for item in real_audio(tmp_path)}
    assert list(found) == ["waltz", "loop_mehackit1_97bpm", "code_monkey_0-45", "talk"]
    assert (found["waltz"].tempo_bpm, found["waltz"].time_signature) == (120, "3/4")
    assert (found["loop_mehackit1_97bpm"].tempo_bpm, found["loop_mehackit1_97bpm"].beats) == (97, ())
    assert (found["code_monkey_0-45"].tempo_bpm, found["code_monkey_0-45"].time_signature) == TEMPI[
        "songs/code_monkey_0-45.mp3"
    ]


def test_the_table_has_a_row_for_each_recording(tmp_path: Path) -> None:
    waltz, loop, _, talk = real_audio(tmp_path)
    ours = Answer(waltz.truth.beats, 120.0, "3/4", metre_confidence=0.7)
    theirs = Answer((Beat(0.5, 0),), 60.0)
    found = Results("rhythm")
    for name, answers in {OURS: (ours, ours, Answer()), "librosa": (theirs, theirs, theirs)}.items():
        found.by_system[name] = [
            result_of("rhythm", item, answer) for item, answer in zip((waltz, loop, talk), answers, strict=True)
        ]
    assert by_clip(found, ("real audio",)).splitlines() == [
        "| clip | true | ours | beat F | downbeat F | librosa | beat F |",
        "| --- | --: | --: | --: | --: | --: | --: |",
        "| waltz | 120 3/4 | 120 3/4 (0.70) | 1.00 | 1.00 | 60 | 0.15 |",
        "| loop_mehackit1_97bpm | 97 | 120 3/4 (0.70) | – | – | 60 | – |",
        "| talk | no beat | no beat | – | – | 60 | – |",
    ]
    assert "| ours | – |" in ablations(found, "report")
    assert "Real audio: 1 clips, and 1 without a beat" in by_system(found)
