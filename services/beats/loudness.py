"""Integrated loudness and true peak of a song, as defined by ITU-R BS.1770-5."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from pyloudnorm import Meter
from scipy.signal import resample_poly

GATE_SECONDS, STEP_SECONDS = 0.4, 0.1
"""Length of the gating blocks, and the interval between their starts."""
PIECE_SECONDS, LEAD_SECONDS = 30, 1
"""Length of the parts that are read at once, to limit memory, and of the lead-in in which the filters settle."""
OVERSAMPLING = 4
FILTERS = "DeMan"
"""pyloudnorm's name for the exact filters of the standard at any sample rate; its default is an approximation."""

ABSOLUTE_GATE_DB = -70.0
"""Quieter blocks are silence."""
RELATIVE_GATE_DB = -10.0


@dataclass(frozen=True)
class Loudness:
    """Values in LUFS and dBFS; both are None for silence, `lufs` also for audio shorter than 0.4 s."""

    lufs: float | None
    true_peak_dbfs: float | None


def loudness(audio: Path) -> Loudness:
    """Measure a file with one or two channels. Raises soundfile.LibsndfileError if it is not audio."""
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
    return Loudness(_gated_mean(np.array(gates)), _decibels(peak))


def _gates(meter: Meter, samples: NDArray[np.float32]) -> list[float]:
    """Return the loudness of each gating block."""
    if len(samples) < GATE_SECONDS * meter.rate:
        return []
    meter.integrated_loudness(samples)
    gates: list[float] = meter.blockwise_loudness
    return gates


def _gated_mean(gates: NDArray[np.float64]) -> float | None:
    """Return the mean of the blocks above the absolute gate and above the relative gate, 10 dB below their mean."""
    loud = gates[gates >= ABSOLUTE_GATE_DB]
    if not len(loud):
        return None
    return _mean(loud[loud > _mean(loud) + RELATIVE_GATE_DB])


def _mean(gates: NDArray[np.float64]) -> float:
    return float(10 * np.log10(np.mean(10 ** (gates / 10))))


def _true_peak(samples: NDArray[np.float32]) -> float:
    """Return the highest sample of all channels after oversampling (Annex 2 of the standard)."""
    if not samples.any():
        return 0.0
    return max(float(np.abs(resample_poly(channel, OVERSAMPLING, 1)).max()) for channel in samples.T)


def _decibels(peak: float) -> float | None:
    return 20 * float(np.log10(peak)) if peak > 10 ** (ABSOLUTE_GATE_DB / 20) else None
