"""Audio files to upload."""

import io
import wave
from pathlib import Path

import numpy as np
import soundfile

SAMPLE = Path(__file__).parents[1] / "tests" / "song" / "river_town.ogg"


def write_sample(path: Path, seconds: float) -> Path:
    """Write the sample song, cut or repeated to this length, in the format of the path's suffix. Return the path."""
    sound, rate = soundfile.read(SAMPLE, dtype="float32")
    frames = round(seconds * rate)
    soundfile.write(path, np.tile(sound, (-(-frames // len(sound)), 1))[:frames], rate)
    return path


def silence(seconds: float, hz: int = 44_100) -> bytes:
    """Return a WAV file: 16 bit, mono."""
    with io.BytesIO() as file:
        with wave.open(file, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(hz)
            sound.writeframes(bytes(2 * int(seconds * hz)))
        return file.getvalue()
