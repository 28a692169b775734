"""faster-whisper with its voice detection and word times; the first argument is the model.

Prints one line with an answer for each file.
"""

import json
import sys
from time import perf_counter

from faster_whisper import WhisperModel, decode_audio


def main(name: str, files: list[str]) -> None:
    model = WhisperModel(name, device="cpu", compute_type="int8")
    for file in files:
        samples = decode_audio(file, sampling_rate=16_000)
        began = perf_counter()
        segments, about = model.transcribe(samples, word_timestamps=True, vad_filter=True)
        words = [
            {"text": word.word.strip(), "start": word.start, "end": word.end}
            for segment in segments
            for word in segment.words or ()
        ]
        seconds = perf_counter() - began
        print(json.dumps({"file": file, "words": words, "language": about.language, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
