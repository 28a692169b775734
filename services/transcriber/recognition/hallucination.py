"""Whether whisper heard something or made it up, as it does where nobody sings.

It then repeats itself, packs a minute's text into a second, or says a polite word that it hardly believes itself.
"""

import zlib
from collections.abc import Sequence
from math import prod

from services.transcriber.recognition.vad_fallback import FRAME_SECONDS, Mask
from services.transcriber.text.lyrics import Word

# Whisper's own thresholds: https://github.com/openai/whisper/blob/main/whisper/transcribe.py
NO_SPEECH = 0.6
REPETITIVE = 2.4
# Mean word probability: whisper base was at 0.01 to 0.11 for single words on residue, at 0.75 for two sung phrases.
UNBELIEVED, DOUBTED = 0.2, 0.5
LEAST = 1e-3  # probability, for a mean of logarithms
FASTEST_WORDS_PER_SECOND = 10.0
COPIES = 4
"""As often as that in a row a phrase of up to `LONGEST_REFRAIN` words is repeated by a loop, or by a refrain."""
LONGEST_REFRAIN = 8
SUNG = 0.7
"""The share of a refrain's words that are heard for some time; a loop's are packed together or fall into rests."""
SHORTEST_SUNG_SECONDS = 0.06


def invented(
    words: Sequence[Word], *, seconds: float, no_speech: float, compression: float, doubtful: bool = False
) -> bool:
    """Judges a phrase that lasts `seconds`; a `doubtful` one is where no voice was detected.

    `no_speech` is the probability (0 to 1) that whisper gives to silence, `compression` the gzip ratio of the text.
    """
    if not any(character.isalnum() for word in words for character in word.text):
        return True
    belief = sum(word.confidence for word in words) / len(words)
    # Of `Thank you very much`, half the words are likely in themselves: as a whole it is not.
    joint = prod(max(word.confidence, LEAST) for word in words) ** (1 / len(words))
    return (
        belief < (DOUBTED if doubtful else UNBELIEVED)
        or len(words) > FASTEST_WORDS_PER_SECOND * max(seconds, 1.0)
        or (no_speech > NO_SPEECH and (joint < DOUBTED or compression > REPETITIVE))
    )


def looping(words: Sequence[Word], loud: Mask) -> bool:
    """Whether a clip's words repeat themselves without being sung that often; `loud` as `voice.sounding` has it."""
    first, last = longest_run([word.text.casefold().strip(".,!?") for word in words])
    run = words[first:last] or (words if compression(words) > REPETITIVE else [])
    return bool(run) and sum(is_sung(word, loud) for word in run) < SUNG * len(run)


def is_sung(word: Word, loud: Mask) -> bool:
    """Whether the vocals are loud for half of the word's time, and that is more than nothing."""
    frames = loud[int(word.start / FRAME_SECONDS) : int(word.end / FRAME_SECONDS) + 1]
    return word.end - word.start >= SHORTEST_SUNG_SECONDS and len(frames) > 0 and bool(frames.mean() >= 0.5)  # noqa: PLR2004 -- half


def compression(words: Sequence[Word]) -> float:
    """How much smaller gzip makes the text, as whisper itself judges its phrases."""
    text = " ".join(word.text for word in words).encode()
    return len(text) / len(zlib.compress(text))


def longest_run(forms: Sequence[str]) -> tuple[int, int]:
    """From where to where the longest row of at least `COPIES` copies of one phrase goes; (0, 0) without one."""
    best = (0, 0)
    for size in range(1, LONGEST_REFRAIN + 1):
        start = 0
        for index in range(size, len(forms) + 1):
            if index == len(forms) or forms[index] != forms[index - size]:
                if index - start >= COPIES * size and index - start > best[1] - best[0]:
                    best = start, index
                start = index - size + 1
    return best
