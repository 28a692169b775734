"""Arrangement: four stereo stems of shape (samples, 2) at 44.1 kHz, before their level in the mix is set."""

from collections.abc import Iterator

import numpy as np
from scipy.signal import resample_poly

from tests.song import score
from tests.song.instruments import RATE, Samples, band, hat, kick, pad, room, snare, string, tom
from tests.song.voice import Sung

LENGTH = int(score.DURATION * RATE)


class Track:
    """A stereo stem on which notes are placed."""

    def __init__(self) -> None:
        self.samples = np.zeros((LENGTH, 2))

    def play(self, sound: Samples, start: float, gain: float, pan: float = 0.0) -> None:
        """Add a sound at `start` seconds; `pan` is -1 (left) to 1 (right), with equal power."""
        first = round(start * RATE)
        sound = sound[: LENGTH - first]
        angle = (pan + 1) * np.pi / 4
        self.samples[first : first + len(sound)] += gain * np.outer(sound, (np.cos(angle), np.sin(angle)))

    def in_room(self, wet: float, seconds: float) -> Samples:
        """Return the stem with stereo reverberation at level `wet`."""
        mono = self.samples.mean(1)
        return self.samples + wet * np.stack([room(mono, seconds, 11), room(mono, seconds, 12)], 1)


def drums() -> Samples:
    track = Track()
    boom, crack, closed, opened = kick(), snare(), hat(0.03), hat(0.14)
    for bar, beat in _bars():
        chorus = score.CHORUS_BAR <= bar < score.ENDING_BAR
        ending, first_bar = bar == score.ENDING_BAR, bar == 0
        fill = bar + 1 in (score.VERSE_BAR, score.CHORUS_BAR)
        if ending or bar in (score.VERSE_BAR, score.CHORUS_BAR):
            track.play(hat(0.7), beat(0), 0.16, 0.3)
        for at in (0,) if ending else (0, 2, 2.5) if chorus else (0, 2):
            track.play(boom, beat(at), 0.75)
        if ending:
            continue
        for at in () if first_bar else (1,) if fill else (1, 3):
            track.play(crack, beat(at), 0.42, -0.05)
        for eighth in range(8):
            off = eighth % 2
            track.play(opened if chorus and off else closed, beat(eighth / 2), 0.06 if off else 0.12, 0.35)
        if fill:
            for sixteenth, hertz in enumerate((180, 180, 140, 110)):
                track.play(tom(hertz), beat(3 + sixteenth / 4), 0.45, 0.4 - sixteenth * 0.25)
            track.play(crack, beat(3), 0.3)
    return track.in_room(0.08, 0.5)


def bass() -> Samples:
    track = Track()
    for bar, beat in _bars():
        root = score.CHORDS[score.BARS[bar]][0]
        steps: tuple[tuple[float, float, int], ...] = (
            (0, 1.4, 0),
            (1.5, 0.5, 0),
            (2, 1, 0),
            (3, 0.5, 7),
            (3.5, 0.5, 12),
        )
        if score.CHORUS_BAR <= bar < score.ENDING_BAR:
            steps = tuple((eighth / 2, 0.48, 12 if eighth in (3, 7) else 0) for eighth in range(8))
        if bar == score.ENDING_BAR:
            steps = ((0, 4, 0),)
        for at, length, interval in steps:
            seconds = min(length * 60 / score.TEMPO_BPM, score.DURATION - beat(at))
            track.play(string(root + interval, seconds, bright=0.55, decay=1.2), beat(at), 0.3)
    return track.samples


def other() -> Samples:
    """Return pad, guitar arpeggio, and a bell between the sung lines."""
    track = Track()
    for bar, beat in _bars():
        root, chord = score.CHORDS[score.BARS[bar]]
        chorus = score.CHORUS_BAR <= bar < score.ENDING_BAR
        seconds = min(beat(4), score.DURATION) - beat(0)
        for note in chord:
            for ear, seed in ((-0.7, note), (0.7, note + 100)):
                track.play(pad(note, seconds, seed), beat(0), 0.075 if chorus else 0.055, ear)
        if bar == score.ENDING_BAR:
            for strum, note in enumerate((root + 12, *chord, chord[0] + 12)):
                track.play(string(note, seconds - 0.1, bright=0.6, decay=1.5), beat(0) + 0.02 * strum, 0.12, -0.4)
            continue
        low, middle, high = chord
        for eighth, note in enumerate((low, middle, high, middle, low + 12, high, middle, high)):
            track.play(string(note, 0.7, bright=0.55, decay=0.6), beat(eighth / 2), 0.13, -0.45)
        opening = bar < score.VERSE_BAR
        answer = ((0, high), (1, middle), (1.5, high), (2, low + 12)) if opening else ((3, high), (3.5, low + 12))
        for at, note in answer if opening or bar % 2 else ():
            track.play(string(note + 12, 1.2, bright=0.25, decay=0.8), beat(at), 0.24 if opening else 0.12, 0.5)
    return track.in_room(0.25, 1.4)


def vocals(lead: list[Sung], harmony: list[Sung]) -> Samples:
    """Return the lead voice in the centre, with noise above flite's 8 kHz, and the harmony at both sides, in a hall."""
    track = Track()
    for sung, gain, pan, late in (
        *((line, 1.0, 0.0, 0.0) for line in lead),
        *((line, 0.12, pan, late) for line in harmony for pan, late in ((-0.8, 0.012), (0.8, 0.021))),
    ):
        sound = resample_poly(sung.samples, RATE, sung.rate)
        sound = _levelled(sound - band(sound, 20, 110))
        sound += 0.5 * band(sound, 2500, 6500) + 0.4 * band(np.tanh(6 * band(sound, 3000, 7500)), 7500, 15_000)
        track.play(sound, sung.start + late, 0.25 * gain, pan)
    return track.in_room(0.13, 1.1)


def _levelled(sound: Samples, threshold: float = 0.3, ratio: float = 3) -> Samples:
    """Compress levels (30 ms means) above the threshold, and normalize the RMS to 1."""
    window = np.hanning(int(0.03 * RATE))
    envelope = np.sqrt(np.convolve(sound**2, window / window.sum(), "same")) + 1e-9
    voiced = envelope > 0.1 * envelope.max()
    envelope /= np.sqrt((sound[voiced] ** 2).mean())
    squeezed = sound * np.minimum(1, (threshold / envelope) ** (1 - 1 / ratio))
    return np.asarray(squeezed / np.sqrt((squeezed[voiced] ** 2).mean()))


def _bars() -> Iterator[tuple[int, score.Clock]]:
    """Yield the number of each bar, and a function from a beat of that bar to seconds."""
    for bar in range(len(score.BARS)):
        yield bar, score.clock(bar)
