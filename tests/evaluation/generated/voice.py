"""Words spoken one by one by espeak-ng and placed on the beat, so that every start is known."""

import re
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from tests.evaluation.generated.metre import Metre
from tests.evaluation.generated.synth import HZ, Samples
from tests.evaluation.generated.words import Lyric
from tests.evaluation.truth import Word

WORDS_PER_MINUTE = 135
SLOWER = (80, 90, 100, 110, 120)
"""Slower rates, in words per minute, for a word that has time until the next one, like a sustained note."""
PITCHES = (50, 55, 60, 52, 65, 58, 48, 45)
"""A simple tune with one pitch, 0 to 99, for each word."""
AUDIBLE = 0.02
"""Share of a word's peak below which its start and end are cut off."""
GAP_SECONDS = 0.03

Speaker = Callable[[str, str, int, int], Samples]
"""A function of voice, word, pitch and words per minute."""

Sung = list[tuple[str, float, Samples]]
"""Words, their starts in seconds, and their samples."""


@dataclass(frozen=True)
class Voice:
    """A mono track of the requested length, and its words."""

    samples: Samples
    words: tuple[Word, ...]


def on_the_beat(
    lyric: Lyric,
    metre: Metre,
    seconds_of: Callable[[float], float],
    first: float,
    last: float,
    length: float,
    say: Speaker | None = None,
) -> Voice:
    """Place lines on downbeats from beat `first`, words on the next free half beat, and none after beat `last`.

    `say` replaces espeak-ng, for tests.
    """
    say = say or spoken
    sung: Sung = []
    slot, beat = 1 / metre.division if metre.division > 1 else 1.0, first
    if seconds_of(first + slot) - seconds_of(first) < 0.16:
        slot *= 2
    for line in lyric.lines:
        line_start = beat
        for text in line.split():
            start, word, pitch = seconds_of(beat), _plain(text), _pitch(len(sung))
            samples = say(lyric.voice, word, pitch, WORDS_PER_MINUTE)
            beat += slot
            while seconds_of(beat) < start + len(samples) / HZ + GAP_SECONDS:
                beat += slot
            if beat > last:
                return _placed(sung, length)
            room = (seconds_of(beat) - start - GAP_SECONDS) * HZ
            sustained = (say(lyric.voice, word, pitch, speed) for speed in SLOWER)
            sung.append((text, start, next((longer for longer in sustained if len(longer) <= room), samples)))
        breath = beat + 0.5
        bars = np.ceil((breath - line_start) / metre.beats)
        beat = line_start + float(bars) * metre.beats
    return _placed(sung, length)


def freely(lyric: Lyric, length: float) -> Voice:
    """Place words as in speech: one after another, with a pause after each line."""
    said: Sung = []
    now = 0.6
    for line in lyric.lines:
        for text in line.split():
            samples = spoken(lyric.voice, _plain(text), _pitch(len(said)), WORDS_PER_MINUTE)
            said.append((text, now, samples))
            now += len(samples) / HZ + 0.04 + 0.05 * (len(text) % 3)
        now += 0.7 + 0.1 * (len(line) % 4)
    return _placed([word for word in said if word[1] < length - 1.5], length)


@cache
def spoken(voice: str, text: str, pitch: int, words_per_minute: int) -> Samples:
    """Return one word from its first to its last sound, with its peak at 1."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "word.wav"
        command = ["espeak-ng", "-v", voice, "-s", str(words_per_minute), "-p", str(pitch), "-w", str(file), text]
        subprocess.run(command, check=True, capture_output=True)
        samples, rate = soundfile.read(file)
    samples = resample_poly(samples, HZ, rate)
    loud = np.flatnonzero(np.abs(samples) > AUDIBLE * np.abs(samples).max())
    word: Samples = samples[loud[0] : loud[-1] + 1] / np.abs(samples).max()
    fade = min(len(word) // 4, HZ // 100)
    word[-fade:] *= np.linspace(1, 0, fade)
    return word


def _placed(said: Sung, length: float) -> Voice:
    track, words = np.zeros(round(length * HZ)), []
    for text, start, samples in said:
        begin = round(start * HZ)
        if begin + len(samples) <= len(track):
            track[begin : begin + len(samples)] += samples
            words.append(Word(text, round(begin / HZ, 4), round((begin + len(samples)) / HZ, 4)))
    return Voice(track, tuple(words))


def _pitch(number: int) -> int:
    return PITCHES[number % len(PITCHES)]


def _plain(text: str) -> str:
    return re.sub(r"[^\w']", "", text)
