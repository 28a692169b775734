"""The decoder's child process: `python -m services.gateway.media.decoder UPLOAD SONG MIN_SECONDS MAX_SECONDS`.

It prints `{"seconds": …}` with the fields of `shared.events.AudioFacts`, and `title` and `artist` if the upload names
them, or `{"code": …}` with a key of `services.gateway.media.decode.PROBLEMS`. It imports few modules, to start fast,
and is confined before it reads the upload.
"""

import errno
import json
import sys
from collections.abc import Iterator
from fractions import Fraction
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO, Final

import av
from av import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError

from services.gateway.media.formats import CODECS, open_audio
from services.gateway.media.levels import RATE, Mix, Mixer
from services.gateway.media.sandbox import confine
from services.gateway.media.timeline import TimedFrame, Timeline, TooLongError, TooManySamplesError, silent

BROADCAST: Final = frozenset({"mpeg", "mpegts"})
"""Formats whose clock starts at any time."""
UNTIMED: Final = frozenset({"aac", "ac3", "eac3", "mp3"})
"""Formats without timestamps. FFmpeg counts the packets."""
COUNTED: Final = UNTIMED | {"flac", "ogg"}
"""Formats whose timestamps count samples. A gap in them is a loss; in others it may be a pause."""

ID3: Final = b"ID3"
"""Start of a tag, which may be between joined MP3 files."""

MAX_LATE_SECONDS: Final = 60.0
"""A file whose clock starts later was cut out of a longer recording, and its song begins there."""
MAX_SAMPLES_PER_SECOND: Final = 2 * 192_000
"""Samples of all channels that the longest song may have on average: stereo at 192 kHz. Shorter songs may have more."""
MAX_LOST: Final = 0.25
MAX_LOST_OR_PAUSED: Final = 0.5
"""Shares of a song that may be missing inside it."""
MAX_PASSES: Final = 3
TAGS: Final = ("title", "artist")
MAX_TAG: Final = 300
"""Most characters of a tag; longer ones are cut off."""
OGG_PAGE_BYTES: Final = 65_307
"""Size of the largest page."""
OPUS_PRE_SKIP_SECONDS: Final = 0.08
"""The most that is usual. Opus files count samples that are not played."""


class UnacceptableError(Exception):
    """The file is refused. The message is the code."""


def decode(upload: BinaryIO, song: BinaryIO, min_seconds: float, max_seconds: float) -> dict[str, float | bool | str]:
    """Decode, and again if the whole song shows that another mix is right. Return the length and the facts."""
    mixers = [Mixer(Mix())]
    seconds, filled_seconds = _decode(upload, song, mixers[0], max_seconds)
    if seconds < min_seconds:
        raise UnacceptableError("too_short")
    while (mix := mixers[-1].better_mix()) != mixers[-1].mix and len(mixers) < MAX_PASSES:
        mixers.append(Mixer(mix))
        _decode(upload, song, mixers[-1], max_seconds)
    return {
        "seconds": seconds,
        "filled_seconds": round(filled_seconds, 3),
        "channels": 1 if mix.only_centre else mixers[0].channels,
        "gain_db": mix.gain_db,
        "clipped": mixers[0].is_clipped,
        **_tags(upload),
    }


def _tags(upload: BinaryIO) -> dict[str, str]:
    """Return title and artist of the file or, as in Ogg, of its sound, each on one line, if it has them."""
    with open_audio(upload) as source:
        found = {name.lower(): text for each in (_stream(source), source) for name, text in each.metadata.items()}
    return {name: text for name in TAGS if (text := _on_one_line(found.get(name, "")[:MAX_TAG]))}


def _on_one_line(text: str) -> str:
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def _decode(upload: BinaryIO, song: BinaryIO, mixer: Mixer, max_seconds: float) -> tuple[float, float]:
    """Write the song, as long as its mix does not clip. Return its length and that of the silence that was added."""
    song.seek(0)
    song.truncate()
    try:
        source = open_audio(upload)
    except MemoryError as error:
        raise UnacceptableError("undecodable") from error
    except FFmpegError as error:
        raise UnacceptableError("not_audio") from error
    with source, av.open(song, "w", format="flac") as target:
        if not source.streams.audio:
            raise UnacceptableError("not_audio")
        stream = _stream(source)
        if stream.codec_context.name not in CODECS.split(","):
            raise UnacceptableError("not_audio")
        flac = target.add_stream("flac", rate=RATE, layout="stereo", format="s16")
        stream.codec_context.thread_count = flac.codec_context.thread_count = 1  # a confined child starts no threads
        timeline = _timeline(source, max_seconds)
        if _stated_samples(source, max_seconds) > timeline.max_samples:
            raise TooManySamplesError
        samples = 0
        lossy = not stream.codec_context.codec.lossless
        for frame in mixer.mixed(timeline.continuous(_frames(source, upload)), lossy=lossy):
            samples += frame.samples
            if not mixer.clips:
                target.mux(flac.encode(frame))
        target.mux(flac.encode(None))
        max_lost = MAX_LOST if _names(source) & COUNTED else MAX_LOST_OR_PAUSED
        if timeline.lost_seconds + mixer.damaged_seconds > timeline.seconds * max_lost:
            raise UnacceptableError("corrupt")
    return samples / RATE, timeline.late_seconds + timeline.lost_seconds


