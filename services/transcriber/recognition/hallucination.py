"""Detection of hallucinations: text that whisper invents where nobody sings.

Typical are repetitions, many words in a short time, and a polite phrase with a low probability.
"""

import re
import zlib
from collections.abc import Sequence
from math import prod
from typing import Final

from services.transcriber.audio import FRAME_SECONDS, FrameMask
from shared.lyrics.words import Word

# Whisper's own thresholds: https://github.com/openai/whisper/blob/main/whisper/transcribe.py
MAX_NO_SPEECH = 0.6
MAX_COMPRESSION_RATIO = 2.4
# Mean word probability. Whisper base gave 0.01 to 0.11 to single words on residue, and 0.75 to two sung phrases.
MIN_CONFIDENCE, MIN_CONFIDENCE_IF_UNCERTAIN = 0.2, 0.5
MIN_PROBABILITY = 1e-3  # keeps the geometric mean above 0
MAX_WORDS_PER_SECOND = 10.0
MIN_COPIES = 4
"""A phrase of up to `MAX_PHRASE_WORDS` words that occurs this often in a row is a loop or a refrain."""
MAX_PHRASE_WORDS = 8
MIN_COPIES_IN_WORD = 10
"""A word with this many copies of one to four characters stands for a sound: whisper wrote up to 200 of them for choirs
and synthesizers."""
SOUND: Final = re.compile(rf"(.{{1,4}}?)\1{{{MIN_COPIES_IN_WORD - 1},}}")
MIN_VOICED_SHARE = 0.7
"""At least this share of a refrain's words is voiced. The words of a loop have no length or fall into rests."""
MIN_VOICED_WORD_SECONDS = 0.06


def is_hallucination(
    words: Sequence[Word], *, seconds: float, no_speech: float, compression: float, uncertain: bool = False
) -> bool:
    """Return true for a phrase that whisper probably invented.

    `seconds` is the phrase's length, `no_speech` whisper's probability (0 to 1) of silence, and `compression` the
    compression ratio of the text. `uncertain` means that the voice detector found no voice there.
    """
    if not any(character.isalnum() for word in words for character in word.text):
        return True
    confidence = sum(word.confidence for word in words) / len(words)
    # In `Thank you very much`, half of the words are likely in themselves; the phrase as a whole is not.
    geometric_mean = prod(max(word.confidence, MIN_PROBABILITY) for word in words) ** (1 / len(words))
    return (
        confidence < (MIN_CONFIDENCE_IF_UNCERTAIN if uncertain else MIN_CONFIDENCE)
        or len(words) > MAX_WORDS_PER_SECOND * max(seconds, 1.0)
        or (
            no_speech > MAX_NO_SPEECH
            and (geometric_mean < MIN_CONFIDENCE_IF_UNCERTAIN or compression > MAX_COMPRESSION_RATIO)
        )
    )


def is_repetition_loop(words: Sequence[Word], loud: FrameMask, *, uncertain: bool = False) -> bool:
    """Return true if the words of a segment repeat themselves but the vocals are not loud that often.

    Where it is `uncertain` that somebody sings, every repetition is a loop.
    """
    first, last = longest_repetition([word.text.casefold().strip(".,!?") for word in words])
    run = words[first:last] or (words if compression_ratio(words) > MAX_COMPRESSION_RATIO else [])
    return bool(run) and (uncertain or sum(_is_voiced(word, loud) for word in run) < MIN_VOICED_SHARE * len(run))


def is_sound(text: str) -> bool:
    """Return true for a "word" like `Hmmmmmmmmmmmm`, which nobody sang as a word."""
    return SOUND.search(text.casefold()) is not None


def compression_ratio(words: Sequence[Word]) -> float:
    """Return the size of the text divided by its compressed size, as whisper computes it for its phrases."""
    text = " ".join(word.text for word in words).encode()
    return len(text) / len(zlib.compress(text))


def longest_repetition(texts: Sequence[str]) -> tuple[int, int]:
    """Return start and end index of the longest run of at least `MIN_COPIES` copies of a phrase, or (0, 0)."""
    best = (0, 0)
    for size in range(1, MAX_PHRASE_WORDS + 1):
        start = 0
        for index in range(size, len(texts) + 1):
            if index == len(texts) or texts[index] != texts[index - size]:
                if index - start >= MIN_COPIES * size and index - start > best[1] - best[0]:
                    best = start, index
                start = index - size + 1
    return best


def _is_voiced(word: Word, loud: FrameMask) -> bool:
    """Return true if the word has a length and the vocals are loud in at least half of it."""
    frames = loud[int(word.start / FRAME_SECONDS) : int(word.end / FRAME_SECONDS) + 1]
    return word.end - word.start >= MIN_VOICED_WORD_SECONDS and len(frames) > 0 and bool(frames.mean() >= 0.5)  # noqa: PLR2004 -- half
