"""Small songs in containers: a quiet tone with a burst of noise. Packets get other times, or are damaged."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from av.audio.stream import AudioStream
from numpy.typing import NDArray

HZ = 48_000
SECONDS = 4
BURST = 2.0
"""Start of the burst, which lasts half a second."""
FORMATS = {".mka": "matroska", ".mkv": "matroska", ".m4a": "ipod", ".opus": "ogg", ".aac": "adts"}
Times = Callable[[float], float | None]
"""Gives the new time of the packet at a time, in seconds; None removes the packet."""
Sound = NDArray[np.float32]
"""[channel, time]."""


def burst(channels: int = 2) -> Sound:
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, HZ // 2)
    tone = 0.02 * np.sin(np.arange(SECONDS * HZ) / 9)
    tone[int(BURST * HZ) : int(BURST * HZ) + len(noise)] = noise
    return np.tile(tone.astype(np.float32), (channels, 1))


def unchanged(time: float) -> float:
    return time


def write(
    file: Path,
    codec: str,
    times: Times = unchanged,
    sound: Sound | None = None,
    layout: str = "stereo",
    *,
    picture: bool = False,
    tags: Mapping[str, str] | None = None,
) -> Path:
    """Encode a sound, a burst unless given. `picture` adds a video that starts at 0."""
    sound = burst() if sound is None else sound
    with av.open(file, "w", format=FORMATS.get(file.suffix)) as target:
        target.metadata.update(tags or {})
        video = target.add_stream("mpeg2video", rate=25) if picture else None
        stream = target.add_stream(codec, rate=HZ, layout=layout)
        assert isinstance(stream, AudioStream)
        packets: list[av.Packet[Any]] = []
        if video:
            video.width = video.height = 32
            video.pix_fmt = "yuv420p"
            image = av.VideoFrame.from_ndarray(np.zeros((48, 32), np.uint8), "yuv420p")
            for number in range(25):
                image.pts = number
                packets += video.encode(image)
            packets += video.encode(None)
        frame = av.AudioFrame.from_ndarray(sound, "fltp", layout)
        frame.sample_rate, frame.pts = HZ, 0
        size = stream.codec_context.frame_size or HZ // 50
        resampler = av.AudioResampler(stream.format, layout, HZ, frame_size=size)
        pieces = [*resampler.resample(frame), *resampler.resample(None), None]
        for packet in [packet for piece in pieces for packet in stream.encode(piece)]:
            if packet.pts is None or packet.time_base is None:  # an encoder's last words
                continue
            time = times(float(packet.pts * packet.time_base))
            if time is not None:
                packet.pts = packet.dts = round(time / packet.time_base)
                packets.append(packet)
        target.mux(sorted(packets, key=lambda packet: (packet.dts or 0) * (packet.time_base or 0)))
    return file


def damage(file: Path, *places: float) -> Path:
    """Overwrite a few bytes at each place, a share of the file's length."""
    content = bytearray(file.read_bytes())
    for place in places:
        start = int(place * len(content))
        content[start : start + 64] = b"\x55" * 64
    file.write_bytes(content)
    return file


def burst_starts(song: Path) -> list[float]:
    """Return the times at which sound starts in a decoded song, in seconds."""
    samples, hz = soundfile.read(song, dtype="float32", always_2d=True)
    loud = np.abs(samples[:, 0]) > 0.1
    heard = np.flatnonzero(loud)
    starts = heard[np.diff(heard, prepend=-hz) > hz // 10]
    return [float(start) / hz for start in starts]
