"""The sample song, cut or played over and over to the length that is wanted."""

from pathlib import Path

import numpy as np
import soundfile

SAMPLE = Path(__file__).parents[1] / "tests" / "song" / "river_town.ogg"


def write_sample(path: Path, seconds: float) -> Path:
    """In the format that the path's suffix names. Returns the path."""
    sound, rate = soundfile.read(SAMPLE, dtype="float32")
    frames = round(seconds * rate)
    soundfile.write(path, np.tile(sound, (-(-frames // len(sound)), 1))[:frames], rate)
    return path
