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
PITCHES = (50, 55, 60, 52, 65, 58, 48, 45)
"""Of 0 to 99: a tune of sorts, a word each."""
AUDIBLE = 0.02
"""Of a word's peak; what comes before and after is cut off."""
GAP_SECONDS = 0.03

Speaker = Callable[[str, str, int], Samples]
"""Of a voice, a word and a pitch."""


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
    places: list[tuple[str, float]] = []
    slot, beat = 1 / metre.division if metre.division > 1 else 1.0, first
    if seconds_of(first + slot) - seconds_of(first) < 0.16:
        slot *= 2
    for line in lyric.lines:
        line_start = beat
        for text in line.split():
            start = seconds_of(beat)
            needed = start + len(say(lyric.voice, _plain(text), _pitch(len(places)))) / HZ + GAP_SECONDS
            places.append((text, start))
            beat += slot
            while seconds_of(beat) < needed:
                beat += slot
            if beat > last:
                places.pop()
                return _laid(lyric.voice, places, length, say)
        breath = beat + 0.5
        bars = np.ceil((breath - line_start) / metre.beats)
        beat = line_start + float(bars) * metre.beats
    return _laid(lyric.voice, places, length, say)


def freely(lyric: Lyric, length: float) -> Voice:
    """As one speaks: words follow each other, with a pause after each line."""
    places, now = [], 0.6
    for line in lyric.lines:
        for text in line.split():
            places.append((text, now))
            now += len(spoken(lyric.voice, _plain(text), _pitch(len(places) - 1))) / HZ + 0.04 + 0.05 * (len(text) % 3)
        now += 0.7 + 0.1 * (len(line) % 4)
    return _laid(lyric.voice, [(text, start) for text, start in places if start < length - 1.5], length, spoken)


@cache
def spoken(voice: str, text: str, pitch: int) -> Samples:
    """One word, from its first sound to its last, its peak at 1."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "word.wav"
        command = ["espeak-ng", "-v", voice, "-s", str(WORDS_PER_MINUTE), "-p", str(pitch), "-w", str(file), text]
        subprocess.run(command, check=True, capture_output=True)
        samples, rate = soundfile.read(file)
    samples = resample_poly(samples, HZ, rate)
    loud = np.flatnonzero(np.abs(samples) > AUDIBLE * np.abs(samples).max())
    word: Samples = samples[loud[0] : loud[-1] + 1] / np.abs(samples).max()
    fade = min(len(word) // 4, HZ // 100)
    word[-fade:] *= np.linspace(1, 0, fade)
    return word


def _laid(voice: str, places: list[tuple[str, float]], length: float, say: Speaker) -> Voice:
    track, words = np.zeros(round(length * HZ)), []
    for number, (text, start) in enumerate(places):
        samples = say(voice, _plain(text), _pitch(number))
        begin = round(start * HZ)
        if begin + len(samples) <= len(track):
            track[begin : begin + len(samples)] += samples
            words.append(Word(text, round(begin / HZ, 4), round((begin + len(samples)) / HZ, 4)))
    return Voice(track, tuple(words))


def _pitch(number: int) -> int:
    return PITCHES[number % len(PITCHES)]


def _plain(text: str) -> str:
    return re.sub(r"[^\w']", "", text)
