"""Recognition of the words in the segments where somebody sings, by whisper."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import structlog

from services.transcriber.audio import SAMPLE_HZ, Samples, Span, loud_frames, uncovered
from services.transcriber.recognition.hallucination import is_hallucination, is_repetition_loop
from services.transcriber.recognition.language import MIN_PROBABILITY, Probabilities, detect_language
from services.transcriber.recognition.rover import combine_phrases
from services.transcriber.recognition.segments import Segment
from services.transcriber.text.tokens import split_characters
from shared.audio import torchaudio_shim
from shared.errors import TransientError
from shared.lyrics.words import Word

torchaudio_shim.install()

from faster_whisper import BatchedInferencePipeline  # noqa: E402 -- importable only after the shim is installed
from faster_whisper import transcribe as whisper  # noqa: E402 -- as above
from whisperx import asr  # noqa: E402 -- as above

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
BATCH_SIZES = (4, 1)  # segments per batch and progress report; the smaller one if the GPU runs out of memory
REPETITION_PENALTY = 1.2
"""Whisper's penalty for a second pass over a repetition loop; 1 is none."""

Phrase = list[Word]


AfterBatch = Callable[[float, Mapping[Segment, list[Phrase]]], None]
"""Gets the share of the segments that are done (0 to 1), and their phrases, after each batch."""


def ignore(_: Sequence[Phrase]) -> None:
    """Do nothing with the phrases that were found."""


@dataclass(frozen=True)
class Recognition:
    """Phrases of each segment that has any, in order of time, and the language with its probability (0 to 1)."""

    phrases: dict[Segment, list[Phrase]] = field(default_factory=dict)
    language: str | None = None
    language_probability: float | None = None


