"""Whether whisper heard something or made it up, as it does where nobody sings.

It then repeats itself, packs a minute's text into a second, or says a polite word that it hardly believes itself.
"""

from collections.abc import Sequence

from services.transcriber.lyrics import Word

# Whisper's own thresholds: https://github.com/openai/whisper/blob/main/whisper/transcribe.py
NO_SPEECH = 0.6
REPETITIVE = 2.4
# Mean word probability: whisper base was at 0.01 to 0.11 for single words on residue, at 0.75 for two sung phrases.
UNBELIEVED, DOUBTED = 0.2, 0.5
FASTEST_WORDS_PER_SECOND = 10.0


def invented(words: Sequence[Word], *, seconds: float, no_speech: float, compression: float) -> bool:
    """Judges a phrase that lasts `seconds`.

    `no_speech` is the probability (0 to 1) that whisper gives to silence, `compression` the gzip ratio of the text.
    """
    if not any(character.isalnum() for word in words for character in word.text):
        return True
    belief = sum(word.confidence for word in words) / len(words)
    return (
        belief < UNBELIEVED
        or len(words) > FASTEST_WORDS_PER_SECOND * max(seconds, 1.0)
        or (no_speech > NO_SPEECH and (belief < DOUBTED or compression > REPETITIVE))
    )
