"""Tempo, beats, downbeats, metre and key, with librosa. Runs in the worker's child process.

Beats by dynamic programming (Ellis, "Beat Tracking by Dynamic Programming", JNMR 36(1), 2007, as librosa has it),
at a tempo that is chosen among its octaves by the evidence between the beats; downbeats by accents.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np
import soundfile
from numpy.typing import NDArray

from services.beats import click
from services.beats.key import key
from services.beats.metre import Metre, metre
from services.beats.settings import Settings
from shared.errors import PermanentError
from shared.events import Options, Rhythm

Floats = NDArray[np.float64]

HZ = 22_050
FFT, HOP = 2048, 256
FRAMES_PER_SECOND = HZ / HOP
LATENCY_SECONDS = 0.015
"""How long after a click librosa's onset envelope peaks at this hop: measured on synthetic clicks, 60 to 180 BPM."""

SLOWEST_BPM, FASTEST_BPM = 55.0, 210.0
USUAL_BPM, USUAL_OCTAVES = 115.0, 0.9
"""Centre and spread of a log-normal prior over tempo, after Parncutt (1994) and Ellis (2007)."""

WEAK_BEATS = 30
"""Percentile of the beats' strengths that stands for them all: some are not played."""

LOW_HZ = 200
FEWEST_BEATS = 4
LEAST_CONFIDENCE = 0.15
"""Below it there is no pulse to speak of: noise stays under 0.1, the weakest of real songs lies over 0.3."""


@dataclass(frozen=True)
class Pulse:
    """`frames` are where the beats fall in the onset envelope; `confidence` is 0 to 1."""

    frames: NDArray[np.int64]
    tempo_bpm: float
    confidence: float


def analyse(audio: Path, out: Path, options: Options, settings: Settings, progress: Callable[[float], None]) -> Rhythm:
    """Writes `beats.json` and `click.flac`. What has no pulse (silence, noise, a single hit) has no tempo and no beats.

    Raises PermanentError for a file that is no audio.
    """
    samples, seconds = _load(audio)
    progress(0.2)
    power = np.abs(librosa.stft(samples, n_fft=FFT, hop_length=HOP)) ** 2
    onsets = _onsets(power, HZ / 2)
    progress(0.5)
    low = _onsets(power, LOW_HZ)
    pulse = _pulse(_even(onsets) + _even(low))
    progress(0.8)
    tonality = key(samples, HZ)
    if pulse is None:
        return _written(out, np.empty(0), None, None, tonality=tonality, seconds=seconds)
    bars = metre(onsets[pulse.frames], low[pulse.frames], _harmony_change(power, pulse.frames))
    times = np.maximum(0, librosa.frames_to_time(pulse.frames, sr=HZ, hop_length=HOP) - LATENCY_SECONDS)
    return _written(out, times.round(3), pulse, bars, tonality=tonality, seconds=seconds)


def warm(settings: Settings) -> None:
    """Has librosa's just-in-time compiler do its work (8 to 45 s) before the first song comes."""
    clicks = librosa.clicks(times=np.arange(0, 8, 0.5), sr=HZ, length=8 * HZ)
    power = np.abs(librosa.stft(clicks, n_fft=FFT, hop_length=HOP)) ** 2
    pulse = _pulse(_onsets(power, HZ / 2))
    assert pulse is not None
    _harmony_change(power, pulse.frames)
    key(clicks, HZ)


