"""Recognition of the words in the segments where somebody sings, by whisper."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain, groupby
from typing import Final, TypeVar

import numpy as np
import structlog

from services.transcriber.audio import Samples, loud_frames, uncovered
from services.transcriber.recognition.hallucination import is_hallucination, is_repetition_loop, is_sound
from services.transcriber.recognition.language import (
    NOBODY_SINGS,
    PIECE_SECONDS,
    Probabilities,
    by_language,
    clarity,
    clear_language,
    main_language,
    pieces,
)
from services.transcriber.recognition.rover import combine_phrases
from services.transcriber.recognition.segments import Segment
from services.transcriber.text.tokens import split_characters
from shared.audio import torchaudio_shim
from shared.errors import TransientError
from shared.lyrics.words import Word

torchaudio_shim.install()

from faster_whisper import BatchedInferencePipeline, WhisperModel  # noqa: E402 -- importable only after the shim is installed
from faster_whisper import transcribe as whisper  # noqa: E402 -- as above
from faster_whisper.audio import pad_or_trim  # noqa: E402 -- as above

log = structlog.get_logger()

MUSIC_LEVELS: Final = (1 / 2, 1 / 3, 1.0)
"""Level of the music in each mix; 1 is the original song. The first mix decides phrases and times.

Separation removes parts of the voice together with the music. That harms whisper more than music does, once it is known
where somebody sings. The best level differs from song to song, so whisper hears doubtful segments in several mixes,
which vote.
"""
MIN_CONFIDENCE: Final = 0.7
"""Mean confidence of a segment's words below which they are doubtful."""
FIRST_MIX: Final = 0.7
"""Progress after the first mix."""
GPU_BATCH: Final = 4
"""Segments that a GPU recognizes at once. Processors recognize one segment per thread, which takes less time than one
segment with all threads after another, or than a batch."""
MAX_TOKENS: Final = 224
"""Tokens in a segment, whisper's own limit: half its context. More are a repetition loop."""
REPETITION_PENALTY = 1.2
"""Whisper's penalty for a second pass over a repetition loop; 1 is none."""

Phrase = list[Word]
Item = TypeVar("Item")
Result = TypeVar("Result")

AfterBatch = Callable[[Mapping[Segment, list[Phrase]]], None]
"""Gets the phrases of the segments that were recognized."""
Found = Callable[[Sequence[Phrase], str | None], None]
"""Gets phrases and their language, an ISO 639-1 code."""


def ignore(_phrases: Sequence[Phrase], _language: str | None) -> None:
    """Do nothing with the phrases that were found."""


@dataclass(frozen=True)
class Recognition:
    """Phrases of each segment that has any, in order of time, and the language with its probability (0 to 1)."""

    phrases: dict[Segment, list[Phrase]] = field(default_factory=dict)
    language: str | None = None
    language_probability: float | None = None


