"""What whisper hears in the stretches of a song where somebody sings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import structlog
from numpy.typing import NDArray

from services.transcriber.doubt import invented
from services.transcriber.lyrics import Word
from services.transcriber.phrasing import Span, missed
from shared import torchaudio_shim
from shared.errors import TransientError

torchaudio_shim.install()

from faster_whisper import BatchedInferencePipeline  # noqa: E402 -- the line above lets these in
from faster_whisper import transcribe as whisper  # noqa: E402
from whisperx import asr  # noqa: E402

log = structlog.get_logger()

SAMPLE_HZ = 16_000
CLIP_SECONDS = 30  # as much as whisper hears at once
ONSET, OFFSET = 0.5, 0.363  # the voice detector's thresholds, whisperx's own
# -60 dBFS. Separation left four instrumentals in five at -75 and below (one at -33); four vocals were at about -20.
RESIDUE_RMS = 0.001
BATCHES = (4, 1)  # clips heard, and reported as progress, together; fewer while the GPU's memory is exhausted

Samples = NDArray[np.float32]  # mono, 16 kHz
Phrase = list[Word]


@dataclass(frozen=True)
class Clip:
    """A stretch to hear in one go, in seconds, and the parts of it that have a voice."""

    start: float
    end: float
    voiced: tuple[Span, ...]


class Hearing:
    def __init__(self, pipeline: asr.FasterWhisperPipeline, samples: Samples) -> None:
        self._pipeline = pipeline
        self._samples = samples

    def clips(self) -> list[Clip]:
        """Stretches of at most 30 s, cut where the voice rests; none where nobody sings."""
        detector = self._pipeline.vad_model
        scores = detector({"waveform": detector.preprocess_audio(self._samples), "sample_rate": SAMPLE_HZ})
        chunks = detector.merge_chunks(scores, CLIP_SECONDS, onset=ONSET, offset=OFFSET)
        duration = len(self._samples) / SAMPLE_HZ
        clips = [Clip(chunk["start"], min(chunk["end"], duration), tuple(chunk["segments"])) for chunk in chunks]
        return [clip for clip in clips if self._rms(clip) > RESIDUE_RMS]

    def twice(
        self, clips: Sequence[Clip], language: str | None, report: Callable[[float], None]
    ) -> tuple[str, dict[Clip, list[Phrase]]]:
        """The language and the phrases of each clip that has some, in order of time.

        Whisper may stop in the middle of a clip. Where it left a voice without words, it hears that part once more.
        """
        language, heard = self._once(clips, language, report)
        spans = sorted((phrase[0].start, phrase[-1].end) for phrases in heard.values() for phrase in phrases)
        parts = [Clip(start, end, ()) for clip in clips for start, end in missed(clip.voiced, spans)]
        if parts:
            heard |= self._once(parts, language, lambda _: None)[1]
        return language, dict(sorted(heard.items(), key=lambda item: item[1][0][0].start))

    def _once(
        self, clips: Sequence[Clip], language: str | None, report: Callable[[float], None]
    ) -> tuple[str, dict[Clip, list[Phrase]]]:
        for size in BATCHES:
            try:
                return self._batched(clips, language, report, size)
            except RuntimeError as error:  # CTranslate2 has no type of its own for it
                if "out of memory" not in str(error):
                    raise
                log.warning("out of GPU memory", batch=size, error=str(error))
        raise TransientError("The GPU has too little memory free", "even for one clip at a time", code="out_of_memory")

    def _batched(
        self, clips: Sequence[Clip], language: str | None, report: Callable[[float], None], size: int
    ) -> tuple[str, dict[Clip, list[Phrase]]]:
        """Whisperx's own pipeline gives no word times; faster-whisper's does, on the same model in memory."""
        segments, info = BatchedInferencePipeline(self._pipeline.model).transcribe(
            self._samples,
            language=language,
            language_detection_segments=4,
            clip_timestamps=[{"start": clip.start, "end": clip.end} for clip in clips],
            batch_size=size,
            # Whisper's own times for phrases are the singer's, too.
            without_timestamps=False,
            word_timestamps=True,
        )
        heard: dict[Clip, list[Phrase]] = {}
        for segment in segments:
            clip = next(clip for clip in reversed(clips) if clip.start <= segment.seek / 100 + 0.1)
            report(clip.end / clips[-1].end)
            words = [_word(word) for word in segment.words if word.word.strip()]
            if not invented(
                words,
                seconds=segment.end - segment.start,
                no_speech=segment.no_speech_prob,
                compression=segment.compression_ratio,
            ):
                heard.setdefault(clip, []).append(words)
        return info.language, heard

    def _rms(self, clip: Clip) -> float:
        part = self._samples[int(clip.start * SAMPLE_HZ) : int(clip.end * SAMPLE_HZ)]
        return float(np.sqrt(np.mean(np.square(part)))) if len(part) else 0.0


def _word(heard: whisper.Word) -> Word:
    """Whisper's text begins with the space that stands before it; its numbers are numpy's."""
    spaced = heard.word.startswith(" ")
    return Word(heard.word.strip(), float(heard.start), float(heard.end), float(heard.probability), spaced=spaced)
