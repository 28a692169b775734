"""Singing: flite speaks a line, and Praat's PSOLA moves its vowels to the beats and its pitch to the tune.

Moulines and Charpentier (1990), "Pitch-synchronous waveform processing techniques for text-to-speech synthesis".
"""

import subprocess
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import parselmouth
from numpy.typing import NDArray
from parselmouth.praat import call

from tests.song.score import Line, seconds

VOICE = "slt"
SLOWNESS = 1.3  # flite speaks slowly, so that PSOLA stretches less
VOWELS = {"aa", "ae", "ah", "ao", "aw", "ax", "ay", "eh", "er", "ey", "ih", "iy", "ow", "oy", "uh", "uw"}
PAUSE = "pau"
CONSONANT = 0.8  # share of their length in slow speech that consonants keep
LONGEST_CLUSTER = 0.5  # maximum share of consonants in the time between two vowels
GLIDE, VIBRATO_HZ, VIBRATO_CENTS, VIBRATO_AFTER = 0.05, 5.4, 28, 0.28


@dataclass(frozen=True)
class Word:
    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Sung:
    """Mono `samples` at `rate` hertz that begin at `start` seconds; the times of words are those in the song."""

    samples: NDArray[np.float64]
    rate: int
    start: float
    words: tuple[Word, ...]


def sing(line: Line) -> Sung:
    """Sing a line. Raises ValueError if it does not have one note for each vowel that flite speaks."""
    sound, phones, edges = _speak(line.text)
    spoken, sung = _warp(line, phones, edges)
    manipulation = call(sound, "To Manipulation", 0.01, 75, 500)
    call([_pitch_tier(line, spoken, sung), manipulation], "Replace pitch tier")
    call([_duration_tier(spoken, sung), manipulation], "Replace duration tier")
    parselmouth.praat.run("random_initializeWithSeedUnsafelyButPredictably: 1")  # unvoiced sounds are random
    voice = call(manipulation, "Get resynthesis (overlap-add)")
    times = np.interp(edges, spoken, sung)
    words, first = [], 1
    for text in line.text.split():
        last = first + _phone_count(text)
        words.append(Word(text, float(times[first]), float(times[last])))
        first = last
    return Sung(voice.values[0], int(voice.sampling_frequency), float(sung[0]), tuple(words))


def _speak(text: str) -> tuple[parselmouth.Sound, list[str], NDArray[np.float64]]:
    """Return flite's sound, its phones between two pauses, and the edges of the phones in seconds (one more)."""
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder, "line.wav")
        stretch = f"duration_stretch={SLOWNESS}"
        said = _flite("-voice", VOICE, "--setf", stretch, "-psdur", "-t", text.replace(",", ""), "-o", str(wav))
        sound = parselmouth.Sound(str(wav))
    segments = [segment.split(":") for segment in said]
    return sound, [phone for phone, _ in segments], np.array([0.0, *(float(end) for _, end in segments)])


def _phone_count(word: str) -> int:
    return sum(phone != PAUSE for phone in _flite("-ps", "-t", word.strip(","), "-o", "none"))


def _flite(*arguments: str) -> list[str]:
    return subprocess.run(["flite", *arguments], check=True, capture_output=True, text=True).stdout.split()


def _warp(line: Line, phones: list[str], edges: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the knots of the map from the time in flite's speech to the time in the song.

    A vowel begins on its beat and fills the time that the consonants, at their natural length, leave.
    """
    vowels = [i for i, phone in enumerate(phones) if phone in VOWELS]
    if len(vowels) != len(line.notes):
        raise ValueError(f"{line.text!r} has {len(line.notes)} notes, but flite says {' '.join(phones)}")
    onsets = [seconds(beat) for beat in line.onsets]
    spoken, sung = [0.0], [onsets[0] - edges[vowels[0]] * CONSONANT]
    for (here, then), vowel, following in zip(pairwise(onsets), vowels, [*vowels[1:], len(phones) - 1], strict=True):
        begin, end, close = edges[vowel], edges[vowel + 1], edges[following]
        consonants = min((close - end) * CONSONANT, LONGEST_CLUSTER * (then - here))
        spoken += [begin, end]
        sung += [here, then - consonants]
    spoken += [close, edges[-1]]
    sung += [onsets[-1], onsets[-1] + (edges[-1] - close) * CONSONANT]
    return np.array(spoken), np.array(sung)


def _duration_tier(spoken: NDArray[np.float64], sung: NDArray[np.float64]) -> parselmouth.Data:
    """Return one constant factor for each part of the speech."""
    tier = call("Create DurationTier", "stretch", 0, spoken[-1])
    for (begin, end), (start, stop) in zip(pairwise(spoken), pairwise(sung), strict=True):
        if end > begin:
            for edge in (begin + 1e-5, end - 1e-5):
                call(tier, "Add point", edge, (stop - start) / (end - begin))
    return tier


def _pitch_tier(line: Line, spoken: NDArray[np.float64], sung: NDArray[np.float64]) -> parselmouth.Data:
    """Return the tune in hertz over flite's time: glides between notes, and vibrato late in long notes."""
    times = np.arange(sung[0], sung[-1], 0.005)
    onsets = np.array([seconds(beat) for beat in line.onsets[:-1]])
    note = np.clip(np.searchsorted(onsets, times + GLIDE / 2, side="right") - 1, 0, None)
    midi = np.array(line.notes, float)[note]
    glide = np.hanning(int(GLIDE / 0.005) + 2)[1:-1]
    midi = np.convolve(np.pad(midi, len(glide), mode="edge"), glide / glide.sum(), "same")[len(glide) : -len(glide)]
    held = np.clip((times - onsets[note] - VIBRATO_AFTER) / 0.3, 0, 1)
    midi += held * VIBRATO_CENTS / 100 * np.sin(2 * np.pi * VIBRATO_HZ * (times - onsets[note]))
    tier = call("Create PitchTier", "tune", 0, spoken[-1])
    for time, hertz in zip(np.interp(times, sung, spoken), 440 * 2 ** ((midi - 69) / 12), strict=True):
        call(tier, "Add point", time, hertz)
    return tier
