"""essentia's RhythmExtractor2013 and KeyExtractor. Prints one line with an answer for each file.

Runs in a separate environment: essentia has the AGPL license and is only used for comparison.
"""

import json
import sys
from time import perf_counter

from essentia import standard

MOST_CONFIDENT = 5.32


def main(files: list[str]) -> None:
    extractor, key_of = standard.RhythmExtractor2013(method="multifeature"), standard.KeyExtractor()
    for file in files:
        samples = standard.MonoLoader(filename=file)()
        began = perf_counter()
        tempo, beats, confidence, _, _ = extractor(samples)
        tonic, mode, _ = key_of(samples)
        print(
            json.dumps(
                {
                    "file": file,
                    "tempo_bpm": float(tempo) or None,
                    "confidence": float(confidence) / MOST_CONFIDENT,
                    "beats": [{"time": float(time), "position": 0} for time in beats],
                    "key": f"{tonic} {mode}",
                    "seconds": perf_counter() - began,
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
