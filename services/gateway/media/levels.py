"""Mixes sound to stereo without changing its level.

- Mono goes to both channels unchanged. So does surround sound of which only the centre is audible.
- Surround sound is mixed with the coefficients of ITU-R BS.775: 1 for left and right, 0.707 for the centre and the
  surround channels, 0 for the low-frequency channel.
- If any sample then exceeds full scale, the whole song is scaled so that its highest sample is at full scale. This
  happens with floating-point files, with lossy files of loud music, and with loud surround sound.
- Lossy sound far above full scale and above the rest of the song is damaged. It counts as lost, and may clip.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, groupby
from math import ceil, inf
from typing import Final

from av import AudioFrame, AudioLayout
from av.error import BlockingIOError as NeedsInputError
from av.error import EOFError as EndError
from av.filter import Graph
from av.filter.context import FilterContext

RATE: Final = 44_100
STEREO_CHANNELS: Final = 2
CENTRE: Final = "FC"
LOW_FREQUENCY: Final = "LFE"
MEASURED_SAMPLES: Final = 16_384
"""Size of the frames that are measured, because the measurement takes time for each frame."""
WAV_LAYOUTS: Final = {3: "3.0", 4: "quad"}
"""Layouts where FFmpeg's default is another."""
MAX_OVERSHOOT_DB: Final = 6.0
MAX_LOSSY_PEAK_DB: Final = 18.0
MAX_ABOVE_MEDIAN_DB: Final = 12.0
"""Lossy sound may exceed full scale by the first value, or by the second one if its song is that loud. Damaged bytes
give up to 100 dB. Peaks are compared with the median of the peaks of the song's blocks."""
USUAL_OVERSHOOT_DB: Final = 2.0
"""Excess that is usual when lossy sound is decoded, or when sound is resampled."""
MAX_SURROUND_EXCESS_DB: Final = 12.0
"""Excess of the sum of seven channels."""
INAUDIBLE_DB: Final = -60.0
"""Other channels are inaudible below this level relative to the centre."""
FLAT_PEAKS: Final = (b"\xff\x7f" * 4, b"\x00\x80" * 4, b"\x01\x80" * 4)
"""Flattened peaks: four consecutive samples at the limits of 16 bits."""
MIN_FLAT_PEAKS: Final = 10
"""A clipped song has at least as many. A song that was only normalized may have a few."""


@dataclass(frozen=True)
class Mix:
    """Choices that depend on the whole song."""

    gain_db: float = 0
    only_centre: bool = False