def _stream(source: InputContainer) -> AudioStream:
    best = source.streams.best("audio")
    return best if isinstance(best, AudioStream) else source.streams.audio[0]


def _names(source: InputContainer) -> frozenset[str]:
    return frozenset(source.format.name.split(","))


def _timeline(source: InputContainer, max_seconds: float) -> Timeline:
    start = (source.start_time or 0) / av.time_base
    is_broadcast = bool(_names(source) & BROADCAST)
    zero = start if is_broadcast or start > MAX_LATE_SECONDS else 0
    return Timeline(zero, max_seconds, is_broadcast, max_samples=max_seconds * MAX_SAMPLES_PER_SECOND)


def _stated_samples(source: InputContainer, max_seconds: float) -> float:
    """Return the number of samples by the header. A longer song is decoded until it is too long: the header may lie."""
    stream = _stream(source)
    seconds = _seconds(stream.duration, stream.time_base) or (source.duration or 0) / av.time_base
    return min(seconds, max_seconds) * stream.rate * stream.channels


def _frames(source: InputContainer, upload: BinaryIO) -> Iterator[TimedFrame]:
    """Yield the decodable frames, up to where a truncated file ends, and an empty frame where damaged sound ends.

    Without timestamps, undecodable bytes stand for as many packets as they would contain on average.
    """
    is_untimed = bool(_names(source) & UNTIMED)
    packets = size = 0
    shift = damaged_until = 0.0
    last: AudioFrame | None = None
    for packet in source.demux(_stream(source)):
        try:
            decoded = packet.decode()
        except FFmpegError:
            seconds = _seconds(packet.duration, packet.time_base)
            if is_untimed and packets and not bytes(packet).startswith(ID3):
                shift += seconds * max(0, round(packet.size * packets / size) - 1)
            damaged_until = _seconds(packet.pts, packet.time_base) + seconds + shift
            continue
        packets += 1
        size += packet.size
        for frame in decoded:
            assert isinstance(frame, AudioFrame)
            last, damaged_until = frame, 0.0
            yield TimedFrame(frame, None if frame.pts is None else _seconds(frame.pts, frame.time_base) + shift)
    if last:
        yield TimedFrame(silent(last, 0), max(damaged_until, _stated_end(source, upload)))
    elif damaged_until:
        raise UnacceptableError("corrupt")


def _stated_end(source: InputContainer, upload: BinaryIO) -> float:
    """Return the end of an Ogg file in seconds by the header of its last page, which may be damaged; otherwise 0."""
    if source.format.name != "ogg" or len(source.streams) > 1:
        return 0
    upload.seek(-min(OGG_PAGE_BYTES, upload.seek(0, SEEK_END)), SEEK_END)
    _, found, page = upload.read().rpartition(b"OggS")
    if not found:
        return 0
    stream = _stream(source)
    pre_skip = OPUS_PRE_SKIP_SECONDS if stream.codec_context.name == "opus" else 0
    return _seconds(int.from_bytes(page[2:10], "little", signed=True), stream.time_base) - pre_skip


def _seconds(ticks: int | None, time_base: Fraction | None) -> float:
    return float((ticks or 0) * (time_base or 0))


def main() -> None:
    limits = [float(seconds) for seconds in sys.argv[3:]]
    try:
        with Path(sys.argv[1]).open("rb") as upload, Path(sys.argv[2]).open("wb") as song:
            confine()
            outcome = decode(upload, song, *limits)
    except UnacceptableError as error:
        outcome = {"code": str(error)}
    except TooLongError:
        outcome = {"code": "too_long"}
    except TooManySamplesError:
        outcome = {"code": "too_many_samples"}
    except OverflowError:
        outcome = {"code": "corrupt"}
    except MemoryError:
        outcome = {"code": "undecodable"}
    except (FFmpegError, OSError) as error:
        outcome = {"code": "storage_full" if error.errno == errno.ENOSPC else "corrupt"}
    print(json.dumps(outcome))  # noqa: T201 -- read by the parent


if __name__ == "__main__":
    main()
