"""The encoder's child process: `python -m services.gateway.media.encoder SOURCE TARGET`.

The suffix of TARGET chooses the format. It prints `{"seconds": …}`, or `{"code": …}`: `storage_full` or `unreadable`.
It imports few modules, to start fast, and is confined before it reads the source.
"""

import errno
import json
import sys
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePath
from typing import BinaryIO, Final

import av
from av.audio.stream import AudioStream
from av.error import FFmpegError

from services.gateway.media.formats import open_audio
from services.gateway.media.sandbox import confine


@dataclass(frozen=True)
class Encoding:
    """FFmpeg's names; `bits_per_second` is per channel; `hz` is the sampling rate, or 0 for the source's."""

    container: str
    codec: str
    samples: str
    bits_per_second: int = 0
    hz: int = 0


ENCODINGS: Final = {
    ".wav": Encoding("wav", "pcm_s16le", "s16"),
    ".flac": Encoding("flac", "flac", "s16"),
    ".mp3": Encoding("mp3", "libmp3lame", "fltp", bits_per_second=160_000),
    ".opus": Encoding("opus", "libopus", "flt", bits_per_second=80_000, hz=48_000),
}


def encode(source: BinaryIO, target: BinaryIO, wanted: Encoding) -> float:
    """Encode `source` to `target`. Return the duration in seconds. Raises FFmpegError and OSError."""
    with open_audio(source) as read, av.open(target, "w", format=wanted.container) as written:
        audio = read.streams.audio[0]
        layout, hz = "mono" if audio.channels == 1 else "stereo", wanted.hz or audio.rate
        stream = written.add_stream(wanted.codec, rate=hz, layout=layout, format=wanted.samples)
        assert isinstance(stream, AudioStream)
        audio.codec_context.thread_count = stream.codec_context.thread_count = 1  # a confined child starts no threads
        stream.bit_rate = wanted.bits_per_second * audio.channels
        resampler = av.AudioResampler(format=wanted.samples, layout=layout, rate=hz)
        samples = 0
        for frame in chain(read.decode(audio), [None]):
            if frame:
                frame.pts = None
            for piece in resampler.resample(frame):
                samples += piece.samples
                written.mux(stream.encode(piece))
        written.mux(stream.encode(None))
    return samples / hz


def main() -> None:
    encoding = ENCODINGS[PurePath(sys.argv[2]).suffix]
    try:
        with Path(sys.argv[1]).open("rb") as source, Path(sys.argv[2]).open("wb") as target:
            confine()
            outcome: dict[str, float | str] = {"seconds": encode(source, target, encoding)}
    except (FFmpegError, OSError) as error:
        outcome = {"code": "storage_full" if error.errno == errno.ENOSPC else "unreadable"}
    print(json.dumps(outcome))  # noqa: T201 -- read by the parent


if __name__ == "__main__":
    main()
