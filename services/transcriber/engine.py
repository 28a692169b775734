"""Whisperx on the vocals: where somebody sings, what, and at what time each word."""

import logging
from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain
from pathlib import Path

import torch

from services.transcriber.alignment import user_lyrics
from services.transcriber.alignment.forced_alignment import Aligner
from services.transcriber.alignment.forced_alignment import time_recognized as timed
from services.transcriber.alignment.sphinx import sphinx_aligner as sphinx
from services.transcriber.alignment.wav2vec2 import wav2vec2_aligner as aligner
from services.transcriber.audio import SAMPLE_HZ, Samples
from services.transcriber.recognition.embedded import whisper_base
from services.transcriber.recognition.recognizer import Recognizer as Hearing
from services.transcriber.recognition.segments import OFFSET, ONSET
from services.transcriber.recognition.segments import find_segments as clips
from services.transcriber.settings import Settings
from services.transcriber.text import formats
from services.transcriber.text.bars import read_bars as bars
from services.transcriber.text.lyrics import Metadata as About
from services.transcriber.text.tokens import tokenize as untimed
from shared.audio import torchaudio_shim
from shared.errors import PermanentError, TransientError
from shared.events import Lyrics, Options
from shared.worker.inputs import Inputs

torchaudio_shim.install()

from faster_whisper import decode_audio  # noqa: E402 -- the line above lets these in
from whisperx import asr, log_utils  # noqa: E402

# Progress once the voice is found, once the words are heard.
FOUND, HEARD = 0.1, 0.85


def transcribe(
    inputs: Inputs, out: Path, options: Options, settings: Settings, progress: Callable[[float], None]
) -> Lyrics:
    """Writes `lyrics.{json,txt,lrc,elrc,srt,vtt,ass}`: of what lies beside the audio in `words.txt`, else as heard.

    Beside the vocals may lie the song without them, as the separator leaves it, which helps to hear the words, and
    `beats.json`, which gives lines their bars.

    Where nobody is heard to sing they hold no words, unless they were given.

    Raises PermanentError `unknown_language` or `unknown_model`, TransientError `model_unavailable`.
    """
    pipeline = _pipeline(settings)
    language = _known(options.language, pipeline.model.supported_languages)
    samples = decode_audio(str(inputs.audio), sampling_rate=SAMPLE_HZ)
    sung = clips(pipeline.vad_model, samples)
    progress(FOUND)
    hearing = Hearing(pipeline, samples, _music(inputs.instrumental) if sung else None)
    heard = hearing.heard(sung, language, lambda part: progress(FOUND + (HEARD - FOUND) * part))
    # Without a word there was nothing to tell a language by.
    language = heard.language or language
    phrases = [*chain(*heard.phrases.values())]

    def refined(part: float) -> None:
        progress(HEARD + (1 - HEARD) * part)

    precise = _aligner(language, settings) if language and phrases else None
    if inputs.lyrics:
        words, voiced = [*chain(*phrases)], [*chain(*(clip.voiced for clip in sung))]
        lyrics = untimed(inputs.lyrics.read_text("utf-8"))
        lines = user_lyrics.sung(lyrics, words, voiced, samples, language=language, aligner=precise, report=refined)
    else:
        lines = timed(phrases, samples, precise, refined)
    about = About(
        language=language,
        language_probability=heard.language_probability,
        model=Path(settings.whisper_model).name,
        alignment=precise.name if precise else "whisper",
        source="given" if inputs.lyrics else "heard",
    )
    return formats.write(out, lines, about, bars(inputs.beats) if inputs.beats else None)


def _music(instrumental: Path | None) -> Samples | None:
    return decode_audio(str(instrumental), sampling_rate=SAMPLE_HZ) if instrumental else None


def _aligner(language: str, settings: Settings) -> Aligner | None:
    return aligner(language, settings.align_models, _device()) or (sphinx() if language == "en" else None)


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
