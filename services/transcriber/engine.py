"""Whisperx on the vocals: where somebody sings, what, and at what time each word."""

import logging
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from services.transcriber import torchaudio_shim
from services.transcriber.alignment import aligner
from services.transcriber.doubt import invented
from services.transcriber.embedded import whisper_base
from services.transcriber.lyrics import Word, to_json, to_lrc, to_srt, to_vtt
from services.transcriber.phrasing import lines, reshaped, settled
from services.transcriber.settings import Settings
from shared.errors import PermanentError, TransientError
from shared.events import Lyrics, Options

torchaudio_shim.install()
warnings.filterwarnings("ignore", message=r"\s*torchcodec")  # files are decoded elsewhere

from faster_whisper import BatchedInferencePipeline, decode_audio  # noqa: E402 -- the line above lets these in
from faster_whisper import transcribe as whisper  # noqa: E402
from whisperx import asr, log_utils  # noqa: E402

SAMPLE_HZ = 16_000
CLIP_SECONDS = 30  # as much as whisper hears at once
ONSET, OFFSET = 0.5, 0.363  # the voice detector's thresholds, whisperx's own
# -60 dBFS. Separation left four instrumentals in five at -75 and below (one at -33); four vocals were at about -20.
RESIDUE_RMS = 0.001
BATCH = 4  # clips heard, and reported as progress, together
# Progress once the voice is found, once the words are heard.
FOUND, HEARD = 0.1, 0.85

Samples = NDArray[np.float32]  # mono, 16 kHz


@dataclass(frozen=True)
class Clip:
    """A stretch with a voice in it, in seconds."""

    start: float
    end: float


def transcribe(
    audio: Path, out: Path, options: Options, settings: Settings, progress: Callable[[float], None]
) -> Lyrics:
    """Writes `lyrics.{json,lrc,srt,vtt}`; without a voice they hold no words.

    Raises PermanentError `unknown_language` or `unknown_model`, TransientError `model_unavailable`.
    """
    pipeline = _pipeline(settings)
    language = _known(options.language, pipeline.model.supported_languages)
    samples = decode_audio(str(audio), sampling_rate=SAMPLE_HZ)
    clips = _voiced(pipeline, samples)
    progress(FOUND)
    heard: dict[Clip, list[list[Word]]] = {}
    if clips:
        detected, heard = _heard(pipeline, samples, clips, language, progress)
        # Without a word there was nothing to tell a language by.
        language = detected if heard else language
    align = aligner(language, settings.align_models, _device()) if language and heard else None
    if align:
        for done, (clip, phrases) in enumerate(heard.items(), 1):
            words = align.aligned([*chain(*phrases)], samples, clip.start, clip.end)
            heard[clip] = reshaped(words, phrases)
            progress(HEARD + (1 - HEARD) * done / len(heard))
    phrases = [*chain(*heard.values())]
    words = settled([*chain(*phrases)], len(samples) / SAMPLE_HZ)
    model = Path(settings.whisper_model).name
    sung = lines(reshaped(words, phrases))
    contents = {
        "lyrics.json": to_json(sung, language=language, model=model, alignment="wav2vec2" if align else "whisper"),
        "lyrics.lrc": to_lrc(sung),
        "lyrics.srt": to_srt(sung),
        "lyrics.vtt": to_vtt(sung),
    }
    for name, content in contents.items():
        (out / name).write_text(content, encoding="utf-8")
    transcription, lrc, srt, vtt = contents
    return Lyrics(
        model=model, language=language, word_count=len(words), transcription=transcription, lrc=lrc, srt=srt, vtt=vtt
    )


def warm(settings: Settings) -> None:
    _pipeline(settings)


@cache
def _pipeline(settings: Settings) -> asr.FasterWhisperPipeline:
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)  # it would advise on whisperx's own files
    log_utils.setup_logging("error")  # it prints to standard output, which is for our log
    torch.set_num_threads(settings.threads)
    embedded = whisper_base(settings.cache_folder) if settings.whisper_model == "base" else None
    try:
        return asr.load_model(
            str(embedded or settings.whisper_model),
            _device(),
            compute_type="float16" if _device() == "cuda" else "int8",
            vad_options={"vad_onset": ONSET, "vad_offset": OFFSET},
            threads=settings.threads,
        )
    except OSError as error:
        raise TransientError("The whisper model cannot be had", str(error), code="model_unavailable") from error
    except ValueError as error:
        raise PermanentError("No such whisper model", str(error), code="unknown_model") from error


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _known(language: str | None, languages: Sequence[str]) -> str | None:
    if language is None or language in languages:
        return language
    raise PermanentError(
        f"Unknown language {language!r}", f"the model knows {', '.join(sorted(languages))}", code="unknown_language"
    )


def _voiced(pipeline: asr.FasterWhisperPipeline, samples: Samples) -> list[Clip]:
    """Stretches of at most 30 s, cut where the voice rests."""
    detector = pipeline.vad_model
    scores = detector({"waveform": detector.preprocess_audio(samples), "sample_rate": SAMPLE_HZ})
    chunks = detector.merge_chunks(scores, CLIP_SECONDS, onset=ONSET, offset=OFFSET)
    clips = [Clip(chunk["start"], min(chunk["end"], len(samples) / SAMPLE_HZ)) for chunk in chunks]
    return [clip for clip in clips if _rms(samples, clip) > RESIDUE_RMS]


def _rms(samples: Samples, clip: Clip) -> float:
    part = samples[int(clip.start * SAMPLE_HZ) : int(clip.end * SAMPLE_HZ)]
    return float(np.sqrt(np.mean(np.square(part)))) if len(part) else 0.0


def _heard(
    pipeline: asr.FasterWhisperPipeline,
    samples: Samples,
    clips: Sequence[Clip],
    language: str | None,
    progress: Callable[[float], None],
) -> tuple[str, dict[Clip, list[list[Word]]]]:
    """The language and the phrases of each clip that has some, with whisper's own word times.

    whisperx's pipeline gives no word times; faster-whisper's does, on the same model in memory.
    """
    segments, info = BatchedInferencePipeline(pipeline.model).transcribe(
        samples,
        language=language,
        language_detection_segments=4,
        clip_timestamps=[{"start": clip.start, "end": clip.end} for clip in clips],
        batch_size=BATCH,
        # Whisper's own times for phrases are the singer's, too.
        without_timestamps=False,
        word_timestamps=True,
    )
    heard: dict[Clip, list[list[Word]]] = {}
    for segment in segments:
        clip = next(clip for clip in reversed(clips) if clip.start <= segment.seek / 100 + 0.1)
        progress(FOUND + (HEARD - FOUND) * clip.end / clips[-1].end)
        words = [_word(word) for word in segment.words if word.word.strip()]
        if not invented(
            words,
            seconds=segment.end - segment.start,
            no_speech=segment.no_speech_prob,
            compression=segment.compression_ratio,
        ):
            heard.setdefault(clip, []).append(words)
    return info.language, heard


def _word(heard: whisper.Word) -> Word:
    """Whisper's text begins with the space that stands before it; its numbers are numpy's."""
    spaced = heard.word.startswith(" ")
    return Word(heard.word.strip(), float(heard.start), float(heard.end), float(heard.probability), spaced=spaced)
