"""Transcription of the vocals: find segments with singing, recognize words, and align them in time.

Runs in the worker's child process.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path

import torch

from services.transcriber.alignment.forced_alignment import Aligner, time_recognized
from services.transcriber.alignment.realign import realigned
from services.transcriber.alignment.sphinx import sphinx_aligner
from services.transcriber.alignment.user_lyrics import time_user_lyrics
from services.transcriber.alignment.wav2vec2 import Wav2Vec2Aligners
from services.transcriber.audio import SAMPLE_HZ, read
from services.transcriber.lookup import FoundLyrics, look_up
from services.transcriber.partial_lyrics import PartialLyrics
from services.transcriber.recognition.embedded import whisper_base
from services.transcriber.recognition.recognizer import Recognizer, ignore
from services.transcriber.recognition.segments import find_segments
from services.transcriber.recognition.voice_activity import CHECKPOINT_CONTENT, VoiceDetector
from services.transcriber.settings import Settings
from services.transcriber.text.tokens import GivenLine, tokenize_timed
from shared.audio import torchaudio_shim
from shared.errors import PermanentError, TransientError
from shared.events import CorrectedLyrics, Lyrics, Options
from shared.lyrics import formats
from shared.lyrics.alignment import AlignmentRequest
from shared.lyrics.document import encode, shown
from shared.lyrics.words import Metadata
from shared.rhythm.bars import read_bars
from shared.weights import load_only_data
from shared.worker.inputs import Inputs, Progress

torchaudio_shim.install()
load_only_data(*CHECKPOINT_CONTENT)

from faster_whisper import WhisperModel  # noqa: E402 -- importable only after the shim is installed
from whisperx import log_utils  # noqa: E402 -- as above

SEGMENTED, RECOGNIZED = 0.1, 0.85
"""Progress after the segmentation and after the recognition."""


def transcribe(inputs: Inputs, out: Path, options: Options, settings: Settings, progress: Progress) -> Lyrics:
    """Write `lyrics.{json,txt,lrc,elrc,srt,vtt,ass}` with the user's lyrics, or found ones, or recognized words.

    The instrumental improves the recognition; `beats.json` gives each line its bar. Without singing and without user
    lyrics, the files contain no words. Recognized lines that are certain are in `lyrics.partial.json` before that.

    Raises PermanentError `unknown_language` or `unknown_model`, TransientError `model_unavailable` or `out_of_memory`.
    """
    model = _model(settings)
    language = _supported(options.language, model)
    samples = read(inputs.audio)
    segments = find_segments(_voice_detector(settings), samples)
    progress(SEGMENTED)
    music = read(inputs.instrumental) if inputs.instrumental and segments else None
    bars = read_bars(inputs.beats) if inputs.beats else None
    metadata = Metadata(language, Path(settings.whisper_model).name, alignment="whisper", source="heard")
    partial = PartialLyrics(out, metadata, bars, len(samples) / SAMPLE_HZ, lambda lines: progress(lines=lines))
    recognition = Recognizer(model, samples, music, threads=settings.threads).recognize(
        segments,
        language,
        lambda part: progress(SEGMENTED + (RECOGNIZED - SEGMENTED) * part),
        ignore if inputs.lyrics else partial.add,
    )
    # Without words no language can be detected.
    language = recognition.language or language
    phrases = [*chain(*recognition.phrases.values())]
    aligner = _aligner(language, settings) if language and phrases else None

    def report(part: float) -> None:
        progress(RECOGNIZED + (1 - RECOGNIZED) * part)

    words = [*chain(*phrases)]
    known: Sequence[GivenLine] | None = None
    found: FoundLyrics | None = None
    if inputs.lyrics:
        known = tokenize_timed(inputs.lyrics.read_text("utf-8"))
    elif inputs.tags and words:
        found = look_up(settings.lyrics_lookup_url, inputs.tags, words, len(samples) / SAMPLE_HZ, language)
        known = found.lines if found else None
    if known is not None:
        lines, given_times = time_user_lyrics(
            known,
            words,
            [*chain(*(segment.voiced for segment in segments))],
            samples,
            language=language,
            aligner=aligner,
            report=report,
        )
    else:
        aligners = [
            _aligner(segment.language, settings) if segment.language else None
            for segment, heard in recognition.phrases.items()
            for _ in heard
        ]
        lines, given_times = time_recognized(phrases, samples, aligners, report), None
    metadata = replace(
        metadata,
        language=language,
        language_probability=recognition.language_probability,
        alignment=aligner.name if aligner else "whisper",
        source="found" if found else "heard" if known is None else "given",
        given_times=None if found else given_times,
        found_at=found.at if found else None,
    )
    return formats.write(out, lines, metadata, bars)


def align(audio: Path, request: Path, out: Path, settings: Settings) -> CorrectedLyrics:
    """Write `lyrics.json` with new times for the lines of an `AlignmentRequest`. Nothing is recognized.

    Raises PermanentError `no_aligner`, `too_many_words` or `words_not_found`.
    """
    asked = AlignmentRequest.model_validate_json(request.read_bytes())
    language = asked.document["language"]
    aligner = _aligner(language, settings) if language else None
    if aligner is None:
        raise PermanentError("No alignment model for the language of this song", code="no_aligner")
    document = realigned(asked.document, asked.lines, read(audio), aligner)
    (out / "lyrics.json").write_text(encode(document), encoding="utf-8")
    return shown(document)


def warm(settings: Settings) -> None:
    _voice_detector(settings)
    _model(settings)
    sphinx_aligner()


def _aligner(language: str, settings: Settings) -> Aligner | None:
    listed = settings.align_languages is None or language in settings.align_languages
    aligner = _aligners(settings).get(language) if listed else None
    return aligner or (sphinx_aligner() if language == "en" else None)


@cache
def _aligners(settings: Settings) -> Wav2Vec2Aligners:
    return Wav2Vec2Aligners(settings.align_models, _device(), settings.align_models_kept)


@cache
def _voice_detector(settings: Settings) -> VoiceDetector:
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)  # hides advice about whisperx's own files
    log_utils.setup_logging("error")  # whisperx logs to standard output, which is reserved for our log
    torch.set_num_threads(settings.threads)
    return VoiceDetector(_device())


@cache
def _model(settings: Settings) -> WhisperModel:
    embedded = whisper_base(settings.cache_folder) if settings.whisper_model == "base" else None
    on_gpu = _device() == "cuda"
    try:
        return WhisperModel(
            str(embedded or settings.whisper_model),
            _device(),
            compute_type="float16" if on_gpu else "int8",
            # Each segment is recognized by one thread.
            num_workers=1 if on_gpu else settings.threads,
            cpu_threads=1,
        )
    except OSError as error:
        raise TransientError("The whisper model is unavailable", str(error), code="model_unavailable") from error
    except ValueError as error:
        raise PermanentError("Unknown whisper model", str(error), code="unknown_model") from error


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _supported(language: str | None, model: WhisperModel) -> str | None:
    """Return a language that the model knows: models before `large-v3` know Cantonese only as Chinese."""
    if language == "yue" and model.hf_tokenizer.token_to_id("<|yue|>") is None:
        language = "zh"
    if language is None or language in model.supported_languages:
        return language
    raise PermanentError(
        f"Unknown language {language!r}",
        f"the model supports {', '.join(sorted(model.supported_languages))}",
        code="unknown_language",
    )
