"""Word times from a wav2vec2 model, which hears where letters begin better than whisper does.

Bain et al., "WhisperX: Time-Accurate Speech Transcription of Long-Form Audio", Interspeech 2023.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from services.transcriber.text.lyrics import Word, joined
from shared.audio import torchaudio_shim

torchaudio_shim.install()

from whisperx import alignment  # noqa: E402 -- the line above makes it importable

log = structlog.get_logger()


class _OneSentence:
    """In place of NLTK's sentence splitter, which would be downloaded: where lines end is decided elsewhere."""

    @staticmethod
    def span_tokenize(text: str) -> Iterable[tuple[int, int]]:
        return [(0, len(text))]


alignment.nltk_load = lambda _name: _OneSentence


class Aligner:
    name = "wav2vec2"

    def __init__(self, model: Any, metadata: dict[str, Any], device: str) -> None:  # noqa: ANN401 -- torch module
        self._model, self._metadata, self._device = model, metadata, device

    def aligned(self, words: Sequence[Word], samples: NDArray[np.float32], start: float, end: float) -> list[Word]:
        """The words, sung between `start` and `end` seconds of `samples` (16 kHz), with better times where found."""
        text = joined((word, word.text) for word in words)
        transcript = [{"text": text, "start": start, "end": end}]
        result = alignment.align(
            transcript, self._model, self._metadata, samples, self._device, return_char_alignments=True
        )
        characters = result["segments"][0]["chars"]
        return self._timed(words, text, characters) if characters else list(words)

    def _timed(self, words: Sequence[Word], text: str, characters: Sequence[dict[str, Any]]) -> list[Word]:
        timed, position = [], 0
        for word in words:
            position = text.index(word.text, position)
            own = [each for each in characters[position : position + len(word.text)] if "start" in each]
            position += len(word.text)
            # The model guesses at what its alphabet does not have, such as digits.
            guessed = not any(each["char"].lower() in self._metadata["dictionary"] for each in own)
            timed.append(replace(word, start=own[0]["start"], end=own[-1]["end"], estimated=guessed) if own else word)
        return timed


@cache
def aligner(language: str, folder: Path | None, device: str) -> Aligner | None:
    """For an ISO 639-1 code, from `folder`/<code> or else the model hub; None where there is no model.

    A failure is remembered, so that only the first song in a language waits for a hub that is away.
    """
    local = folder / language if folder and (folder / language).is_dir() else None
    try:
        model, metadata = alignment.load_align_model(
            language, device, model_name=str(local) if local else None, model_cache_only=local is not None
        )
    except (OSError, ValueError) as error:
        log.warning("no alignment model, whisper's own word times are used", language=language, reason=str(error))
        return None
    return Aligner(model, metadata, device)
