"""Which notes sound when: what key and chords are read from.

After Mauch and Dixon, "Approximate Note Transcription for the Improved Identification of Difficult Chords", ISMIR 2010
(NNLS chroma): a spectrum in fifths of a semitone, put in tune, freed of drums, whitened, and explained by notes with
their partials.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter1d
from scipy.signal.windows import hann

Floats = NDArray[np.float32]

FFT, HOP = 8192, 2048
"""At 22 kHz 0.37 s: a semitone apart in the bass is a few hertz."""
BLOCK = 256
"""Frames that are transformed at once, for the memory."""

LOWEST, HIGHEST = 28, 88
"""The MIDI notes that are looked for, E1 to E6."""
TOP: Final = HIGHEST + 12
"""The MIDI note up to which partials are heard."""
FINE: Final = 5
"""Bins a semitone."""
MARGIN: Final = 3
"""Bins beyond either end, to be moved in when the song is put in tune."""

HARMONIC_FRAMES, PERCUSSIVE_BINS = 7, 3 * FINE
AROUND_BINS = 5 * FINE
FLOOR = 0.01
"""Of the loudest bin: what is quieter is not raised by the whitening."""

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
    spectrum = _whitened(_harmonic(_spectrum(samples, hz)))
    power = spectrum**2
    on_semitones = _semitone_wave(len(spectrum)) @ power
    tuning = float(np.angle(on_semitones.sum()) / (2 * np.pi))
    return Tones(
        notes=_explained(_moved(spectrum, tuning)),
        power=power.sum(axis=0),
        in_tune=(on_semitones * np.exp(-2j * np.pi * tuning)).real,
        frames_per_second=hz / HOP,
        tuning_cents=100 * tuning,
    )


def _semitone_wave(bins: int) -> NDArray[np.complex64]:
    """What has the period of a semitone: its phase in a spectrum is the tuning, its size how much of it is notes."""
    return np.asarray(np.exp(2j * np.pi * (np.arange(bins) - MARGIN) / FINE), np.complex64)


def _spectrum(samples: Floats, hz: int) -> Floats:
    """Magnitudes, [bin, frame]; frames are centred on their times."""
    padded = np.pad(samples, FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT)[::HOP]
    window = hann(FFT, sym=False).astype(np.float32)
    bins = _bins(hz)
    blocks = [
        bins @ np.abs(np.fft.rfft(frames[start : start + BLOCK] * window)).astype(np.float32).T
        for start in range(0, len(frames), BLOCK)
    ]
    return np.concatenate(blocks, axis=1)


@lru_cache(maxsize=2)
def _bins(hz: int) -> Floats:
    """[bin, FFT's bin]: what of each frequency belongs to each bin, a triangle as wide as two bins, of either kind."""
    notes = LOWEST + np.arange(-MARGIN, (TOP - LOWEST) * FINE + MARGIN + 1) / FINE
    centres = 440 * 2 ** ((notes - 69) / 12)
    width = np.maximum(centres * (2 ** (1 / (12 * FINE)) - 1), hz / FFT)
    distances = np.abs(np.fft.rfftfreq(FFT, 1 / hz) - centres[:, None]) / width[:, None]
    triangles = np.maximum(0, 1 - distances)
    return np.asarray(triangles / triangles.sum(axis=1, keepdims=True), np.float32)


def _moved(spectrum: Floats, semitones: float) -> Floats:
    """Without the margin, and so that notes are in the middle of their bins."""
    whole, part = divmod(semitones * FINE, 1)
    start, size = MARGIN + int(whole), (TOP - LOWEST) * FINE + 1
    moved: Floats = (1 - part) * spectrum[start : start + size] + part * spectrum[start + 1 : start + 1 + size]
    return moved.astype(np.float32)


def _harmonic(spectrum: Floats) -> Floats:
    """What lasts, by medians along time and pitch with a soft mask: FitzGerald, DAFx 2010."""
    lasting = median_filter(spectrum, (1, HARMONIC_FRAMES)) ** 2
    sudden = median_filter(spectrum, (PERCUSSIVE_BINS, 1)) ** 2
    return np.asarray(spectrum * lasting / np.maximum(lasting + sudden, np.finfo(np.float32).tiny))


def _whitened(spectrum: Floats) -> Floats:
    """What stands out of the five semitones around it, in standard deviations: as loud in the treble as in the bass."""
    mean = uniform_filter1d(spectrum, AROUND_BINS, axis=0)
    spread = np.sqrt(np.maximum(0, uniform_filter1d(spectrum**2, AROUND_BINS, axis=0) - mean**2))
    floor = FLOOR * spectrum.max() + np.finfo(np.float32).tiny
    return np.asarray(np.maximum(0, spectrum - mean) / (spread + floor))


def _explained(spectrum: Floats) -> Floats:
    """How much of each note it takes: non-negative least squares, by multiplicative updates (Lee and Seung, 2001)."""
    notes = _notes()
    wanted = notes.T @ spectrum
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
