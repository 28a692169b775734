"""Whisperx on the vocals: where somebody sings, what, and at what time each word."""

import logging
from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain
from pathlib import Path

import torch

from services.transcriber import formats, given
from services.transcriber.alignment import aligner
from services.transcriber.embedded import whisper_base
from services.transcriber.given import Aligner
from services.transcriber.hearing import OFFSET, ONSET, SAMPLE_HZ, Clip, Hearing, Phrase, Samples
from services.transcriber.lyrics import Line
from services.transcriber.phrasing import lines, reshaped, settled
from services.transcriber.reading import untimed
from services.transcriber.settings import Settings
from services.transcriber.sphinx import sphinx
from shared import torchaudio_shim
from shared.errors import PermanentError, TransientError
from shared.events import Lyrics, Options
from shared.storage import WORDS

torchaudio_shim.install()

from faster_whisper import decode_audio  # noqa: E402 -- the line above lets these in
from whisperx import asr, log_utils  # noqa: E402

# Progress once the voice is found, once the words are heard.
FOUND, HEARD = 0.1, 0.85


def transcribe(
    audio: Path, out: Path, options: Options, settings: Settings, progress: Callable[[float], None]
) -> Lyrics:
    """Writes `lyrics.{json,txt,lrc,elrc,srt,vtt,ass}`: of what lies beside the audio in `words.txt`, else as heard.

    Where nobody is heard to sing they hold no words, unless they were given.

    Raises PermanentError `unknown_language` or `unknown_model`, TransientError `model_unavailable`.
    """
    pipeline = _pipeline(settings)
    language = _known(options.language, pipeline.model.supported_languages)
    samples = decode_audio(str(audio), sampling_rate=SAMPLE_HZ)
    hearing = Hearing(pipeline, samples)
    clips = hearing.clips()
    progress(FOUND)
    heard: dict[Clip, list[Phrase]] = {}
    if clips:
        detected, heard = hearing.twice(clips, language, lambda part: progress(FOUND + (HEARD - FOUND) * part))
        # Without a word there was nothing to tell a language by.
        language = detected if heard else language

    def refined(part: float) -> None:
        progress(HEARD + (1 - HEARD) * part)

    precise: Aligner | None = aligner(language, settings.align_models, _device()) if language and heard else None
    own = audio.with_name(WORDS)
    if own.is_file():
        precise = precise or (sphinx() if language == "en" and heard else None)
        words, voiced = [*chain(*chain(*heard.values()))], [*chain(*(clip.voiced for clip in clips))]
        lyrics = untimed(own.read_text("utf-8"))
        sung = given.sung(lyrics, words, voiced, samples, language=language, aligner=precise, report=refined)
    else:
        sung = _as_heard(heard, samples, precise, refined)
    source, alignment = "given" if own.is_file() else "heard", precise.name if precise else "whisper"
    model = Path(settings.whisper_model).name
    return formats.write(out, sung, language=language, model=model, alignment=alignment, source=source)


def _as_heard(
    heard: dict[Clip, list[Phrase]], samples: Samples, aligner: Aligner | None, report: Callable[[float], None]
) -> list[Line]:
    if aligner:
        heard = dict(heard)
        for done, (clip, phrases) in enumerate(heard.items(), 1):
            words = aligner.aligned([*chain(*phrases)], samples, clip.start, clip.end)
            heard[clip] = reshaped(words, phrases)
            report(done / len(heard))
    phrases = [*chain(*heard.values())]
    words = settled([*chain(*phrases)], len(samples) / SAMPLE_HZ)
    return lines(reshaped(words, phrases))


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
