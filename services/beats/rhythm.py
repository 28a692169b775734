"""Tempo, beats, bars, key and chords of a song. Runs in the worker's child process.

Steps of the beat tracking: onsets.py, candidates.py, tracking.py, beat_features.py, meter_hypotheses.py, bars.py and
beat_grid.py. If a neural network is configured, neural.py replaces the first two.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import librosa
import numpy as np
import soundfile

from services.beats import neural
from services.beats.audio import duration, read, waveform
from services.beats.beat_grid import BeatGrid, find_beat_grid
from services.beats.chords import Chord, chords
from services.beats.harmony import harmony, pitched
from services.beats.key import Key, key
from services.beats.loudness import loudness
from services.beats.onsets import HZ, Onsets, Samples, onsets
from services.beats.settings import Settings
from services.beats.tones import Tones, tones
from shared.events import Options, Rhythm
from shared.rhythm import click
from shared.rhythm.bars import bars
from shared.worker.inputs import Inputs

WARM_SECONDS: Final = 8


def analyse(
    inputs: Inputs, out: Path, _options: Options, settings: Settings, progress: Callable[[float], None]
) -> Rhythm:
    """Write `beats.json`, `click.flac` and `song.peaks.json`.

    If there is a drum stem, it refines the times of the beats and the downbeats. Audio without a beat (silence, noise,
    a single hit) has no tempo and no beats. Raises PermanentError if a file is not audio.
    """
    seconds = duration(inputs.audio)
    (out / "song.peaks.json").write_text(waveform(inputs.audio))
    # Before the song is read: half an hour needs 160 MB. A codec may add or remove a few milliseconds.
    drum_onsets = onsets(read(inputs.drums, seconds)) if inputs.drums else None
    samples = read(inputs.audio, seconds)
    progress(0.2)
    song_onsets = onsets(samples)
    progress(0.4)
    notes = tones(samples, HZ)
    progress(0.5)
    grid = _beat_grid(samples, song_onsets, drum_onsets, notes, settings)
    del samples
    progress(0.7)
    downbeats = grid.times[grid.positions == 1] if grid else np.empty(0)
    found_chords = chords(notes, downbeats.tolist())
    found_key = key(notes, found_chords)
    progress(0.8)
    rhythm = _rhythm(grid, found_key, refined=drum_onsets is not None)
    document = _document(rhythm, grid, found_key, found_chords, inputs.audio)
    (out / rhythm.beats).write_text(json.dumps(document, indent=1))
    _write_click(out / "click.flac", document, round(seconds * click.HZ))
    return rhythm


def warm(settings: Settings) -> None:
    """Run the just-in-time compiler before the first song, and load the neural model if one is configured."""
    clicks = librosa.clicks(times=np.arange(0, WARM_SECONDS, 0.5), sr=HZ, length=WARM_SECONDS * HZ).astype(np.float32)
    assert find_beat_grid(onsets(clicks), harmony(clicks)) is not None
    key(tones(clicks, HZ))
    if settings.beats_model:
        neural.load(settings.beats_model)


def _beat_grid(
    samples: Samples, song_onsets: Onsets, drum_onsets: Onsets | None, notes: Tones, settings: Settings
) -> BeatGrid | None:
    tonal = harmony(samples, pitched(notes))
    if not settings.beats_model:
        return find_beat_grid(song_onsets, tonal, drum_onsets)
    beats, evidence = neural.track(samples, settings.beats_model)
    return find_beat_grid(song_onsets, tonal, drum_onsets, beats=beats, downbeat_evidence=evidence)


def _rhythm(grid: BeatGrid | None, found_key: Key | None, *, refined: bool) -> Rhythm:
    return Rhythm(
        tempo_bpm=round(grid.tempo_bpm, 1) if grid else None,
        beat_count=len(grid.times) if grid else 0,
        time_signature=grid.metre.time_signature if grid else None,
        beat_confidence=round(grid.confidence, 2) if grid else 0.0,
        rhythm_regularity=round(grid.regularity, 2) if grid else None,
        key=found_key.name if found_key else None,
        refined=refined,
        beats="beats.json",
    )


def _write_click(path: Path, document: dict[str, Any], samples: int) -> None:
    times, positions = ([beat[field] for beat in document["beats"]] for field in ("time", "position"))
    with soundfile.SoundFile(path, "w", click.HZ, 1, "PCM_16") as file:
        for part in click.pcm(times, positions, samples):
            file.buffer_write(part, "int16")


def _document(
    rhythm: Rhythm, grid: BeatGrid | None, found_key: Key | None, found_chords: tuple[Chord, ...], audio: Path
) -> dict[str, Any]:
    """Return the content of `beats.json`, as described in docs/api.md."""
    loud = loudness(audio)
    times = grid.times.round(3).tolist() if grid else []
    positions = grid.positions.tolist() if grid else []
    return rhythm.model_dump(exclude={"kind", "beats"}) | {
        "corrected": False,
        "pulse": grid.pulse if grid else None,
        "metre_confidence": round(grid.metre_confidence, 2) if grid else None,
        "bar_confidence": round(grid.bar_confidence, 2) if grid else None,
        "tempo_alternatives": [
            {"tempo_bpm": round(bpm, 1), "share": round(share, 2)}
            for bpm, share in (grid.tempo_alternatives if grid else ())
        ],
        "beats": [{"time": time, "position": position} for time, position in zip(times, positions, strict=True)],
        "downbeats": [time for time, position in zip(times, positions, strict=True) if position == 1],
        "bars": bars(times, positions, grid.last_metre) if grid else [],
        "key_confidence": round(found_key.confidence, 2) if found_key else None,
        "chords": [
            {
                "start": round(chord.start, 3),
                "end": round(chord.end, 3),
                "label": chord.label,
                "confidence": round(chord.confidence, 2),
            }
            for chord in found_chords
        ],
        "loudness_lufs": None if loud.lufs is None else round(loud.lufs, 1),
        "true_peak_dbfs": None if loud.true_peak_dbfs is None else round(loud.true_peak_dbfs, 1),
    }
