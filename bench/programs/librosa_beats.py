"""Script that finds the beats of a song with librosa: `python -m bench.programs.librosa_beats SONG`."""

import json
import sys

import librosa
import numpy as np

if __name__ == "__main__":
    samples, rate = librosa.load(sys.argv[1])
    tempo, beats = librosa.beat.beat_track(y=samples, sr=rate, units="time")
    print(json.dumps({"tempo_bpm": np.ravel(tempo).tolist(), "beats": beats.tolist()}))
