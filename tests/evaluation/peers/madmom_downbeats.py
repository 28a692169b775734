"""madmom's downbeat tracker (Böck, Krebs and Widmer, ISMIR 2016) for bar lengths such as "3,4", the first argument.

Prints one line with an answer for each file. Runs in a separate environment: its models are for non-commercial use.
"""

import json
import sys
from itertools import pairwise
from statistics import median
from time import perf_counter

from madmom.features.downbeats import DBNDownBeatTrackingProcessor, RNNDownBeatProcessor


def main(bars: str, files: list[str]) -> None:
    network = RNNDownBeatProcessor()
    decoder = DBNDownBeatTrackingProcessor(beats_per_bar=[int(beats) for beats in bars.split(",")], fps=100)
    for file in files:
        began = perf_counter()
        found = [(float(time), int(position)) for time, position in decoder(network(file))]
        seconds = perf_counter() - began
        gaps = [after - before for (before, _), (after, _) in pairwise(found)]
        print(
            json.dumps(
                {
                    "file": file,
                    "tempo_bpm": 60 / median(gaps) if gaps else None,
                    "time_signature": f"{max(position for _, position in found)}/4" if found else None,
                    "beats": [{"time": time, "position": position} for time, position in found],
                    "seconds": seconds,
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
