"""Clips without a beat, in which no beat may be found."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import mido
import numpy as np

from tests.evaluation.generated.synth import HZ, Samples, synthesised
from tests.evaluation.generated.voice import freely
from tests.evaluation.generated.words import LYRICS
from tests.evaluation.truth import Split, Truth

SECONDS = 22.0


@dataclass(frozen=True)
class Beatless:
    """`make` returns mono or stereo samples at `HZ`, and the truth."""

    name: str
    make: Callable[[str, Split], tuple[Samples, Truth]]


def beatless() -> list[tuple[str, Split, Beatless]]:
    clips = [
        Beatless("silence", _silence),
        Beatless("speech-english", _english),
        Beatless("speech-german", _german),
        Beatless("white-noise", _white),
        Beatless("crowd", _crowd),
        Beatless("applause", _applause),
        Beatless("single-hit", _hit),
        Beatless("pad", _pad),
        Beatless("rubato-piano", _rubato),
        Beatless("chimes", _chimes),
        Beatless("humming", _humming),
    ]
    splits: tuple[Split, Split] = ("tune", "report")
    return [(f"no-beat_{clip.name}", splits[index % 2], clip) for index, clip in enumerate(clips)]


def _truth(name: str, split: Split) -> Truth:
    return Truth(name, split, ("no beat",))


def _silence(name: str, split: Split) -> tuple[Samples, Truth]:
    return np.zeros(round(SECONDS * HZ)), _truth(name, split)


def _speech(name: str, split: Split, lyric: int) -> tuple[Samples, Truth]:
    voice = freely(LYRICS[lyric], SECONDS)
    truth = Truth(name, split, ("no beat", "speech"), words=voice.words, language=LYRICS[lyric].language)
    return 0.5 * voice.samples, truth


def _english(name: str, split: Split) -> tuple[Samples, Truth]:
    return _speech(name, split, 2)


def _german(name: str, split: Split) -> tuple[Samples, Truth]:
    return _speech(name, split, 6)


def _white(name: str, split: Split) -> tuple[Samples, Truth]:
    return np.random.default_rng(1).normal(0, 0.1, round(SECONDS * HZ)), _truth(name, split)


def _crowd(name: str, split: Split) -> tuple[Samples, Truth]:
    """Return pink noise (-3 dB per octave) with a slowly changing level."""
    random = np.random.default_rng(2)
    spectrum = np.fft.rfft(random.normal(size=round(SECONDS * HZ)))
    pink = np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)))
    swell = 1 + 0.5 * np.interp(np.linspace(0, 12, len(pink)), np.arange(13), random.normal(0, 0.6, 13))
    return 0.1 * pink / pink.std() * swell, _truth(name, split)


def _applause(name: str, split: Split) -> tuple[Samples, Truth]:
    """Return forty people who clap at different, unsteady rates."""
    random, track = np.random.default_rng(3), np.zeros(round(SECONDS * HZ))
    for _ in range(40):
        now, gap = random.uniform(0, 2), random.uniform(0.19, 0.36)
        length = random.integers(300, 900)
        clap = (
            np.diff(random.normal(size=length + 1)) * np.exp(-np.arange(length) / (length / 5)) * random.uniform(0.3, 1)
        )
        while (begin := round(now * HZ)) + length < len(track):
            track[begin : begin + length] += clap
            now += gap * random.normal(1, 0.15)
    return 0.5 * track / np.abs(track).max(), _truth(name, split)


def _hit(name: str, split: Split) -> tuple[Samples, Truth]:
    return _sounded([(6.0, 9, 38, 115, 0.5)], {}), _truth(name, split)


def _pad(name: str, split: Split) -> tuple[Samples, Truth]:
    """Return slow chords of random lengths."""
    random, now, notes = Random(name), 0.5, []
    while now < SECONDS - 2:
        length = random.uniform(2.2, 7.0)
        root = random.randrange(48, 60)
        notes += [
            (now + random.uniform(0, 0.3), 0, root + tone, 60, length) for tone in (0, 7, random.choice((15, 16)), 19)
        ]
        now += length
    return _sounded(notes, {0: 89}), _truth(name, split)


def _rubato(name: str, split: Split) -> tuple[Samples, Truth]:
    """Return a piano with a random interval between every two notes."""
    random, now, pitch, notes = Random(name), 0.5, 64, []
    while now < SECONDS - 2:
        length = min(3.0, max(0.14, random.lognormvariate(-0.5, 0.65)))
        pitch = min(max(pitch + random.choice((-4, -2, -1, 1, 2, 3, 5)), 55), 84)
        notes.append((now, 0, pitch, random.randrange(45, 95), length * 1.5))
        if random.random() < 0.3:
            notes.append((now, 0, pitch - random.choice((12, 15, 19)), 60, length * 2))
        now += length
    return _sounded(notes, {0: 0}), _truth(name, split)


def _chimes(name: str, split: Split) -> tuple[Samples, Truth]:
    random, now, notes = Random(name), 0.3, []
    while now < SECONDS - 2:
        notes.append((now, 0, random.choice((72, 74, 77, 79, 81, 84, 86)), random.randrange(40, 90), 2.0))
        now += random.expovariate(1.6)
    return _sounded(notes, {0: 14}), _truth(name, split)


def _humming(name: str, split: Split) -> tuple[Samples, Truth]:
    """Return a humming voice with tones and pauses of random lengths."""
    random, now, pitch, notes = Random(name), 0.4, 57, []
    while now < SECONDS - 2:
        length = min(3.0, max(0.3, random.lognormvariate(-0.1, 0.6)))
        pitch = min(max(pitch + random.choice((-3, -2, -1, 0, 1, 2, 4)), 50), 67)
        notes.append((now, 0, pitch, random.randrange(50, 80), length))
        now += 0.9 * length + (random.uniform(0.2, 1.4) if random.random() < 0.3 else 0.0)
    return _sounded(notes, {0: 53}), _truth(name, split)


def _sounded(notes: list[tuple[float, int, int, int, float]], programs: dict[int, int]) -> Samples:
    """Render (start seconds, channel, pitch, velocity, length seconds), in total `SECONDS` long."""
    messages = [
        (0.0, mido.Message("program_change", channel=channel, program=number)) for channel, number in programs.items()
    ]
    for start, channel, pitch, velocity, length in notes:
        messages.append((start, mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)))
        messages.append((start + length, mido.Message("note_off", channel=channel, note=pitch)))
    samples = synthesised(messages, reverb=True)
    whole = np.zeros((round(SECONDS * HZ), 2))
    whole[: min(len(samples), len(whole))] = samples[: len(whole)]
    return whole
