"""Word times by pocketsphinx, which includes an English model: forced alignment of a known text.

A word that its dictionary lacks gets a pronunciation by rules.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Final

import numpy as np
from pocketsphinx import Decoder, Segment

from services.transcriber.audio import SAMPLE_HZ, Samples, Span
from services.transcriber.text.g2p import pronounce
from services.transcriber.text.normalization import spoken_words
from shared.lyrics.words import Word
from shared.normal_forms import normalized

FRAMES_PER_SECOND = 100
LARGEST_SAMPLE = 32767
# Wide beams: the text is known, only its times are not.
BEAMS: Final = {"beam": 1e-80, "wbeam": 1e-60, "pbeam": 1e-80}
NON_WORD_PREFIXES: Final = ("<", "[", "+")  # names of segments that are silence or noise


class SphinxAligner:
    name = "pocketsphinx"

    def __init__(self) -> None:
        self._decoder = Decoder(lm=None, loglevel="FATAL", **BEAMS)

    def align(self, words: Sequence[Word], samples: Samples, start: float, end: float) -> list[Word]:
        """Return the words with better times, between `start` and `end` seconds; the same object if none is found."""
        spans = self._spans([word.text for word in words], samples[int(start * SAMPLE_HZ) : int(end * SAMPLE_HZ)])
        return [
            replace(word, start=start + span[0], end=start + span[1], estimated=False) if span else word
            for word, span in zip(words, spans, strict=True)
        ]

    def _spans(self, words: Sequence[str], samples: Samples) -> list[Span | None]:
        """Return None for a word without sounds, and for all words if the alignment fails."""
        pieces = [[piece for piece in _ascii_words(word) if self._is_known(piece)] for word in words]
        segments = self._decode(" ".join(piece for word in pieces for piece in word), samples)
        if len(segments) != sum(map(len, pieces)):
            return [None] * len(words)
        rest = iter(segments)
        return [_span([next(rest) for _ in word]) for word in pieces]

    def _decode(self, text: str, samples: Samples) -> list[Segment]:
        if not text:
            return []
        self._decoder.set_align_text(text)
        self._decoder.start_utt()
        whole = np.clip(samples, -1, 1) * LARGEST_SAMPLE
        self._decoder.process_raw(whole.astype("<i2").tobytes(), full_utt=True)
        self._decoder.end_utt()
        return [segment for segment in self._decoder.seg() or () if not segment.word.startswith(NON_WORD_PREFIXES)]

    def _is_known(self, word: str) -> bool:
        """Look up the word; add its pronunciation by rules if the dictionary lacks it."""
        if self._decoder.lookup_word(word) is None and (phones := pronounce(word)):
            self._decoder.add_word(word, phones)
        return self._decoder.lookup_word(word) is not None


@cache
def sphinx_aligner() -> SphinxAligner:
    return SphinxAligner()


def _ascii_words(word: str) -> Iterator[str]:
    for piece in spoken_words(word, "en"):
        yield "".join(each for each in normalized("NFKD", piece) if each.isascii())


def _span(segments: Sequence[Segment]) -> Span | None:
    if not segments:
        return None
    # `end_frame` is the last frame of the word itself.
    return segments[0].start_frame / FRAMES_PER_SECOND, (segments[-1].end_frame + 1) / FRAMES_PER_SECOND
