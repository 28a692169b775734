"""Recognized words and samples for the tests."""

import numpy as np

from services.transcriber.audio import SAMPLE_HZ, Samples, Span
from shared.lyrics.words import Word


def sung_words(text: str, *, start: float = 0.0, each: float = 0.3, pause: float = 0.0) -> list[Word]:
    """Return the words, each of `each` seconds, with a `pause` between them."""
    return [
        Word(word, start + n * (each + pause), start + n * (each + pause) + each, 0.9)
        for n, word in enumerate(text.split())
    ]


def singing(*parts: Span, seconds: float = 20, level: float = 0.2) -> Samples:
    """Return a buzz at 200 Hz in these spans, and silence."""
    times = np.arange(int(seconds * SAMPLE_HZ)) / SAMPLE_HZ
    inside = sum(((times >= start) & (times < end)).astype(np.float32) for start, end in parts)
    buzz = sum(np.sin(2 * np.pi * 200 * harmonic * times) / harmonic for harmonic in range(1, 8))
    return np.asarray(level * inside * buzz, np.float32)
