"""Small audio files made in code."""

import io

import av
import numpy as np
import soundfile


def tone(seconds: float, rate: int = 44_100, channels: int = 2, form: str = "WAV", **tags: str) -> bytes:
    """Return a sine tone of 440 Hz as a file of the format `form`, with tags such as `title`."""
    wave = 0.3 * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", rate, channels, format=form) as target:
        for name, text in tags.items():
            setattr(target, name, text)
        target.write(np.column_stack([wave] * channels))
    return file.getvalue()


def m4a() -> bytes:
    """Return two seconds of silence as AAC in an MP4 container."""
    song = io.BytesIO()
    with av.open(song, "w", format="ipod") as target:
        aac = target.add_stream("aac", rate=44_100, layout="mono")
        for _ in range(90):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate = 44_100
            target.mux(aac.encode(frame))
        target.mux(aac.encode(None))
    return song.getvalue()
