"""Words spoken one by one by espeak-ng and put on the beat, so that every start is known."""

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
"""At which a word is said that has time until the next: who sings, sustains."""
PITCHES = (50, 55, 60, 52, 65, 58, 48, 45)
"""Of 0 to 99: a tune of sorts, a word each."""
AUDIBLE = 0.02
"""Of a word's peak; what comes before and after is cut off."""
GAP_SECONDS = 0.03

Speaker = Callable[[str, str, int, int], Samples]
"""Of a voice, a word, a pitch and words per minute."""

Sung = list[tuple[str, float, Samples]]
"""Words, and when they begin."""


@dataclass(frozen=True)
class Voice:
    """A mono track as long as asked for, and its words."""

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
    """Lines start on downbeats from `first` on, words on the next free half of a beat; none ends after beat `last`.

    `say` is espeak-ng unless somebody else is to speak.
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
                return _laid(sung, length)
            room = (seconds_of(beat) - start - GAP_SECONDS) * HZ
            sustained = (say(lyric.voice, word, pitch, speed) for speed in SLOWER)
            sung.append((text, start, next((longer for longer in sustained if len(longer) <= room), samples)))
        breath = beat + 0.5
        bars = np.ceil((breath - line_start) / metre.beats)
        beat = line_start + float(bars) * metre.beats
    return _laid(sung, length)


def freely(lyric: Lyric, length: float) -> Voice:
    """As one speaks: words follow each other, with a pause after each line."""
    said: Sung = []
    now = 0.6
    for line in lyric.lines:
        for text in line.split():
            samples = spoken(lyric.voice, _plain(text), _pitch(len(said)), WORDS_PER_MINUTE)
            said.append((text, now, samples))
            now += len(samples) / HZ + 0.04 + 0.05 * (len(text) % 3)
        now += 0.7 + 0.1 * (len(line) % 4)
    return _laid([word for word in said if word[1] < length - 1.5], length)


@cache
def spoken(voice: str, text: str, pitch: int, words_per_minute: int) -> Samples:
    """One word, from its first sound to its last, its peak at 1."""
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


def _laid(said: Sung, length: float) -> Voice:
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
