"""Compose the sample song: the mix, its four stems, and truth.json with its words, beats and tempo.

The song, its words and its tune are this project's own; the same machine composes the same samples again.
It needs flite (`apt-get install flite`) and the `song` extra (`pip install -e '.[song]'`).
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # makes the package importable when run as a script
try:
    import numpy as np
    import soundfile

    from tests.song import arrangement, score
    from tests.song.instruments import RATE, Samples
    from tests.song.voice import Sung, sing
except ImportError as missing:
    sys.exit(f"{missing}. To compose: pip install -e '.[song]'")

NAME = score.TITLE.lower().replace(" ", "_")
LEVELS = {"vocals": 1.1, "drums": 0.8, "bass": 0.63, "other": 0.64}
LOUDNESS = 0.75  # gain that brings the mix to -14 LUFS
CEILING = 0.84  # of full scale: a lossy decoder overshoots
# libsndfile's Vorbis quality, 0..1: vocals are a reference, so their coding error must be far below a separator's.
QUALITY = {"mix": 0.3, "vocals": 0.3, "drums": 0.0, "bass": 0.0, "other": 0.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder (default: the script's own)")
    parser.add_argument("--lossless", action="store_true", help="write WAV, which adds up exactly, not Ogg Vorbis")
    arguments = parser.parse_args()
    if not shutil.which("flite"):
        sys.exit("flite is missing. To compose: apt-get install flite")
    arguments.out.mkdir(parents=True, exist_ok=True)

    lead = [sing(line) for line in score.LINES]
    harmony = [sing(line) for line in score.HARMONY]
    stems = master(
        {
            "vocals": arrangement.vocals(lead, harmony),
            "drums": arrangement.drums(),
            "bass": arrangement.bass(),
            "other": arrangement.other(),
        }
    )
    for part, samples in {"mix": sum_of(stems), **stems}.items():
        write(arguments.out, part, samples, lossless=arguments.lossless)
    (arguments.out / "truth.json").write_text(json.dumps(truth(lead), indent=1) + "\n")


def sum_of(stems: dict[str, Samples]) -> Samples:
    return np.asarray(np.sum(list(stems.values()), axis=0))


def master(stems: dict[str, Samples]) -> dict[str, Samples]:
    """Limit the mix by one gain for all stems, so that they still add up to the mix, and fade both ends."""
    stems = {name: LOUDNESS * LEVELS[name] * samples for name, samples in stems.items()}
    mix = sum_of(stems)
    window = int(0.005 * RATE)
    peak = np.lib.stride_tricks.sliding_window_view(np.pad(np.abs(mix).max(1), window), 2 * window + 1).max(1)
    smooth = np.hanning(window)
    gain = np.convolve(np.pad(np.minimum(1, CEILING / peak), window, mode="edge"), smooth / smooth.sum(), "same")
    gain = gain[window:-window]
    fade = int(RATE * score.RING / 2)
    gain[-fade:] *= np.cos(np.linspace(0, np.pi / 2, fade)) ** 2
    return {name: samples * gain[:, None] for name, samples in stems.items()}


def write(folder: Path, part: str, samples: Samples, *, lossless: bool) -> None:
    name = NAME if part == "mix" else f"{NAME}_{part}"
    if lossless:
        soundfile.write(folder / f"{name}.wav", samples, RATE, subtype="FLOAT")
        return
    coarseness = 1 - QUALITY[part]
    with soundfile.SoundFile(folder / f"{name}.ogg", "w", RATE, 2, "VORBIS", compression_level=coarseness) as file:
        for start in range(0, len(samples), RATE):  # libsndfile overflows its stack on one long Vorbis write
            file.write(samples[start : start + RATE])


def truth(lead: list[Sung]) -> dict[str, object]:
    """Return the truth, with times in seconds. A word begins with its first consonant; its vowel is on the beat."""
    beats = [round(score.seconds(beat), 3) for beat in range(score.ENDING_BAR * score.BEATS_PER_BAR + 1)]
    return {
        "file": f"{NAME}.ogg",
        "title": score.TITLE,
        "tempo_bpm": score.TEMPO_BPM,
        "time_signature": f"{score.BEATS_PER_BAR}/4",
        "duration": round(score.DURATION, 3),
        "beats": beats,
        "downbeats": beats[:: score.BEATS_PER_BAR],
        "lines": [
            {
                "text": line.text,
                "start": round(sung.words[0].start, 3),
                "end": round(sung.words[-1].end, 3),
                "words": [
                    {"word": word.text, "start": round(word.start, 3), "end": round(word.end, 3)} for word in sung.words
                ],
            }
            for line, sung in zip(score.LINES, lead, strict=True)
        ],
    }


if __name__ == "__main__":
    main()
