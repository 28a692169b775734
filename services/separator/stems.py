"""Four stems and the instrumental, out of whatever sources a model knows.

Audio is float32, [channel, time], full scale at 1.
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import median_filter

Audio = NDArray[np.float32]

FFT, HOP = 4096, 1024
HARMONIC_FRAMES, PERCUSSIVE_BINS = 31, 17
BASS_HZ = 200
# Long songs are split in blocks, for the memory; the margin is as far as a frame's median and window reach.
BLOCK, MARGIN = 1024 * HOP, (HARMONIC_FRAMES // 2 + FFT // HOP) * HOP


def has_rhythm_section(sources: Mapping[str, Audio]) -> bool:
    return "drums" in sources and "bass" in sources


def stems(mix: Audio, sources: Mapping[str, Audio], hz: int) -> dict[str, Audio]:
    """Vocals, drums, bass and other add up to `mix`, and so do vocals and instrumental; none leaves [-1, 1].

    Other is what is left of the mix, so it takes in sources of its own (guitar, piano) and what the model lost.
    """
    vocals = _share(sources["vocals"], mix)
    instrumental = mix - vocals
    if has_rhythm_section(sources):
        drums, bass = sources["drums"], sources["bass"]
    else:
        drums, bass = rhythm_section(instrumental, hz)
    drums = _share(drums, instrumental)
    rest = instrumental - drums
    bass = _share(bass, rest)
    return {"vocals": vocals, "drums": drums, "bass": bass, "other": rest - bass, "instrumental": instrumental}


def rhythm_section(accompaniment: Audio, hz: int) -> tuple[Audio, Audio]:
    """Drums and bass: what is percussive, and the low end of what is not.

    Harmonic-percussive separation by median filters with soft masks: FitzGerald, DAFx 2010.
    """
    drums, bass = np.empty_like(accompaniment), np.empty_like(accompaniment)
    for start in range(0, accompaniment.shape[1], BLOCK):
        before = min(start, MARGIN)
        piece = accompaniment[:, start - before : start + BLOCK + MARGIN]
        inner = slice(before, before + BLOCK)
        block = slice(start, start + BLOCK)
        for target, part in zip((drums, bass), _split(piece, hz), strict=True):
            target[:, block] = part[:, inner]
    return drums, bass


def _split(piece: Audio, hz: int) -> tuple[Audio, Audio]:
    # By torch, on all cores: scipy's ShortTimeFFT goes frame by frame, and took three quarters of the time.
    window = torch.hann_window(FFT)
    spectrum = torch.stft(torch.from_numpy(piece), FFT, HOP, window=window, pad_mode="constant", return_complex=True)
    magnitude = spectrum.abs().mean(0).numpy()
    harmonic = _median(magnitude, HARMONIC_FRAMES) ** 2
    percussive = _median(magnitude.T, PERCUSSIVE_BINS).T ** 2
    drums = percussive / np.maximum(harmonic + percussive, np.finfo(np.float32).tiny)
    low = 1 / (1 + (np.fft.rfftfreq(FFT, 1 / hz) / BASS_HZ) ** 8)
    bass = (1 - drums) * low.astype(np.float32)[:, None]

    def heard(mask: Audio) -> Audio:
        masked = spectrum * torch.from_numpy(mask)
        samples: Audio = torch.istft(masked, FFT, HOP, window=window, length=piece.shape[1]).numpy()
        return samples

    return heard(drums), heard(bass)


def _median(rows: Audio, size: int) -> Audio:
    """The running median along each row, by scipy's filter for one dimension: ten times as fast as that for two."""
    half = size // 2
    padded = np.pad(rows, ((0, 0), (half, half)), "reflect")
    filtered: Audio = median_filter(padded.ravel(), size).reshape(padded.shape)
    return filtered[:, half:-half]


def _share(part: Audio, whole: Audio) -> Audio:
    """`part`, changed where it or the rest of `whole` would not fit into [-1, 1].

    Clipping each stem when it is written would break the sum on loud songs, and scaling would change it.
    """
    return np.clip(part, np.maximum(whole, 0) - 1, np.minimum(whole, 0) + 1)
