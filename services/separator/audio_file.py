"""Stem files: WAV, FLAC, MP3 or Opus."""

from math import gcd
from pathlib import Path

import soundfile
from scipy.signal import resample_poly

from services.separator.stems import Audio

OPUS_HZ = 48_000
"""The sample rate that every Opus decoder supports."""
BLOCK = 2**18
ENCODING = {
    # 320 kbit/s, like demucs; the error of soundfile's default, 128 kbit/s, is twenty times as large.
    "mp3": {"bitrate_mode": "CONSTANT", "compression_level": 0.0},
    # About 160 kbit/s for a stereo song, measured; soundfile's default gives 121.
    "opus": {"format": "OGG", "subtype": "OPUS", "compression_level": 0.7},
}


def write(path: Path, samples: Audio, hz: int) -> None:
    """Write samples, [channel, time], in the format of the path's suffix: 16 bit if lossless, 48 kHz for Opus."""
    form = path.suffix.removeprefix(".")
    if form == "opus":
        shared = gcd(hz, OPUS_HZ)
        samples, hz = resample_poly(samples, OPUS_HZ // shared, hz // shared, axis=1), OPUS_HZ
    # 16 bits are enough: the sum of four stems is within 7e-5 of full scale, measured on loud songs.
    with soundfile.SoundFile(path, "w", hz, len(samples), **ENCODING.get(form, {})) as file:
        for start in range(0, samples.shape[1], BLOCK):  # writing copies the block, so blocks limit memory
            file.write(samples[:, start : start + BLOCK].T)
