"""Which notes sound when: what key and chords are read from.

After Mauch and Dixon, "Approximate Note Transcription for the Improved Identification of Difficult Chords", ISMIR 2010
(NNLS chroma): a spectrum in fifths of a semitone, put in tune, freed of drums, whitened, and explained by notes with
their partials.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from services.beats.spectrum import FINE, HIGHEST, HOP, LOWEST, MARGIN, TOP, spectrum

Floats = NDArray[np.float32]

PARTIALS, DECAY = 12, 0.8
"""How many partials a note has, and how loud each is relative to the one below."""
NOTE_WIDTH = 0.8
"""Semitones to either side that a partial is heard at."""
ROUNDS = 20
COMPRESSION = 3

LEAST_PURITY, SOUNDING = 0.22, 0.05
"""Below it nothing has pitch to speak of: drums, speech and noise stayed under 0.14, seven songs were over 0.31."""


@dataclass(frozen=True)
class Tones:
    """`notes` says how strongly each MIDI note from `LOWEST` sounds, [note, frame].

    `tuning_cents` is how far the song's A is from 440 Hz, -50 to 50. `power` is how much stands out in each frame, of
    whatever pitch, `in_tune` how much of it lies on the song's semitones rather than between them.
    """

    notes: Floats
    power: Floats
    in_tune: Floats
    frames_per_second: float
    tuning_cents: float

    @property
    def pitched(self) -> bool:
        """Whether there are notes to speak of, in half of the song or more, pauses left out."""
        return self.purity(self.sounding) >= LEAST_PURITY

    @property
    def sounding(self) -> NDArray[np.bool_]:
        """Whether each frame is no pause."""
        return np.asarray(self.power > SOUNDING * self.power.max())

    def chroma(self, first: int = LOWEST, last: int = HIGHEST) -> Floats:
        """The MIDI notes from `first` to `last` in one octave, from C: [12, frame], compressed as hearing does."""
        folded = np.zeros((12, self.notes.shape[1]), np.float32)
        for note in range(first, last + 1):
            folded[note % 12] += self.notes[note - LOWEST]
        return np.log1p(COMPRESSION * folded)

    def frames(self, start: float, end: float) -> slice:
        """Those between two times (seconds), one at least."""
        first = round(start * self.frames_per_second)
        return slice(first, max(first + 1, round(end * self.frames_per_second)))

    def purity(self, frames: slice | NDArray[np.bool_]) -> float:
        """Of half of the frames or more: 0 for silence, noise, drums, pitches that glide, as in speech; 1 for notes."""
        shares = self.in_tune[frames] / (self.power[frames] + np.finfo(np.float32).tiny)
        return max(0.0, float(np.median(shares))) if len(shares) else 0.0


def tones(samples: Floats, hz: int) -> Tones:
    """Of mono samples at about 22 kHz. Takes under 0.2 s for each minute of audio, on one core."""
    heard = spectrum(samples, hz)
    power = heard**2
    on_semitones = _semitone_wave(len(heard)) @ power
    tuning = float(np.angle(on_semitones.sum()) / (2 * np.pi))
    return Tones(
        notes=_explained(_moved(heard, tuning)),
        power=power.sum(axis=0),
        in_tune=(on_semitones * np.exp(-2j * np.pi * tuning)).real,
        frames_per_second=hz / HOP,
        tuning_cents=100 * tuning,
    )


def _semitone_wave(bins: int) -> NDArray[np.complex64]:
    """What has the period of a semitone: its phase in a spectrum is the tuning, its size how much of it is notes."""
    return np.asarray(np.exp(2j * np.pi * (np.arange(bins) - MARGIN) / FINE), np.complex64)


def _moved(heard: Floats, semitones: float) -> Floats:
    """Without the margin, and so that notes are in the middle of their bins."""
    whole, part = divmod(semitones * FINE, 1)
    start, size = MARGIN + int(whole), (TOP - LOWEST) * FINE + 1
    moved: Floats = (1 - part) * heard[start : start + size] + part * heard[start + 1 : start + 1 + size]
    return moved.astype(np.float32)


def _explained(heard: Floats) -> Floats:
    """How much of each note it takes: non-negative least squares, by multiplicative updates (Lee and Seung, 2001)."""
    notes = _notes()
    wanted = notes.T @ heard
    overlap = notes.T @ notes
    amounts: Floats = wanted.copy()
    for _ in range(ROUNDS):
        amounts *= wanted / (overlap @ amounts + np.finfo(np.float32).tiny)
    return amounts


@lru_cache(maxsize=1)
def _notes() -> Floats:
    """[bin, note]: the spectrum of each note, of length 1."""
    bins = np.arange((TOP - LOWEST) * FINE + 1)
    partials = np.arange(PARTIALS)
    places = FINE * (np.arange(HIGHEST - LOWEST + 1)[:, None] + 12 * np.log2(partials + 1))
    shapes = np.maximum(0, 1 - np.abs(bins - places[:, :, None]) / (NOTE_WIDTH * FINE))
    spectra = (DECAY**partials @ shapes).T  # [bin, note]
    return np.asarray(spectra / np.linalg.norm(spectra, axis=0), np.float32)