def _load(audio: Path) -> tuple[NDArray[np.float32], float]:
    """Mono at `HZ`, and how many seconds of it are the song's."""
    try:
        samples, rate = soundfile.read(audio, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise PermanentError("Audio cannot be read", str(error)) from error
    mono = librosa.resample(samples.mean(axis=1), orig_sr=rate, target_sr=HZ)
    long_enough: NDArray[np.float32] = librosa.util.fix_length(mono, size=max(len(mono), FFT))
    return long_enough, len(samples) / rate


def _onsets(power: Floats, below_hz: float) -> Floats:
    """Onset strength (spectral flux of the mel spectrogram in dB) of what lies below a frequency, per frame."""
    mel = librosa.feature.melspectrogram(S=power, sr=HZ, n_mels=max(8, int(below_hz / 86)), fmax=below_hz)
    strength: Floats = librosa.onset.onset_strength(S=librosa.power_to_db(mel, ref=np.max), sr=HZ, hop_length=HOP)
    return strength


def _even(strength: Floats) -> Floats:
    """At a mean of one, so that bands can be added: a hi-hat must not count for more than the kick."""
    return np.asarray(strength / (strength.mean() + 1e-9))


def _pulse(onsets: Floats) -> Pulse | None:
    """The most convincing pulse; None where none convinces."""
    if not onsets.any():
        return None
    pulses = [pulse for tempo in _candidates(onsets) if (pulse := _tracked(onsets, tempo)) is not None]
    best = max(pulses, key=lambda pulse: pulse.confidence * _prior(pulse.tempo_bpm), default=None)
    return best if best and best.confidence >= LEAST_CONFIDENCE else None


def _candidates(onsets: Floats) -> list[float]:
    """The strongest tempo by autocorrelation, and what is a half, two thirds, twice … of it."""
    autocorrelation = librosa.autocorrelate(onsets - onsets.mean())
    lags = np.arange(1, len(autocorrelation))
    tempi = 60 * FRAMES_PER_SECOND / lags
    inside = (tempi >= SLOWEST_BPM) & (tempi <= FASTEST_BPM)
    if not inside.any():
        return []
    weighted = autocorrelation[1:][inside] * _prior(tempi[inside])
    strongest = tempi[inside][int(np.argmax(weighted))]
    ratios = (1 / 3, 1 / 2, 2 / 3, 1, 3 / 2, 2, 3)
    return [strongest * ratio for ratio in ratios if SLOWEST_BPM <= strongest * ratio <= FASTEST_BPM]


def _prior(tempo: Floats | float) -> Floats:
    return np.asarray(np.exp(-0.5 * (np.log2(np.asarray(tempo) / USUAL_BPM) / USUAL_OCTAVES) ** 2))


def _tracked(onsets: Floats, tempo: float) -> Pulse | None:
    _, frames = librosa.beat.beat_track(onset_envelope=onsets, sr=HZ, hop_length=HOP, bpm=tempo, trim=True)
    if len(frames) < FEWEST_BEATS:
        return None
    # What is struck on the beats, against what is struck at halves and thirds of the way to the next. At half of
    # the true tempo every other beat speaks against it; at two thirds, most do; at twice, half of its beats are weak.
    near = np.lib.stride_tricks.sliding_window_view(np.pad(onsets, 2, mode="edge"), 5).max(axis=1)
    struck = float(np.percentile(near[frames], WEAK_BEATS))
    gaps = np.diff(frames)
    between = max(float(np.median(near[frames[:-1] + gaps * n // d])) for n, d in ((1, 2), (1, 3), (2, 3)))
    confidence = (struck - between) / (struck + float(onsets.mean()) + 1e-9)
    return Pulse(frames, 60 * FRAMES_PER_SECOND / float(np.mean(np.diff(frames))), float(np.clip(confidence, 0, 1)))


def _harmony_change(power: Floats, frames: NDArray[np.int64]) -> Floats:
    """Cosine distance (0 to 1) of the chroma of the beat that begins at each of `frames` from the beat before."""
    chroma = librosa.feature.chroma_stft(S=power, sr=HZ, hop_length=HOP, tuning=0)
    beats = librosa.util.normalize(librosa.util.sync(chroma, frames.tolist(), aggregate=np.median), norm=2, axis=0)
    change: Floats = 1 - np.sum(beats[:, 1:] * beats[:, :-1], axis=0)
    return change[: len(frames)]


def _regularity(times: Floats) -> float:
    """1 for beats at equal distances, falling with the spread of the intervals about their running median."""
    intervals = np.diff(times)
    spread = np.median(np.abs(intervals - np.median(intervals))) / np.median(intervals)
    return float(np.exp(-10 * spread))


def _written(
    out: Path, times: Floats, pulse: Pulse | None, bars: Metre | None, *, tonality: str | None, seconds: float
) -> Rhythm:
    positions = bars.positions if bars else np.empty(0, dtype=np.int64)
    rhythm = Rhythm(
        tempo_bpm=round(pulse.tempo_bpm, 1) if pulse else None,
        beat_count=len(times),
        time_signature=f"{bars.beats_per_bar}/4" if bars else None,
        beat_confidence=round(pulse.confidence, 2) if pulse else 0.0,
        rhythm_regularity=round(_regularity(times), 2) if pulse else None,
        key=tonality,
        beats="beats.json",
    )
    content = rhythm.model_dump(exclude={"kind", "beats"}) | {
        "beats": [
            {"time": float(time), "position": int(position)} for time, position in zip(times, positions, strict=True)
        ],
        "downbeats": times[positions == 1].tolist(),
    }
    (out / rhythm.beats).write_text(json.dumps(content, indent=1))
    click.write(out / "click.flac", times, positions, round(seconds * click.HZ))
    return rhythm
