"""Synthesis by FluidSynth with a General MIDI soundfont and inexact timing, as by human players."""

import subprocess
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from random import Random

import mido
import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.evaluation.generated.note import DRUMS, Note
from tests.evaluation.generated.song import Song

Samples = NDArray[np.float64]

HZ = 44_100
TICKS = 10_000
"""Ticks per second; the MIDI tempo is constant, and tempo changes are in the times of the notes."""

FONTS = tuple(Path("/usr/share/sounds/sf2") / name for name in ("FluidR3_GM.sf2", "TimGM6mb.sf2", "default-GM.sf2"))
LATENCY_SECONDS = 0.0045
"""Delay of a note by FluidSynth 2.3: 3.0 ms for a hi-hat, 4.6 to 5.0 ms for claves, snare and kick."""

CHANNELS = {"comp": 0, "bass": 1, "pad": 2, "lead": 3, DRUMS: 9}
PROGRAMS = {
    "comp": (0, 1, 2, 4, 5, 6, 11, 16, 24, 25, 26, 27, 28),
    "bass": (32, 33, 34, 35, 36, 38, 39),
    "pad": (48, 49, 50, 51, 52, 89, 91),
    "lead": (22, 40, 56, 64, 65, 66, 68, 71, 73, 80, 81),
}
SPARSE = {
    "piano": (0, 1, 2),
    "parlour waltz": (0, 1),
    "guitar": (24, 25),
    "strings": (48, 45, 44),
    "barcarole": (0, 46),
}
LEVELS = {"comp": (72, 100), "bass": (84, 110), "pad": (44, 70), "lead": (66, 94), DRUMS: (84, 112)}
TIMING_DEVIATION = 0.004
"""Standard deviation of a player's timing in seconds; limited to `MAX_DEVIATION`."""
MAX_DEVIATION = 0.010


def font() -> Path | None:
    return next((path for path in FONTS if path.is_file()), None)


def played(song: Song) -> Samples:
    """Return stereo samples at `HZ`, at any level."""
    random = Random(f"played {song.plan.name}")
    deviation = random.uniform(0.5, 1.5) * TIMING_DEVIATION
    return performed(song.notes, song.seconds, CHANNELS, _setting(song, random), random, deviation=deviation)


def performed(
    notes: Iterable[Note], seconds: Callable[[float], float], channels: Mapping[str, int],
    setting: Iterable[mido.Message], random: Random, *, deviation: float, limit: float = MAX_DEVIATION,
) -> Samples:  # fmt: skip
    """Play notes with inexact timing; `seconds` is the time of a beat, `deviation` and `limit` are in seconds."""
    messages = [(0.0, message) for message in setting]
    for note in notes:
        off = max(-limit, min(limit, random.gauss(0, deviation)))
        start = max(0.0, seconds(note.start) + note.late + off)
        end = max(start + 0.04, seconds(note.start + note.length))
        velocity = int(max(1, min(127, note.velocity * random.gauss(1, 0.05))))
        channel = channels[note.part]
        messages.append((start, mido.Message("note_on", channel=channel, note=note.pitch, velocity=velocity)))
        messages.append((end, mido.Message("note_off", channel=channel, note=note.pitch)))
    return synthesised(messages, reverb=random.random() < 0.7)


def synthesised(messages: list[tuple[float, mido.Message]], *, reverb: bool) -> Samples:
    """Render (seconds, message) pairs, and remove FluidSynth's latency."""
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=1_000_000)])
    now = 0
    for seconds, message in sorted(messages, key=lambda timed: (timed[0], timed[1].type == "note_on")):
        tick = round(seconds * TICKS)
        track.append(message.copy(time=tick - now))
        now = tick
    with tempfile.TemporaryDirectory() as folder:
        score, sound = Path(folder) / "song.mid", Path(folder) / "song.wav"
        mido.MidiFile(ticks_per_beat=TICKS, tracks=[track]).save(score)
        options = [
            "-q",
            "-n",
            "-i",
            "-R",
            str(int(reverb)),
            "-C",
            "0",
            "-g",
            "0.4",
            "-r",
            str(HZ),
            "-O",
            "float",
            "-T",
            "wav",
        ]
        subprocess.run(["fluidsynth", *options, "-F", sound, str(font()), score], check=True, capture_output=True)
        samples, _ = soundfile.read(sound)
    return np.asarray(samples)[round(LATENCY_SECONDS * HZ) :]


def _setting(song: Song, random: Random) -> list[mido.Message]:
    """Return messages for instruments, levels and stereo positions."""
    messages = []
    for part, channel in CHANNELS.items():
        programs = song.plan.style.kits if part == DRUMS else PROGRAMS[part]
        if part == "comp":
            programs = SPARSE.get(song.plan.style.name, programs)
        messages += [
            mido.Message("program_change", channel=channel, program=random.choice(programs)),
            mido.Message("control_change", channel=channel, control=7, value=random.randint(*LEVELS[part])),
            mido.Message(
                "control_change",
                channel=channel,
                control=10,
                value=64 if part in {"bass", DRUMS} else random.randint(34, 94),
            ),
        ]
    return messages
