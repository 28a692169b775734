"""How loud a song is: integrated loudness by ITU-R BS.1770-5, and its highest peak between the samples."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from pyloudnorm import Meter
from scipy.signal import resample_poly

GATE_SECONDS, STEP_SECONDS = 0.4, 0.1
"""The standard's gating blocks, and how far apart they begin."""
PIECE_SECONDS, LEAD_SECONDS = 30, 1
"""What is read at once, for the memory; the lead is for the filters to settle, far longer than they ring."""
OVERSAMPLING = 4
FILTERS = "DeMan"
"""pyloudnorm's name for the standard's very filters, at any rate; its own choice is an approximation."""

NOTHING_DB = -70.0
"""The standard's absolute threshold: what is below is silence."""
RELATIVE_DB = -10.0
OFFSET_DB = -0.691
"""By which a sine of 997 Hz at full scale is at -3.01."""


@dataclass(frozen=True)
class Loudness:
    """In LUFS and in dB of full scale; None for silence, and `lufs` for what is shorter than 0.4 s."""

    lufs: float | None
    true_peak_dbfs: float | None


def loudness(audio: Path) -> Loudness:
    """Of a file with one or two channels. Raises soundfile.LibsndfileError for one that is no audio."""
    with soundfile.SoundFile(audio) as file:
        hz = file.samplerate
        step = round(STEP_SECONDS * hz)
        piece, lead = round(PIECE_SECONDS / STEP_SECONDS) * step, round(LEAD_SECONDS / STEP_SECONDS) * step
        tail = round(GATE_SECONDS / STEP_SECONDS - 1) * step
        meter = Meter(hz, FILTERS, block_size=GATE_SECONDS)
        gates: list[float] = []
        peak = 0.0
        for samples in file.blocks(piece + lead + tail, lead + tail, dtype="float32", always_2d=True):
            peak = max(peak, _true_peak(samples))
            gates += _gates(meter, samples)[lead // step if gates else 0 :]
    return Loudness(_gated(np.array(gates)), _decibels(peak))


def _gates(meter: Meter, samples: NDArray[np.float32]) -> list[float]:
    """The loudness of each gating block."""
    if len(samples) < GATE_SECONDS * meter.rate:
        return []
    meter.integrated_loudness(samples)
    gates: list[float] = meter.blockwise_loudness
    return gates


def _gated(gates: NDArray[np.float64]) -> float | None:
    """The mean over the blocks that are over the absolute threshold, and less than 10 dB below the mean of those."""
    heard = gates[gates >= NOTHING_DB]
    if not len(heard):
        return None
    return _mean(heard[heard > _mean(heard) + RELATIVE_DB])


def _mean(gates: NDArray[np.float64]) -> float:
    return float(10 * np.log10(np.mean(10 ** (gates / 10))))


def _true_peak(samples: NDArray[np.float32]) -> float:
    """Annex 2 of the standard: the highest sample after oversampling, of all channels."""
    if not samples.any():
        return 0.0
    return max(float(np.abs(resample_poly(channel, OVERSAMPLING, 1)).max()) for channel in samples.T)


def _decibels(peak: float) -> float | None:
    return 20 * float(np.log10(peak)) if peak > 10 ** (NOTHING_DB / 20) else None
