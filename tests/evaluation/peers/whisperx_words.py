"""whisperx with its defaults, with the model given by the first argument. Prints one line with an answer for each file.

Without an alignment model it times only phrases, not words.
"""

import json
import sys
from time import perf_counter

import services.transcriber.engine  # noqa: F401 -- makes whisperx importable

from faster_whisper import decode_audio  # isort: skip
from whisperx import asr  # isort: skip


def main(model: str, files: list[str]) -> None:
    pipeline = asr.load_model(model, "cpu", compute_type="int8")
    for file in files:
        samples = decode_audio(file, sampling_rate=16_000)
        began = perf_counter()
        result = pipeline.transcribe(samples)
        words = [{"text": word} for part in result["segments"] for word in part["text"].split()]
        language, seconds = result["language"], perf_counter() - began
        print(json.dumps({"file": file, "words": words, "language": language, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
