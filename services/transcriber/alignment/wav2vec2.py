"""Word times from a wav2vec2 model, which locates letters more precisely than whisper.

Bain et al., "WhisperX: Time-Accurate Speech Transcription of Long-Form Audio", Interspeech 2023.
"""

import gc
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from pickle import UnpicklingError  # nosec B403 -- only torch's error; nothing is unpickled here
from typing import Any

import structlog

from services.transcriber.audio import Samples
from shared.audio import torchaudio_shim
from shared.lyrics.words import Word, join_words
from shared.weights import refused

torchaudio_shim.install()

from whisperx import alignment  # noqa: E402 -- importable only after the shim is installed

log = structlog.get_logger()


class _OneSentence:
    """Replacement for NLTK's sentence splitter, which would be downloaded and whose result is not used."""

    @staticmethod
    def span_tokenize(text: str) -> Iterable[tuple[int, int]]:
        return [(0, len(text))]


alignment.nltk_load = lambda _name: _OneSentence


class Wav2Vec2Aligner:
    name = "wav2vec2"

    def __init__(self, model: Any, metadata: dict[str, Any], device: str) -> None:  # noqa: ANN401 -- torch module
        self._model, self._metadata, self._device = model, metadata, device

    def align(self, words: Sequence[Word], samples: Samples, start: float, end: float) -> list[Word]:
        """Return the words with better times, between `start` and `end` seconds; the same object if none is found."""
        text = join_words((word, word.text) for word in words)
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
            # The model guesses the times of characters that its alphabet lacks, such as digits.
            guessed = not any(each["char"].lower() in self._metadata["dictionary"] for each in own)
            timed.append(replace(word, start=own[0]["start"], end=own[-1]["end"], estimated=guessed) if own else word)
        return timed


class Wav2Vec2Aligners:
    """Aligners by language. The `most` used last stay in memory, where each takes 0.4 to 4 GB.

    Failures are remembered, so that only the first song in a language waits for an unreachable hub.
    """

    def __init__(self, folder: Path | None, device: str, most: int) -> None:
        self._folder, self._device, self._most = folder, device, most
        self._aligners: dict[str, Wav2Vec2Aligner] = {}  # the one used last is the last
        self._failed: set[str] = set()

    def get(self, language: str) -> Wav2Vec2Aligner | None:
        """Return the aligner for an ISO 639-1 code, from `folder`/<code> or the model hub; None without a model."""
        if language in self._failed:
            return None
        aligner = self._aligners.pop(language, None) or self._load(language)
        if aligner:
            self._aligners[language] = aligner
        else:
            self._failed.add(language)
        return aligner

    def _load(self, language: str) -> Wav2Vec2Aligner | None:
        while len(self._aligners) >= self._most:
            del self._aligners[next(iter(self._aligners))]
        gc.collect()  # frees the deleted models before the next one is loaded
        local = self._folder / language if self._folder and (self._folder / language).is_dir() else None
        try:
            model, metadata = alignment.load_align_model(
                language, self._device, model_name=str(local) if local else None, model_cache_only=local is not None
            )
        except (OSError, ValueError, UnpicklingError) as error:
            reason = refused(error) if isinstance(error, UnpicklingError) else str(error)
            log.warning("no alignment model, using whisper's word times", language=language, reason=reason)
            return None
        return Wav2Vec2Aligner(model, metadata, self._device)
