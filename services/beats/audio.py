"""Audio files, read in blocks, because a song in stereo at its own rate needs four times the memory of its analysis."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import soxr

from services.beats.onsets import FFT, HZ, Samples
from shared.audio.downmix import mono_blocks
from shared.audio.peaks import SAMPLES_PER_PIXEL, peaks
from shared.errors import PermanentError

BLOCK: Final = 256 * SAMPLES_PER_PIXEL


def duration(audio: Path) -> float:
    """Return the length in seconds. Raises PermanentError if the file is not audio, as do the other functions."""
    with _opened(audio) as file:
        return float(file.frames / file.samplerate)


def read(audio: Path, seconds: float) -> Samples:
    """Return one channel at `HZ`; it is cut, or silence is appended, to this length and to at least one window."""
    samples, end = np.zeros(max(FFT, round(seconds * HZ)), np.float32), 0
    for block in mono_blocks(lambda: _resampled(audio)):
        space = samples[end : end + len(block)]
        space[:] = block[: len(space)]
        end += len(block)
    return samples


def waveform(audio: Path) -> str:
    """Return the document of the peaks of all channels."""
    with _opened(audio) as file:
        return peaks(_blocks(file), file.samplerate)


def _resampled(audio: Path) -> Iterator[Samples]:
    with _opened(audio) as file:
        resampler = soxr.ResampleStream(file.samplerate, HZ, file.channels)
        for block in _blocks(file):
            yield resampler.resample_chunk(block.T).T
        yield resampler.resample_chunk(np.empty((0, file.channels), np.float32), last=True).T


def _blocks(file: soundfile.SoundFile) -> Iterator[Samples]:
    """Yield blocks of `BLOCK` samples, [channel, time]; only the last may be shorter."""
    return (block.T for block in file.blocks(BLOCK, dtype="float32", always_2d=True))


@contextmanager
def _opened(audio: Path) -> Iterator[soundfile.SoundFile]:
    try:
        with soundfile.SoundFile(audio) as file:
            yield file
    except soundfile.LibsndfileError as error:
        raise PermanentError("Audio cannot be read", str(error)) from error
