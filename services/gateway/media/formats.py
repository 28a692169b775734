"""FFmpeg's parts that may read a file, and how it is opened."""

from errno import EINVAL
from os import SEEK_SET
from typing import BinaryIO, Final

import av
import av.subtitles.codeccontext
import av.subtitles.stream  # PyAV imports these late, when a child may open no more files
from av.container import InputContainer

FORMATS: Final = (
    "aac,ac3,aiff,amr,asf,au,avi,caf,dsf,eac3,flac,flv,matroska,mov,mp3,mpeg,mpegts,ogg,opus,tta,w64,wav,wv"
)
"""Demuxers: no playlists, images or other formats that refer to further files."""
CODECS: Final = (
    "aac,aac_latm,ac3,adpcm_ima_qt,adpcm_ima_wav,adpcm_ms,adpcm_swf,adpcm_yamaha,alac,amrnb,amrwb,dca,dsd_lsbf,"
    "dsd_lsbf_planar,dsd_msbf,dsd_msbf_planar,eac3,flac,g722,g726,g726le,gsm,gsm_ms,libopencore_amrnb,"
    "libopencore_amrwb,libopus,mace3,mace6,mlp,mp1,mp1float,mp2,mp2float,mp3,mp3float,nellymoser,opus,pcm_alaw,"
    "pcm_bluray,pcm_dvd,pcm_f16le,pcm_f24le,pcm_f32be,pcm_f32le,pcm_f64be,pcm_f64le,pcm_mulaw,pcm_s16be,"
    "pcm_s16be_planar,pcm_s16le,pcm_s16le_planar,pcm_s24be,pcm_s24le,pcm_s24le_planar,pcm_s32be,pcm_s32le,"
    "pcm_s32le_planar,pcm_s64be,pcm_s64le,pcm_s8,pcm_s8_planar,pcm_u16be,pcm_u16le,pcm_u24be,pcm_u24le,pcm_u32be,"
    "pcm_u32le,pcm_u8,s302m,speex,truehd,tta,vorbis,wavpack,wmalossless,wmapro,wmav1,wmav2,wmavoice"
)
"""Decoders: those of sound that the formats usually contain, and none of pictures."""


def open_audio(file: BinaryIO) -> InputContainer:
    """Open a file that may refer to no other. Raises FFmpegError, also for one of another format."""
    file.seek(0)
    options = {"format_whitelist": FORMATS, "codec_whitelist": CODECS, "protocol_whitelist": "none"}
    container = av.open(_Input(file), options=options, metadata_errors="replace")
    assert isinstance(container, InputContainer)
    return container


class _Input:
    """A file for FFmpeg. A damaged file makes FFmpeg seek to places that do not exist; PyAV would raise at these."""

    def __init__(self, file: BinaryIO) -> None:
        self.read = file.read
        self.tell = file.tell
        self._seek = file.seek

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        try:
            return self._seek(offset, whence)
        except OSError:
            return -EINVAL
