"""What whisper hears in the stretches of a song where somebody sings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import structlog
from numpy.typing import NDArray

from services.transcriber.recognition.hallucination import invented, looping
from services.transcriber.recognition.language import Probabilities
from services.transcriber.recognition.language import language as decided
from services.transcriber.recognition.mixes import takes
from services.transcriber.recognition.rover import voted
from services.transcriber.recognition.segments import SAMPLE_HZ, Clip
from services.transcriber.recognition.vad_fallback import sounding
from services.transcriber.text.lyrics import Word
from services.transcriber.text.phrasing import Span, missed
from services.transcriber.text.tokens import characters
from shared.audio import torchaudio_shim
from shared.errors import TransientError

torchaudio_shim.install()

from faster_whisper import BatchedInferencePipeline  # noqa: E402 -- the line above lets these in
from faster_whisper import transcribe as whisper  # noqa: E402
from whisperx import asr  # noqa: E402

log = structlog.get_logger()

BATCHES = (4, 1)  # clips heard, and reported as progress, together; fewer while the GPU's memory is exhausted
UNLIKE = 1.2
"""By how much repeating itself is made unlikely where whisper got into a loop."""

Samples = NDArray[np.float32]  # mono, 16 kHz
Phrase = list[Word]


@dataclass(frozen=True)
class Heard:
    """The phrases of each clip that has some, in order of time, and the language with its probability."""

    phrases: dict[Clip, list[Phrase]] = field(default_factory=dict)
    language: str | None = None
    language_probability: float | None = None


class Hearing:
    def __init__(self, pipeline: asr.FasterWhisperPipeline, vocals: Samples, music: Samples | None = None) -> None:
        """`music` is the song without its vocals, where it is at hand."""
        self._pipeline = pipeline
        self._takes = takes(vocals, music)
        self._loud = sounding(vocals)

    def heard(self, clips: Sequence[Clip], language: str | None, report: Callable[[float], None]) -> Heard:
        """In `language`, else in that of what is sung most.

        Every take is heard, and what most of them believe is taken. Whisper may stop in the middle of a clip: where
        that left a voice without words, it hears the part once more.
        """
        probability = None
        if clips and not language:
            language, probability = decided([(clip.sung, (clip.start, clip.end)) for clip in clips], self._listened)
        if not clips or not language:
            return Heard()
        heard: list[dict[Clip, list[Phrase]]] = []
        for done, take in enumerate(self._takes):

            def part(share: float, done: int = done) -> None:
                report((done + share) / len(self._takes))

            heard.append(self._take(take, clips, language, part))
        phrases = {clip: voted([take.get(clip, []) for take in heard], language) for clip in clips}
        phrases |= self._missed(clips, [*filter(None, phrases.values())], language)
        known = {clip: spoken for clip, spoken in phrases.items() if spoken}
        ordered = dict(sorted(known.items(), key=lambda item: item[1][0][0].start))
        return Heard(ordered, language, probability) if ordered else Heard()

    def _missed(
        self, clips: Sequence[Clip], heard: Sequence[Sequence[Phrase]], language: str
    ) -> dict[Clip, list[Phrase]]:
        spans = sorted((phrase[0].start, phrase[-1].end) for phrases in heard for phrase in phrases)
        parts = [Clip(start, end, ()) for clip in clips for start, end in missed(clip.voiced, spans)]
        return self._take(self._takes[0], parts, language, lambda _: None) if parts else {}

    def _take(
        self, take: Samples, clips: Sequence[Clip], language: str, report: Callable[[float], None]
    ) -> dict[Clip, list[Phrase]]:
        """A clip in which whisper got into a loop is heard in two halves, then what still is one is dropped."""
        heard = self._once(take, clips, language, report)
        for clip in [clip for clip, phrases in heard.items() if self._loops(phrases)]:
            log.info("whisper repeats itself", start=clip.start, end=clip.end)
            halves = self._once(take, clip.halves(), language, lambda _: None, repetition_penalty=UNLIKE)
            heard[clip] = [phrase for phrases in halves.values() if not self._loops(phrases) for phrase in phrases]
        return heard

    def _loops(self, phrases: Sequence[Phrase]) -> bool:
        return looping([word for phrase in phrases for word in phrase], self._loud)

    def _listened(self, span: Span) -> Probabilities:
        if not self._pipeline.model.model.is_multilingual:
            return {"en": 1.0}
        part = self._takes[0][int(span[0] * SAMPLE_HZ) : int(span[1] * SAMPLE_HZ)]
        _, _, every = self._pipeline.model.detect_language(part)
        return dict(every)

    def _once(
        self, take: Samples, clips: Sequence[Clip], language: str, report: Callable[[float], None], **options: float
    ) -> dict[Clip, list[Phrase]]:
        for size in BATCHES:
            try:
                return self._batched(take, clips, language, report, size, **options)
            except RuntimeError as error:  # CTranslate2 has no type of its own for it
                if "out of memory" not in str(error):
                    raise
                log.warning("out of GPU memory", batch=size, error=str(error))
        raise TransientError("The GPU has too little memory free", "even for one clip at a time", code="out_of_memory")

    def _batched(
        self,
        take: Samples,
        clips: Sequence[Clip],
        language: str,
        report: Callable[[float], None],
        size: int,
        **options: float,
    ) -> dict[Clip, list[Phrase]]:
        """Whisperx's own pipeline gives no word times; faster-whisper's does, on the same model in memory."""
        segments, _ = BatchedInferencePipeline(self._pipeline.model).transcribe(
            take,
            language=language,
            clip_timestamps=[{"start": clip.start, "end": clip.end} for clip in clips],
            batch_size=size,
            # Whisper's own times for phrases are the singer's, too.
            without_timestamps=False,
            word_timestamps=True,
            **options,
        )
        heard: dict[Clip, list[Phrase]] = {}
        for segment in segments:
            clip = next(clip for clip in reversed(clips) if clip.start <= segment.seek / 100 + 0.1)
            report(clip.end / clips[-1].end)
            words = [each for word in segment.words if word.word.strip() for each in characters(_word(word))]
            if not invented(
                words,
                seconds=segment.end - segment.start,
                no_speech=segment.no_speech_prob,
                compression=segment.compression_ratio,
                doubtful=clip.doubtful,
            ):
                heard.setdefault(clip, []).append(words)
        return heard


def _word(heard: whisper.Word) -> Word:
    """Whisper's text begins with the space that stands before it; its numbers are numpy's."""
    spaced = heard.word.startswith(" ")
    return Word(heard.word.strip(), float(heard.start), float(heard.end), float(heard.probability), spaced=spaced)