class Mixer:
    """Mixes a song, and measures what the right mix depends on."""

    def __init__(self, mix: Mix) -> None:
        self.mix = mix
        self.channels = 0
        self.clips = False
        """True if a sample so far exceeds full scale, except in blocks that may be damaged."""
        self._lossy = False
        self._usual_excess_db = 0.0
        self._max_flat_db = 0.0
        """Flattened peaks in louder blocks are those of this mix, not of the source."""
        self._flat_peaks = 0
        self._peaks_db: list[float] = []
        """Peak of each block of samples, relative to full scale, without the gain."""
        self._centre_db = -inf
        self._others_db = -inf

    def mixed(self, frames: Iterator[AudioFrame], *, lossy: bool) -> Iterator[AudioFrame]:
        """Yield planar 16-bit stereo frames at `RATE`, also when the source's format changes in the middle."""
        self._lossy = lossy
        for (form, layout_name, rate), group in groupby(frames, key=_format):
            layout = _known_layout(layout_name)
            self.channels = max(self.channels, layout.nb_channels)
            is_limited = not lossy and not form.startswith(
                ("flt", "dbl")
            )  # 16 or 24 bits, which only resampling exceeds
            if layout.nb_channels > STEREO_CHANNELS:
                self._usual_excess_db = MAX_SURROUND_EXCESS_DB
            elif is_limited or lossy:
                self._usual_excess_db = max(self._usual_excess_db, USUAL_OVERSHOOT_DB)
                self._max_flat_db = USUAL_OVERSHOOT_DB if is_limited else 0
            graph = Graph()
            graph.threads = 1
            source = graph.add_abuffer(sample_rate=rate, format=form, layout=layout.name, time_base=Fraction(1, rate))
            sink = graph.add("abuffersink")
            graph.link_nodes(source, *(graph.add(*step) for step in self._steps(layout)), sink).configure()
            for frame in chain(group, [None]):
                if frame:
                    frame.pts = None
                graph.push(frame)
                for mixed in _available(sink):
                    self._measure(mixed, layout)
                    yield mixed

    def _steps(self, layout: AudioLayout) -> Iterator[tuple[str, str]]:
        """Yield the filters that mix sound of the layout, with their arguments."""
        if layout.nb_channels > STEREO_CHANNELS:
            yield "asetnsamples", f"n={MEASURED_SAMPLES}:p=0"
            yield "astats", "metadata=1:measure_perchannel=Peak_level:measure_overall=none"
        names = [channel.name for channel in layout.channels]
        centre = CENTRE if self.mix.only_centre and CENTRE in names else names[0]
        if centre == CENTRE or len(names) == 1:
            yield "pan", f"stereo|c0={centre}|c1={centre}"
        yield "aresample", f"{RATE}:osf=fltp:ochl=stereo"
        if self.mix.gain_db:
            yield "volume", f"{self.mix.gain_db}dB"
        yield "asetnsamples", f"n={MEASURED_SAMPLES}:p=0"
        yield "astats", "metadata=1:reset=1:measure_perchannel=none:measure_overall=Peak_level"
        yield "aformat", "s16p"

    def _measure(self, mixed: AudioFrame, layout: AudioLayout) -> None:
        peak_db = _measured_db(mixed, "Overall")
        self._peaks_db.append(peak_db - self.mix.gain_db)
        self.clips |= peak_db > 0 and not (self._lossy and self._peaks_db[-1] > MAX_OVERSHOOT_DB)
        if layout.nb_channels > STEREO_CHANNELS:
            for number, channel in enumerate(layout.channels, 1):
                peak = _measured_db(mixed, str(number))
                if channel.name == CENTRE:
                    self._centre_db = max(self._centre_db, peak)
                elif channel.name != LOW_FREQUENCY:
                    self._others_db = max(self._others_db, peak)
        if peak_db <= self._max_flat_db:
            self._flat_peaks += _flat_peaks(mixed)

    @property
    def is_clipped(self) -> bool:
        """True if the source exceeds full scale, or has flattened peaks there."""
        return self._flat_peaks >= MIN_FLAT_PEAKS or self._peak_db() > self._usual_excess_db

    @property
    def damaged_seconds(self) -> float:
        """Length of the blocks that are too loud."""
        limit = self._max_peak_db()
        return sum(peak > limit for peak in self._peaks_db) * MEASURED_SAMPLES / RATE

    def better_mix(self) -> Mix:
        """Return the mix that is right for the whole song; it is equal to this one if that is right.

        Raises OverflowError for infinite samples.
        """
        if self._others_db < self._centre_db + INAUDIBLE_DB and not self.mix.only_centre:
            return Mix(only_centre=True)
        return replace(self.mix, gain_db=min(0, -ceil(100 * max(0, self._peak_db())) / 100))

    def _peak_db(self) -> float:
        limit = self._max_peak_db()
        return max((peak for peak in self._peaks_db if peak <= limit), default=-inf)

    def _max_peak_db(self) -> float:
        """Return the highest peak that is not damaged."""
        if not (self._lossy and self._peaks_db):
            return inf
        median_db = sorted(self._peaks_db)[len(self._peaks_db) // 2]
        return min(max(MAX_OVERSHOOT_DB, median_db + MAX_ABOVE_MEDIAN_DB), MAX_LOSSY_PEAK_DB)


def _format(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _known_layout(name: str) -> AudioLayout:
    """Return the layout of the name. One that says only how many channels there are is that of WAV files."""
    layout = AudioLayout(name)
    if name != f"{layout.nb_channels} channels":
        return layout
    return AudioLayout(WAV_LAYOUTS.get(layout.nb_channels, f"{layout.nb_channels}c"))


def _available(sink: FilterContext) -> Iterator[AudioFrame]:
    with suppress(NeedsInputError, EndError):
        while True:
            frame = sink.pull()
            assert isinstance(frame, AudioFrame)
            yield frame


def _measured_db(frame: AudioFrame, channel: str) -> float:
    return float(frame.metadata[f"lavfi.astats.{channel}.Peak_level"])


def _flat_peaks(frame: AudioFrame) -> int:
    planes = [bytes(plane)[: 2 * frame.samples] for plane in frame.planes]  # without the padding
    return sum(plane.count(flat) for plane in planes for flat in FLAT_PEAKS)
