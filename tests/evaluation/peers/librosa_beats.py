"""librosa's beat tracker with its defaults. Prints one line with an answer for each file."""

import json
import sys
from time import perf_counter

import librosa
import numpy as np


def main(files: list[str]) -> None:
    librosa.beat.beat_track(
        y=librosa.clicks(times=np.arange(0, 8, 0.5), length=8 * 22_050)
    )  # runs the just-in-time compiler
    for file in files:
        samples, rate = librosa.load(file)
        began = perf_counter()
        tempo, beats = librosa.beat.beat_track(y=samples, sr=rate, units="time")
        print(
            json.dumps(
                {
                    "file": file,
                    "tempo_bpm": float(np.ravel(tempo)[0]) or None,
                    "beats": [{"time": float(time), "position": 0} for time in beats],
                    "seconds": perf_counter() - began,
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
