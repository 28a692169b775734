"""The decoder's child process: `python -m services.gateway.media.decoder UPLOAD SONG MIN_SECONDS MAX_SECONDS`.

It prints `{"seconds": …}`, or `{"code": …}` with a key of `services.gateway.media.decode.PROBLEMS`. It imports few
modules, to start fast, and limits its resources before it opens the file.
"""

import errno
import json
import sys
from collections.abc import Iterator
from itertools import groupby

import av
from av.container import InputContainer
from av.error import FFmpegError, InvalidDataError

from services.gateway.media.sandbox import confine

RATE = 44_100
FORMATS = "aac,ac3,aiff,amr,asf,au,avi,caf,dsf,eac3,flac,flv,matroska,mov,mp3,mpeg,mpegts,ogg,opus,tta,w64,wav,wv"
"""FFmpeg demuxers that may read an upload: no playlists, images or other formats that refer to further files."""

DAMAGED_FRACTION = 0.05
"""Share of packets that may be undecodable."""


class UnacceptableError(Exception):
    """The file is refused. The message is the code."""


def decode(upload: str, song: str, min_seconds: float, max_seconds: float) -> float:
    try:
        source = av.open(upload, options={"format_whitelist": FORMATS, "protocol_whitelist": "file"})
    except FFmpegError as error:
        raise UnacceptableError("not_audio") from error
    with source, av.open(song, "w", format="flac") as target:
        if not source.streams.audio:
            raise UnacceptableError("not_audio")
        flac = target.add_stream("flac", rate=RATE, layout="stereo", format="s16")
        samples = 0
        for frame in _resampled(_frames(source)):
            samples += frame.samples
            if samples > max_seconds * RATE:
                raise UnacceptableError("too_long")
            target.mux(flac.encode(frame))
        target.mux(flac.encode(None))
    if samples < min_seconds * RATE:
        raise UnacceptableError("too_short")
    return samples / RATE


def _frames(source: InputContainer) -> Iterator[av.AudioFrame]:
    """Yield the decodable frames, up to where a truncated file ends. Raises UnacceptableError for a damaged file."""
    packets = damaged = 0
    for packet in source.demux(source.streams.best("audio")):
        packets += 1
        try:
            for frame in packet.decode():
                assert isinstance(frame, av.AudioFrame)
                yield frame
        except InvalidDataError:
            damaged += 1
    if damaged > packets * DAMAGED_FRACTION:
        raise UnacceptableError("corrupt")


def _resampled(frames: Iterator[av.AudioFrame]) -> Iterator[av.AudioFrame]:
    """Yield 16-bit stereo frames at `RATE`, also when the source's format changes in the middle."""
    for _, same_format in groupby(frames, key=lambda frame: (frame.format.name, frame.layout.name, frame.sample_rate)):
        resampler = av.AudioResampler(format="s16", layout="stereo", rate=RATE)
        for frame in same_format:
            frame.pts = None
            yield from resampler.resample(frame)
        yield from resampler.resample(None)


def main() -> None:
    upload, song, min_seconds, max_seconds = sys.argv[1:]
    confine()
    try:
        outcome: dict[str, float | str] = {"seconds": decode(upload, song, float(min_seconds), float(max_seconds))}
    except UnacceptableError as error:
        outcome = {"code": str(error)}
    except FFmpegError as error:
        outcome = {"code": "storage_full" if error.errno == errno.ENOSPC else "corrupt"}
    print(json.dumps(outcome))  # noqa: T201 -- read by the parent


if __name__ == "__main__":
    main()
