"""A song of common length: the sample song, over and over."""

from pathlib import Path

import numpy as np
import soundfile

SAMPLE = Path(__file__).parents[1] / "tests" / "song" / "river_town.ogg"


def write_long_song(path: Path, seconds: float) -> None:
    """In the format that its suffix names."""
    sound, rate = soundfile.read(SAMPLE, dtype="float32")
    frames = round(seconds * rate)
    soundfile.write(path, np.tile(sound, (-(-frames // len(sound)), 1))[:frames], rate)
