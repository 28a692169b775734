"""Strength of each note over time, from which key and chords are estimated.

After Mauch and Dixon, "Approximate Note Transcription for the Improved Identification of Difficult Chords", ISMIR 2010
(NNLS chroma): a spectrum in fifths of a semitone, without drums, whitened and corrected for tuning, is decomposed into
notes with their partials.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from services.beats.spectrum import FINE, HIGHEST, HOP, LOWEST, MARGIN, TOP, blocks, spectrum

Floats = NDArray[np.float32]

PARTIALS, DECAY = 12, 0.8
"""Number of partials of a note, and the level of each relative to the one below."""
NOTE_WIDTH = 0.8
"""Half width of a partial in semitones."""
ROUNDS = 20
COMPRESSION = 3

MIN_PURITY, MIN_POWER_SHARE = 0.22, 0.05
"""Audio with less purity has no pitch: drums, speech and noise were below 0.14, seven songs above 0.31."""


@dataclass(frozen=True)
class Tones:
    """`notes` is the strength of each MIDI note from `LOWEST`, [note, frame].

    `tuning_cents` is the distance of the song's A from 440 Hz, -50 to 50. `power` is the energy of each frame's
    spectrum, `in_tune` the part of it on the song's semitones, as opposed to between them.
    """

    notes: Floats
    power: Floats
    in_tune: Floats
    frames_per_second: float
    tuning_cents: float

    @property
    def is_pitched(self) -> bool:
        """True if at least half of the song, without pauses, consists of notes."""
        return self.purity(self.sounding) >= MIN_PURITY

    @property
    def sounding(self) -> NDArray[np.bool_]:
        """Frames that are not a pause."""
        return np.asarray(self.power > MIN_POWER_SHARE * self.power.max())

    def chroma(self, first: int = LOWEST, last: int = HIGHEST) -> Floats:
        """Return the MIDI notes from `first` to `last` folded into one octave, from C: [12, frame], compressed."""
        folded = np.zeros((12, self.notes.shape[1]), np.float32)
        for note in range(first, last + 1):
            folded[note % 12] += self.notes[note - LOWEST]
        return np.log1p(COMPRESSION * folded)

    def frames(self, start: float, end: float) -> slice:
        """Return the frames between two times (seconds), at least one."""
        first = round(start * self.frames_per_second)
        return slice(first, max(first + 1, round(end * self.frames_per_second)))

    def purity(self, frames: slice | NDArray[np.bool_]) -> float:
        """Return the median share of power in tune: 1 for notes; 0 for silence, noise, drums and gliding pitch."""
        shares = self.in_tune[frames] / (self.power[frames] + np.finfo(np.float32).tiny)
        return max(0.0, float(np.median(shares))) if len(shares) else 0.0


def tones(samples: Floats, hz: int) -> Tones:
    """Return the tones of mono samples at about 22 kHz. Takes less than 0.2 s per minute of audio on one core."""
    parts = blocks(spectrum(samples, hz))
    wave = _semitone_wave(len(parts[0]))
    on_semitones = np.concatenate([wave @ part**2 for part in parts])
    tuning = float(np.angle(on_semitones.sum()) / (2 * np.pi))
    return Tones(
        notes=np.concatenate([_note_strengths(_in_tune(part, tuning)) for part in parts], axis=1),
        power=np.concatenate([np.sum(part**2, axis=0) for part in parts]),
        in_tune=(on_semitones * np.exp(-2j * np.pi * tuning)).real,
        frames_per_second=hz / HOP,
        tuning_cents=100 * tuning,
    )


def _semitone_wave(bins: int) -> NDArray[np.complex64]:
    """Return a wave with the period of a semitone; a spectrum's product with it has the tuning as its phase."""
    return np.asarray(np.exp(2j * np.pi * (np.arange(bins) - MARGIN) / FINE), np.complex64)


def _in_tune(whitened: Floats, semitones: float) -> Floats:
    """Remove the margin and shift the bins so that notes are at their centres."""
    whole, part = divmod(semitones * FINE, 1)
    start, size = MARGIN + int(whole), (TOP - LOWEST) * FINE + 1
    shifted: Floats = (1 - part) * whitened[start : start + size] + part * whitened[start + 1 : start + 1 + size]
    return shifted.astype(np.float32)


def _note_strengths(whitened: Floats) -> Floats:
    """Return the strength of each note: non-negative least squares by multiplicative updates (Lee and Seung, 2001)."""
    notes = _notes()
    projection = notes.T @ whitened
    overlap = notes.T @ notes
    amounts: Floats = projection.copy()
    for _ in range(ROUNDS):
        amounts *= projection / (overlap @ amounts + np.finfo(np.float32).tiny)
    return amounts


@lru_cache(maxsize=1)
def _notes() -> Floats:
    """Return the spectrum of each note, normalized to length 1, [bin, note]."""
    bins = np.arange((TOP - LOWEST) * FINE + 1)
    partials = np.arange(PARTIALS)
    places = FINE * (np.arange(HIGHEST - LOWEST + 1)[:, None] + 12 * np.log2(partials + 1))
    shapes = np.maximum(0, 1 - np.abs(bins - places[:, :, None]) / (NOTE_WIDTH * FINE))
    spectra = (DECAY**partials @ shapes).T  # [bin, note]
    return np.asarray(spectra / np.linalg.norm(spectra, axis=0), np.float32)
