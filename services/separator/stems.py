"""Four stems and the instrumental, made from the sources of any model.

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
# Long songs are processed in blocks to limit memory; the margin covers the median filter and the window of a frame.
BLOCK, MARGIN = 1024 * HOP, (HARMONIC_FRAMES // 2 + FFT // HOP) * HOP


def has_rhythm_section(sources: Mapping[str, Audio]) -> bool:
    return "drums" in sources and "bass" in sources


def stems(mix: Audio, sources: Mapping[str, Audio], hz: int) -> dict[str, Audio]:
    """Return vocals, drums, bass and other, which add up to `mix`, and the instrumental; all are within [-1, 1].

    `other` is the rest of the mix: it includes further sources of the model (guitar, piano) and the model's error.
    """
    vocals = _limited(sources["vocals"], mix)
    instrumental = mix - vocals
    if has_rhythm_section(sources):
        drums, bass = sources["drums"], sources["bass"]
    else:
        drums, bass = rhythm_section(instrumental, hz)
    drums = _limited(drums, instrumental)
    rest = instrumental - drums
    bass = _limited(bass, rest)
    return {"vocals": vocals, "drums": drums, "bass": bass, "other": rest - bass, "instrumental": instrumental}


def rhythm_section(accompaniment: Audio, hz: int) -> tuple[Audio, Audio]:
    """Return drums, the percussive part, and bass, the low frequencies of the rest.

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
    # Torch uses all cores; scipy's ShortTimeFFT works frame by frame and took three quarters of the time.
    window = torch.hann_window(FFT)
    spectrum = torch.stft(torch.from_numpy(piece), FFT, HOP, window=window, pad_mode="constant", return_complex=True)
    magnitude = spectrum.abs().mean(0).numpy()
    harmonic = _median(magnitude, HARMONIC_FRAMES) ** 2
    percussive = _median(magnitude.T, PERCUSSIVE_BINS).T ** 2
    drums = percussive / np.maximum(harmonic + percussive, np.finfo(np.float32).tiny)
    low = 1 / (1 + (np.fft.rfftfreq(FFT, 1 / hz) / BASS_HZ) ** 8)
    bass = (1 - drums) * low.astype(np.float32)[:, None]

    def masked(mask: Audio) -> Audio:
        product = spectrum * torch.from_numpy(mask)
        samples: Audio = torch.istft(product, FFT, HOP, window=window, length=piece.shape[1]).numpy()
        return samples

    return masked(drums), masked(bass)


def _median(rows: Audio, size: int) -> Audio:
    """Return the running median along each row; scipy's 1-D filter is ten times as fast as its 2-D filter."""
    half = size // 2
    padded = np.pad(rows, ((0, 0), (half, half)), "reflect")
    filtered: Audio = median_filter(padded.ravel(), size).reshape(padded.shape)
    return filtered[:, half:-half]


def _limited(part: Audio, whole: Audio) -> Audio:
    """Limit `part` so that both it and the rest of `whole` are within [-1, 1].

    Clipping each stem separately would change the sum of loud songs, and so would scaling.
    """
    return np.clip(part, np.maximum(whole, 0) - 1, np.minimum(whole, 0) + 1)
