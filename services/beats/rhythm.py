"""Tempo, beats, bars, key and chords of a song. Runs in the worker's child process.

How the beats are found: onsets.py, tracking.py, reading.py, pulse.py; by a neural network where one is set: neural.py.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import librosa
import numpy as np
import soundfile

from services.beats import click, neural
from services.beats.beat_grid import BeatGrid as Pulse
from services.beats.beat_grid import beat_grid_from as counted
from services.beats.beat_grid import find_beat_grid as pulse
from services.beats.chords import Chord, chords
from services.beats.harmony import harmony
from services.beats.key import Key, key
from services.beats.loudness import loudness
from services.beats.onsets import FFT, HZ, Onsets, Samples, onsets
from services.beats.settings import Settings
from services.beats.tones import tones
from shared.audio.peaks import peaks
from shared.errors import PermanentError
from shared.events import Options, Rhythm
from shared.worker.inputs import Inputs

WARM_SECONDS: Final = 8
READ_SECONDS: Final = 60
"""How much is decoded at once: of a long song all channels at once would be twice what it takes."""


def analyse(
    inputs: Inputs, out: Path, _options: Options, settings: Settings, progress: Callable[[float], None]
) -> Rhythm:
    """Writes `beats.json`, `click.flac` and `song.peaks.json`. What has no pulse (silence, noise, a single hit) has no
    tempo and no beats. Where the drums lie beside the song, they are listened to as well.

    Raises PermanentError for a file that is no audio.
    """
    song, rate = _read(inputs.audio)
    seconds = len(song) / rate
    (out / "song.peaks.json").write_text(peaks(song[None], rate))
    samples = _resampled(song, rate)
    del song
    progress(0.2)
    struck = onsets(samples)
    # A codec may add or leave out a few milliseconds.
    beaten = onsets(_fitted(_resampled(*_read(inputs.drums)), len(samples))) if inputs.drums else None
    progress(0.5)
    found = _pulse(samples, struck, beaten, settings)
    progress(0.7)
    heard = tones(samples, HZ)
    bars = found.times[found.positions == 1] if found and found.time_signature else np.empty(0)
    played = chords(heard, bars.tolist())
    tonality = key(heard, played)
    progress(0.8)
    rhythm = _rhythm(found, tonality, refined=beaten is not None)
    (out / rhythm.beats).write_text(json.dumps(_document(rhythm, found, tonality, played, inputs.audio), indent=1))
    positions = found.positions if found and found.time_signature else np.zeros(len(found.times) if found else 0, int)
    times = found.times.round(3) if found else np.empty(0)  # as beats.json has them
    click.write(out / "click.flac", times, positions, round(seconds * click.HZ))
    return rhythm


def warm(settings: Settings) -> None:
    """Has the just-in-time compiler do its work before the first song comes; loads a model, where one is set."""
    clicks = librosa.clicks(times=np.arange(0, WARM_SECONDS, 0.5), sr=HZ, length=WARM_SECONDS * HZ).astype(np.float32)
    assert pulse(onsets(clicks), harmony(clicks)) is not None
    key(tones(clicks, HZ))
    if settings.beats_model:
        neural.load(settings.beats_model)


def _pulse(samples: Samples, struck: Onsets, drums: Onsets | None, settings: Settings) -> Pulse | None:
    if settings.beats_model:
        beats, downbeats = neural.track(samples, HZ, settings.beats_model)
        return counted(beats, downbeats, struck)
    return pulse(struck, harmony(samples), drums)


def _read(audio: Path) -> tuple[Samples, int]:
    """All channels mixed to one, and its rate."""
    try:
        with soundfile.SoundFile(audio) as file:
            blocks = file.blocks(READ_SECONDS * file.samplerate, dtype="float32", always_2d=True)
            mixed = [block.mean(axis=1) for block in blocks]
            return np.concatenate([np.zeros(0, np.float32), *mixed]), file.samplerate
    except soundfile.LibsndfileError as error:
        raise PermanentError("Audio cannot be read", str(error)) from error


def _resampled(mono: Samples, rate: int) -> Samples:
    """At `HZ`, and long enough for one window."""
    samples = librosa.resample(mono, orig_sr=rate, target_sr=HZ) if len(mono) else mono
    return _fitted(samples, max(len(samples), FFT))


def _fitted(samples: Samples, size: int) -> Samples:
    fitted: Samples = librosa.util.fix_length(samples, size=size)
    return fitted


def _rhythm(found: Pulse | None, tonality: Key | None, *, refined: bool) -> Rhythm:
    return Rhythm(
        tempo_bpm=round(found.tempo_bpm, 1) if found else None,
        beat_count=len(found.times) if found else 0,
        time_signature=found.time_signature if found else None,
        beat_confidence=round(found.confidence, 2) if found else 0.0,
        rhythm_regularity=round(found.regularity, 2) if found else None,
        key=tonality.name if tonality else None,
        refined=refined,
        beats="beats.json",
    )


def _document(
    rhythm: Rhythm, found: Pulse | None, tonality: Key | None, played: tuple[Chord, ...], audio: Path
) -> dict[str, Any]:
    """What `beats.json` holds: docs/api.md."""
    loud = loudness(audio)
    times = found.times.round(3).tolist() if found else []
    positions = found.positions.tolist() if found and found.time_signature else [None] * len(times)
    return rhythm.model_dump(exclude={"kind", "beats"}) | {
        "pulse": found.beat_unit if found else None,
        "bar_confidence": round(found.bar_confidence, 2) if found else None,
        "beats": [{"time": time, "position": position} for time, position in zip(times, positions, strict=True)],
        "downbeats": [time for time, position in zip(times, positions, strict=True) if position == 1],
        "key_confidence": round(tonality.confidence, 2) if tonality else None,
        "chords": [
            {
                "start": round(chord.start, 3),
                "end": round(chord.end, 3),
                "label": chord.label,
                "confidence": round(chord.confidence, 2),
            }
            for chord in played
        ],
        "loudness_lufs": None if loud.lufs is None else round(loud.lufs, 1),
        "true_peak_dbfs": None if loud.true_peak_dbfs is None else round(loud.true_peak_dbfs, 1),
    }