class Recognizer:
    def __init__(self, pipeline: asr.FasterWhisperPipeline, vocals: Samples, music: Samples | None = None) -> None:
        """Take the vocals and, if available, the song without its vocals (`music`)."""
        self._pipeline = pipeline
        self._mixes = _mixes(vocals, music)
        self._loud = loud_frames(vocals)

    def recognize(
        self,
        segments: Sequence[Segment],
        language: str | None,
        report: Callable[[float], None],
        found: Callable[[Sequence[Phrase]], None] = ignore,
    ) -> Recognition:
        """Recognize words in `language`, or in the language that is sung most; none if no language is likely.

        Segments with doubtful words are recognized in every mix, and the mixes vote for each word. Whisper may stop in
        the middle of a segment: a voiced span that stays without words is recognized once more.

        `found` is called after each batch of segments with the phrases of those that are not doubtful. They are final.
        """
        probability = None
        if segments and not language:
            spans = [(segment.voiced_seconds, (segment.start, segment.end)) for segment in segments]
            language, probability = detect_language(spans, self._language_probabilities)
            if probability < MIN_PROBABILITY:
                log.info("no language is likely", language=language, probability=round(probability, 2))
                return Recognition()
        if not segments or not language:
            return Recognition()
        certain: set[Segment] = set()

        def after_batch(share: float, recognized: Mapping[Segment, list[Phrase]]) -> None:
            new = [each for each in recognized if each not in certain and self._is_certain(recognized[each])]
            certain.update(new)
            if new:
                found([phrase for segment in new for phrase in recognized[segment]])
            report(FIRST_MIX * share)

        first = self._recognize_mix(self._mixes[0], segments, language, after_batch)
        doubtful = [segment for segment, phrases in first.items() if _confidence(phrases) < MIN_CONFIDENCE]
        others = [self._recognize_mix(mix, doubtful, language) for mix in self._mixes[1:] if doubtful]
        phrases = {
            segment: combine_phrases([found, *(other.get(segment, []) for other in others)], language)
            for segment, found in first.items()
        }
        phrases |= self._recognize_gaps(segments, [*filter(None, phrases.values())], language)
        present = {segment: found for segment, found in phrases.items() if found}
        ordered = dict(sorted(present.items(), key=lambda item: item[1][0][0].start))
        return Recognition(ordered, language, probability) if ordered else Recognition()

    def _recognize_gaps(
        self, segments: Sequence[Segment], recognized: Sequence[Sequence[Phrase]], language: str
    ) -> dict[Segment, list[Phrase]]:
        spans = sorted((phrase[0].start, phrase[-1].end) for phrases in recognized for phrase in phrases)
        gaps = [Segment(start, end, ()) for segment in segments for start, end in uncovered(segment.voiced, spans)]
        return self._recognize_mix(self._mixes[0], gaps, language) if gaps else {}

    def _recognize_mix(
        self,
        mix: Samples,
        segments: Sequence[Segment],
        language: str,
        after_batch: AfterBatch | None = None,
    ) -> dict[Segment, list[Phrase]]:
        """Recognize one mix; a segment with a repetition loop again in two halves, dropping a half that still loops."""
        recognized = self._recognize(mix, segments, language, after_batch)
        for segment in [segment for segment, phrases in recognized.items() if self._is_loop(phrases)]:
            log.info("whisper repeats itself", start=segment.start, end=segment.end)
            halves = self._recognize(mix, segment.halves(), language, None, repetition_penalty=REPETITION_PENALTY)
            recognized[segment] = [
                phrase for phrases in halves.values() if not self._is_loop(phrases) for phrase in phrases
            ]
        return recognized

    def _is_certain(self, phrases: Sequence[Phrase]) -> bool:
        return _confidence(phrases) >= MIN_CONFIDENCE and not self._is_loop(phrases)

    def _is_loop(self, phrases: Sequence[Phrase]) -> bool:
        return is_repetition_loop([word for phrase in phrases for word in phrase], self._loud)

    def _language_probabilities(self, span: Span) -> Probabilities:
        if not self._pipeline.model.model.is_multilingual:
            return {"en": 1.0}
        part = self._mixes[0][int(span[0] * SAMPLE_HZ) : int(span[1] * SAMPLE_HZ)]
        _, _, probabilities = self._pipeline.model.detect_language(part)
        return dict(probabilities)

    def _recognize(
        self,
        mix: Samples,
        segments: Sequence[Segment],
        language: str,
        after_batch: AfterBatch | None,
        **options: float,
    ) -> dict[Segment, list[Phrase]]:
        """Recognize in batches, in smaller ones if the GPU runs out of memory.

        Raises TransientError `out_of_memory` if not even one segment fits.
        """
        for size in BATCH_SIZES:
            try:
                return self._recognize_batches(mix, segments, language, after_batch, size, **options)
            except RuntimeError as error:  # CTranslate2 has no own type for it
                if "out of memory" not in str(error):
                    raise
                log.warning("out of GPU memory", batch=size, error=str(error))
        raise TransientError("The GPU has too little free memory", "even for one segment", code="out_of_memory")

    def _recognize_batches(
        self,
        mix: Samples,
        segments: Sequence[Segment],
        language: str,
        after_batch: AfterBatch | None,
        size: int,
        **options: float,
    ) -> dict[Segment, list[Phrase]]:
        recognized: dict[Segment, list[Phrase]] = {}
        # Whisperx's own pipeline gives no word times; faster-whisper's does, with the same model in memory.
        pipeline, last_end = BatchedInferencePipeline(self._pipeline.model), 0.0
        # The first batch is one segment, so that its lines are known early.
        first = 1 if after_batch else size
        for start in (0, *range(first, len(segments), size)):
            batch = segments[start : start + size] if start else segments[:first]
            # It decides about words after a pause, and is reset after each call.
            pipeline.last_speech_timestamp = last_end
            phrases, _ = pipeline.transcribe(
                mix,
                language=language,
                clip_timestamps=[{"start": segment.start, "end": segment.end} for segment in batch],
                batch_size=size,
                # Whisper's phrases are those of the singer.
                without_timestamps=False,
                word_timestamps=True,
                **options,
            )
            for phrase in phrases:
                last_end = phrase.end
                segment = next(each for each in reversed(batch) if each.start <= phrase.seek / 100 + 0.1)
                words = [each for word in phrase.words if word.word.strip() for each in split_characters(_word(word))]
                if not is_hallucination(
                    words,
                    seconds=phrase.end - phrase.start,
                    no_speech=phrase.no_speech_prob,
                    compression=phrase.compression_ratio,
                    uncertain=segment.uncertain,
                ):
                    recognized.setdefault(segment, []).append(words)
            if after_batch:
                after_batch(batch[-1].end / segments[-1].end, recognized)
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