class Recognizer:
    def __init__(self, model: WhisperModel, vocals: Samples, music: Samples | None = None, *, threads: int = 1) -> None:
        """Take the vocals and, if available, the song without its vocals (`music`).

        `threads` segments are recognized at the same time, so the model should have as many workers.
        """
        self._model = model
        self._mixes = _mixes(vocals, music)
        self._loud = loud_frames(vocals)
        self._on_gpu = model.model.device == "cuda"
        self._threads = 1 if self._on_gpu else threads

    def recognize(
        self,
        segments: Sequence[Segment],
        language: str | None,
        report: Callable[[float], None],
        found: Found = ignore,
    ) -> Recognition:
        """Recognize words in `language`, or in the languages that are sung; none if no language is likely.

        Segments with doubtful words are recognized in every mix, and the mixes vote for each word. Whisper may stop in
        the middle of a segment: a voiced span that stays without words is recognized once more. So the work for each
        segment is bounded: it is recognized at most four times.

        `found` is called after each batch of segments with the phrases of those that are not doubtful, and their
        language. They are final.
        """
        if not segments:
            return Recognition()
        phrases: dict[Segment, list[Phrase]] = {}

        def after_batch(batch: Mapping[Segment, list[Phrase]]) -> None:
            phrases.update(batch)
            certain = [phrase for each in batch.items() if self._is_certain(*each) for phrase in each[1]]
            if certain:
                found(certain, next(iter(batch)).language)
            report(FIRST_MIX * len(phrases) / max(len(phrases), len(segments)))

        probability = None
        if language:
            segments = [replace(segment, language=language) for segment in segments]
        else:
            sung: dict[Segment, Probabilities] = {}
            for languages, recognized in self._map(self._begin, segments):
                sung |= languages
                after_batch(recognized)
            language, probability = main_language(sung)
            if not phrases and clarity(sung) < NOBODY_SINGS:
                log.info("no language is likely", language=language, probability=round(probability, 2))
                return Recognition()
            segments = by_language(segments, sung, language)
        self._recognize(self._mixes[0], [segment for segment in segments if segment not in phrases], after_batch)
        loops = [segment for segment in segments if self._is_loop(segment, phrases[segment])]
        doubtful = [segment for segment in segments if _confidence(phrases[segment]) < MIN_CONFIDENCE]
        phrases |= self._vote(phrases, [each for each in doubtful if not each.uncertain and each not in loops])
        phrases |= self._recognize_halves(loops)
        phrases |= self._recognize_gaps(phrases)
        present = {segment: found for segment, found in phrases.items() if found}
        ordered = dict(sorted(present.items(), key=lambda item: item[1][0][0].start))
        return Recognition(ordered, language, probability) if ordered else Recognition()

    def _begin(self, segment: Segment) -> tuple[dict[Segment, Probabilities], dict[Segment, list[Phrase]]]:
        """Return the languages of each piece, and the phrases already if one language is clear in all of them.

        So the first lines are known early. A GPU is fast enough to detect all languages before.
        """
        sung = {piece: self._classify(piece) for piece in pieces(segment)}
        language = clear_language(sung.values())
        if self._on_gpu or not language:
            return sung, {}
        whole = replace(segment.part(segment.start, segment.end), language=language)
        return sung, self._recognize_batch(self._mixes[0], [whole])

    def _classify(self, piece: Segment) -> Probabilities:
        if not self._model.model.is_multilingual:
            return {"en": 1.0}
        features = self._model.feature_extractor(piece.cut(self._mixes[0]))
        # In a fraction of a second of noise, whisper is certain of some language. It halves the number of frames.
        frames = max(round(PIECE_SECONDS * self._model.frames_per_second), features.shape[-1] // 2 * 2)
        encoded = self._model.encode(pad_or_trim(features, frames))
        return {token.strip("<|>"): probability for token, probability in self._model.model.detect_language(encoded)[0]}

    def _recognize_gaps(self, recognized: Mapping[Segment, list[Phrase]]) -> dict[Segment, list[Phrase]]:
        """Recognize voiced spans without words in segments that have words: the longest ones, as many as segments."""
        sung = [segment for segment, phrases in recognized.items() if phrases and not segment.uncertain]
        spans = sorted((phrase[0].start, phrase[-1].end) for segment in sung for phrase in recognized[segment])
        gaps = [
            replace(segment, start=start, end=end, voiced=())
            for segment in sung
            for start, end in uncovered(segment.voiced, spans)
        ]
        longest = sorted(gaps, key=lambda gap: gap.start - gap.end)[: len(recognized)]
        return {gap: self._sung(gap, phrases) for gap, phrases in self._recognize(self._mixes[0], longest).items()}

    def _vote(self, first: Mapping[Segment, list[Phrase]], segments: Sequence[Segment]) -> dict[Segment, list[Phrase]]:
        others = [self._recognize(mix, segments) for mix in self._mixes[1:]]
        return {
            segment: combine_phrases(
                [first[segment], *(self._sung(segment, other[segment]) for other in others)], segment.language
            )
            for segment in segments
        }

    def _recognize_halves(self, segments: Sequence[Segment]) -> dict[Segment, list[Phrase]]:
        """Recognize segments with repetition loops again, in two halves each; drop a half that still loops."""
        halves = {segment: segment.halves() for segment in segments}
        found = self._recognize(self._mixes[0], [*chain(*halves.values())], repetition_penalty=REPETITION_PENALTY)
        return {
            segment: [*chain(*(self._sung(half, found[half]) for half in parts))] for segment, parts in halves.items()
        }

    def _sung(self, segment: Segment, phrases: list[Phrase]) -> list[Phrase]:
        return [] if self._is_loop(segment, phrases) else phrases

    def _is_certain(self, segment: Segment, phrases: Sequence[Phrase]) -> bool:
        return _confidence(phrases) >= MIN_CONFIDENCE and not self._is_loop(segment, phrases)

    def _is_loop(self, segment: Segment, phrases: Sequence[Phrase]) -> bool:
        words = [word for phrase in phrases for word in phrase]
        return is_repetition_loop(words, self._loud, uncertain=segment.uncertain)

    def _recognize(
        self,
        mix: Samples,
        segments: Sequence[Segment],
        after_batch: AfterBatch = lambda _: None,
        **options: float,
    ) -> dict[Segment, list[Phrase]]:
        """Recognize all segments, several at the same time.

        Raises TransientError `out_of_memory` if not even one segment fits into the memory of the GPU.
        """
        size = GPU_BATCH if self._on_gpu else 1
        batches = [
            [*same][first : first + size]
            for _, group in groupby(segments, key=lambda segment: segment.language)
            for same in [[*group]]
            for first in range(0, len(same), size)
        ]
        recognized: dict[Segment, list[Phrase]] = {}
        for found in self._map(lambda batch: self._recognize_batch(mix, batch, **options), batches):
            recognized |= found
            after_batch(found)
        return recognized

    def _map(self, function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        with ThreadPoolExecutor(self._threads) as threads:
            yield from threads.map(function, items)

    def _recognize_batch(
        self, mix: Samples, segments: Sequence[Segment], **options: float
    ) -> dict[Segment, list[Phrase]]:
        """Recognize segments of one language at once, or one by one if the GPU runs out of memory."""
        try:
            return self._hear(mix, segments, **options)
        except RuntimeError as error:  # CTranslate2 has no own type for it
            if "out of memory" not in str(error):
                raise
            if len(segments) == 1:
                raise TransientError(
                    "The GPU has too little free memory", "even for one segment", code="out_of_memory"
                ) from error
            log.warning("out of GPU memory", batch=len(segments), error=str(error))
            return dict(chain.from_iterable(self._recognize_batch(mix, [each], **options).items() for each in segments))

    def _hear(self, mix: Samples, segments: Sequence[Segment], **options: float) -> dict[Segment, list[Phrase]]:
        # Whisperx's own pipeline gives no word times; faster-whisper's does, with the same model in memory.
        phrases, _ = BatchedInferencePipeline(self._model).transcribe(
            mix,
            language=segments[0].language,
            clip_timestamps=[{"start": segment.start, "end": segment.end} for segment in segments],
            batch_size=len(segments),
            max_new_tokens=MAX_TOKENS,
            # Whisper's phrases are those of the singer.
            without_timestamps=False,
            word_timestamps=True,
            **options,
        )
        recognized: dict[Segment, list[Phrase]] = {segment: [] for segment in segments}
        for phrase in phrases:
            segment = next(each for each in reversed(segments) if each.start <= phrase.seek / 100 + 0.1)
            sung = [word for word in phrase.words if word.word.strip() and not is_sound(word.word)]
            words = [each for word in sung for each in split_characters(_word(word))]
            if not is_hallucination(
                words,
                seconds=phrase.end - phrase.start,
                no_speech=phrase.no_speech_prob,
                compression=phrase.compression_ratio,
                uncertain=segment.uncertain,
            ):
                recognized[segment].append(words)
        return recognized


def _confidence(phrases: Sequence[Phrase]) -> float:
    """Return the mean confidence of the words, 0 to 1; 1 without words, because whisper heard nothing to doubt."""
    words = [word.confidence for phrase in phrases for word in phrase]
    return sum(words) / len(words) if words else 1.0


def _mixes(vocals: Samples, music: Samples | None) -> list[Samples]:
    """Return the vocals with the music at each of `MUSIC_LEVELS`, or only the vocals if there is no music."""
    if music is None:
        return [vocals]
    padded = np.zeros_like(vocals)
    length = min(len(vocals), len(music))
    padded[:length] = music[:length]
    return [vocals + np.float32(level) * padded for level in MUSIC_LEVELS]


def _word(word: whisper.Word) -> Word:
    """Convert whisper's word: its text starts with the space before it, its numbers are numpy's."""
    spaced = word.word.startswith(" ")
    return Word(word.word.strip(), float(word.start), float(word.end), float(word.probability), spaced=spaced)
