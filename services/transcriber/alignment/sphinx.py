"""Word times by pocketsphinx, whose English model comes with it: where the sounds of a known text begin.

A word that its dictionary lacks is given the sounds that its letters are likely to stand for.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pocketsphinx import Decoder, Segment

from services.transcriber.text.g2p import sounds
from services.transcriber.text.lyrics import Word
from services.transcriber.text.normalization import spoken
from services.transcriber.text.phrasing import Span

SAMPLE_HZ = 16_000
FRAMES_PER_SECOND = 100
LARGEST_SAMPLE = 32767
# Wide: the text is known, only its times are not.
BEAMS: Final = {"beam": 1e-80, "wbeam": 1e-60, "pbeam": 1e-80}
SILENCES: Final = ("<", "[", "+")  # what begins the names of what is no word


class Sphinx:
    name = "pocketsphinx"

    def __init__(self) -> None:
        self._decoder = Decoder(lm=None, loglevel="FATAL", **BEAMS)

    def aligned(self, words: Sequence[Word], samples: NDArray[np.float32], start: float, end: float) -> list[Word]:
        """The words, sung between `start` and `end` seconds of `samples` (16 kHz), with better times where found."""
        spans = self._spans([word.text for word in words], samples[int(start * SAMPLE_HZ) : int(end * SAMPLE_HZ)])
        return [
            replace(word, start=start + span[0], end=start + span[1], estimated=False) if span else word
            for word, span in zip(words, spans, strict=True)
        ]

    def _spans(self, words: Sequence[str], samples: NDArray[np.float32]) -> list[Span | None]:
        """None for a word without sounds, and for all where the text cannot be fitted to the samples."""
        pieces = [[piece for piece in _spelled(word) if self._knows(piece)] for word in words]
        segments = self._forced(" ".join(piece for word in pieces for piece in word), samples)
        if len(segments) != sum(map(len, pieces)):
            return [None] * len(words)
        rest = iter(segments)
        return [_span([next(rest) for _ in word]) for word in pieces]

    def _forced(self, text: str, samples: NDArray[np.float32]) -> list[Segment]:
        if not text:
            return []
        self._decoder.set_align_text(text)
        self._decoder.start_utt()
        whole = np.clip(samples, -1, 1) * LARGEST_SAMPLE
        self._decoder.process_raw(whole.astype("<i2").tobytes(), full_utt=True)
        self._decoder.end_utt()
        return [segment for segment in self._decoder.seg() or () if not segment.word.startswith(SILENCES)]

    def _knows(self, word: str) -> bool:
        if self._decoder.lookup_word(word) is None and (phones := sounds(word)):
            self._decoder.add_word(word, phones)
        return self._decoder.lookup_word(word) is not None


@cache
def sphinx() -> Sphinx:
    return Sphinx()


def _spelled(word: str) -> Iterator[str]:
    for piece in spoken(word, "en"):
        yield "".join(each for each in unicodedata.normalize("NFKD", piece) if each.isascii())


def _span(segments: Sequence[Segment]) -> Span | None:
    """`end_frame` is the last of the word's own."""
    if not segments:
        return None
    return segments[0].start_frame / FRAMES_PER_SECOND, (segments[-1].end_frame + 1) / FRAMES_PER_SECOND
