"""Hostile uploads, made in code."""

import gzip
import io
import lzma
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import soundfile

from tests.audio import m4a, tone


def silence_of_a_day() -> bytes:
    """Return 24 hours of silence in a small FLAC file."""
    song = io.BytesIO()
    soundfile.write(song, np.zeros(24 * 3600 * 200, np.int16), 200, format="FLAC")
    return song.getvalue()


def with_cover(picture: bytes, kind: bytes = b"image/png") -> bytes:
    """Return an MP3 with a picture of any size in its ID3 tag."""
    frame = b"\0" + kind + b"\0\3\0" + picture
    apic = b"APIC" + _syncsafe(len(frame)) + b"\0\0" + frame
    return b"ID3\4\0\0" + _syncsafe(len(apic)) + apic + tone(2, form="MP3")


def png_bomb(side: int = 30_000) -> bytes:
    """Return a picture of `side` by `side` pixels that unpacks to gigabytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + 3 * side)) for _ in range(300)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def wav(*, rate: int = 8000, channels: int = 1, bits: int = 16, claimed: int | None = None, data: bytes) -> bytes:
    """Return a WAV file with an arbitrary header."""
    size = len(data) if claimed is None else claimed
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * frame & 0xFFFFFFFF, frame & 0xFFFF, bits)
    riff = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", min(len(riff), 0xFFFFFFFF)) + riff


def with_huge_sample_table(samples: int = 40_000_000) -> bytes:
    """Return an M4A whose header states so many samples that FFmpeg's index of them needs gigabytes."""
    content = bytearray(m4a())
    for box, offset, fields in (("stsz", 8, (1, samples)), ("stts", 12, (samples,)), ("stsc", 16, (samples,))):
        struct.pack_into(f">{len(fields)}I", content, content.index(box.encode()) + offset, *fields)
    return bytes(content)


def crowded(
    seconds: float = 250,
    rate: int = 655_350,
    channels: int = 8,
    stated_samples: int | None = None,
    level: int = 0,
) -> bytes:
    """Return a FLAC file with very many samples: 90 kB for 250 s. Its header may state another number.

    All samples of a block are `level` or, in every other block, `-level`.
    """
    block = 65_535
    frames = int(seconds * rate / block)
    samples = frames * block if stated_samples is None else stated_samples
    format_bits = rate << 44 | (channels - 1) << 41 | 15 << 36 | samples
    info = struct.pack(">HH", block, block) + bytes(6) + format_bits.to_bytes(8, "big") + bytes(16)
    return (
        b"fLaC\x80"
        + len(info).to_bytes(3, "big")
        + info
        + b"".join(_flac_frame(number, block, channels, level * (-1) ** number) for number in range(frames))
    )


def _flac_frame(number: int, block: int, channels: int, value: int) -> bytes:
    coded_number = chr(number).encode()  # FLAC's coding is that of UTF-8
    header = b"\xff\xf8" + bytes([0x70, (channels - 1) << 4 | 8]) + coded_number + struct.pack(">H", block - 1)
    constant = b"\0" + struct.pack(">h", value)
    frame = header + bytes([_crc(header, 0x07, 8)]) + channels * constant
    return frame + _crc(frame, 0x8005, 16).to_bytes(2, "big")


def _crc(content: bytes, polynomial: int, bits: int) -> int:
    value = 0
    for byte in content:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value = (value << 1 ^ (polynomial if value >> (bits - 1) else 0)) & ((1 << bits) - 1)
    return value


def with_external_data(address: str) -> bytes:
    """Return an M4A whose samples are, according to its header, at `address`."""
    reference = b"\0\0\0\0" + address.encode() + b"\0"
    return m4a().replace(b"\0\0\0\x0curl \0\0\0\1", struct.pack(">I", 8 + len(reference)) + b"url " + reference)


def playlists(address: str) -> dict[str, bytes]:
    """Return files that only contain the address of another file."""
    return {
        "m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{address}\n#EXT-X-ENDLIST\n".encode(),
        "pls": f"[playlist]\nFile1={address}\nNumberOfEntries=1\n".encode(),
        "ffconcat": f"ffconcat version 1.0\nfile {address}\n".encode(),
        "mpd": (
            '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
            f'<Representation id="1"><BaseURL>{address}</BaseURL></Representation></AdaptationSet></Period></MPD>'
        ).encode(),
        "sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nu={address}\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n".encode(),
        "asx": f'<asx version="3.0"><entry><ref href="{address}"/></entry></asx>'.encode(),
        "xspf": f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "{address}">]><playlist>&b;</playlist>'.encode(),
    }


def archives() -> dict[str, bytes]:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("song.wav", bytes(50_000_000))
    return {"zip": zipped.getvalue(), "gzip": gzip.compress(bytes(50_000_000)), "xz": lzma.compress(bytes(50_000_000))}


def polyglots() -> dict[str, bytes]:
    """Return MP3s that are also valid files of another type."""
    mp3 = tone(2, form="MP3")
    zipped = io.BytesIO(mp3)
    with zipfile.ZipFile(zipped, "a") as archive:
        archive.writestr("run.sh", "echo harm")
    return {
        "html": b"<html><script>alert(1)</script></html>" + mp3,
        "zip": zipped.getvalue(),
        "pdf": b"%PDF-1.7\n" + mp3,
    }


def damaged_ogg() -> bytes:
    content = bytearray(tone(3, form="OGG"))
    middle = content.index(b"OggS", len(content) // 2)
    content[middle + 4 : middle + 40] = b"\xff" * 36
    return bytes(content)


def _syncsafe(number: int) -> bytes:
    return bytes((number >> shift) & 0x7F for shift in (21, 14, 7, 0))


def canary(folder: Path) -> Path:
    """Write a file that no upload may make the gateway read: a song, so that the decoder could read it."""
    path = folder / "canary.wav"
    path.write_bytes(tone(2))
    return path
