"""What is made of what whisper says, and of a GPU whose memory is exhausted, on a stand-in for whisper."""

from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from services.transcriber.recognition import recognizer
from services.transcriber.recognition.recognizer import Heard, Hearing
from services.transcriber.recognition.segments import Clip
from services.transcriber.recognition.vad_fallback import SAMPLE_HZ, Samples
from shared.errors import TransientError

LOUD = np.sin(np.arange(30 * SAMPLE_HZ, dtype=np.float32))
PART = Clip(0.0, 10.0, ((0.0, 1.9),))


def segment(text: str, start: float = 0.0, *, each: float = 0.3, confidence: float = 0.9, seek: float = 0) -> Any:
    words = [
        SimpleNamespace(word=f" {word}", start=start + n * each, end=start + (n + 1) * each, probability=confidence)
        for n, word in enumerate(text.split())
    ]
    return SimpleNamespace(
        seek=seek * 100,
        start=start,
        end=words[-1].end,
        words=words,
        no_speech_prob=0.1,
        compression_ratio=1.0,
    )


class Whisper:
    """Says `says`, by the seconds where a clip begins; the model's memory has room for `room` clips at once."""

    says: ClassVar[Mapping[float, Sequence[Any]]] = {}
    room = 9
    asked: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, model: object) -> None:
        pass

    def transcribe(self, samples: Samples, *, batch_size: int, **options: Any) -> tuple[Iterator[Any], Any]:
        self.asked.append(options | {"samples": samples})

        def segments() -> Iterator[Any]:
            if batch_size > self.room:
                raise RuntimeError("CUDA failed with error out of memory")
            for clip in options["clip_timestamps"]:
                yield from self.says.get(clip["start"], [])

        return segments(), None


class Model:
    listened = 0

    def __init__(self, *, multilingual: bool = True) -> None:
        self.model = SimpleNamespace(is_multilingual=multilingual)

    def detect_language(self, samples: Samples) -> tuple[str, float, list[tuple[str, float]]]:
        self.listened += 1
        return "pt", 0.9, [("pt", 0.9), ("es", 0.1)]


@pytest.fixture(autouse=True)
def whisper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognizer, "BatchedInferencePipeline", Whisper)
    monkeypatch.setattr(Whisper, "asked", [])


def heard(says: Mapping[float, Sequence[Any]], monkeypatch: pytest.MonkeyPatch, **options: Any) -> Heard:
    monkeypatch.setattr(Whisper, "says", says)
    pipeline: Any = SimpleNamespace(model=options.get("model", Model()))
    own = Hearing(pipeline, options.get("samples", LOUD), options.get("music"))
    return own.heard(options.get("clips", [PART]), options.get("language", "en"), lambda _: None)


def text(result: Heard) -> list[str]:
    return [" ".join(word.text for word in phrase) for phrases in result.phrases.values() for phrase in phrases]


def test_fewer_clips_are_heard_at_once_when_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Whisper, "room", 1)
    assert text(heard({0.0: [segment("sing")]}, monkeypatch)) == ["sing"]


def test_memory_for_not_even_one_clip_is_worth_another_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Whisper, "room", 0)
    with pytest.raises(TransientError, match="too little memory"):
        heard({}, monkeypatch)


def test_the_language_that_the_user_named_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model()
    result = heard({0.0: [segment("canta")]}, monkeypatch, language="es", model=model)
    assert (result.language, result.language_probability, model.listened) == ("es", None, 0)


def test_the_language_has_its_probability_and_whisper_is_told_it(monkeypatch: pytest.MonkeyPatch) -> None:
    result = heard({0.0: [segment("canta")]}, monkeypatch, language=None)
    assert result.language == "pt"
    assert result.language_probability == pytest.approx(0.9)
    assert [options["language"] for options in Whisper.asked] == ["pt"]


def test_a_model_that_knows_english_alone_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model(multilingual=False)
    result = heard({0.0: [segment("sing")]}, monkeypatch, language=None, model=model)
    assert (result.language, model.listened) == ("en", 0)


def test_without_a_word_there_is_no_language_either(monkeypatch: pytest.MonkeyPatch) -> None:
    assert heard({}, monkeypatch, language=None) == Heard()
    assert heard({}, monkeypatch, language=None, clips=[]) == Heard()


def test_a_voice_without_words_is_heard_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    clip = Clip(0.0, 10.0, ((0.0, 9.0),))
    says = {0.0: [segment("sing it", each=0.5)], 1.0: [segment("over there", 4.0, seek=1)]}
    assert text(heard(says, monkeypatch, clips=[clip])) == ["sing it", "over there"]


def test_a_loop_is_heard_in_halves_and_what_repeats_itself_still_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vocals fall silent after a second; twenty times `thank you` goes on for eight."""
    loop, again = (segment("thank you " * 20, start, each=0.2, seek=seek) for start, seek in ((1.0, 0), (5.0, 5)))
    says = {0.0: [segment("sing it louder"), loop], 5.0: [again]}

    def transcribe(self: Whisper, samples: Samples, *, batch_size: int, **options: Any) -> tuple[Iterator[Any], Any]:
        self.asked.append(options)
        found = [each for clip in options["clip_timestamps"] for each in says.get(clip["start"], [])]
        return iter([each for each in found if not ("repetition_penalty" in options and each is loop)]), None

    monkeypatch.setattr(Whisper, "transcribe", transcribe)
    falling_silent = LOUD * (np.arange(len(LOUD)) < SAMPLE_HZ)
    assert text(heard({}, monkeypatch, samples=falling_silent)) == ["sing it louder"]
    assert [clip["start"] for clip in Whisper.asked[1]["clip_timestamps"]] == [0.0, 5.0]


def test_a_refrain_that_is_sung_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    refrain = ("na " * 12).strip()
    assert text(heard({0.0: [segment(refrain)]}, monkeypatch)) == [refrain]
    assert len(Whisper.asked) == 1


def test_the_vocals_are_heard_with_their_music_where_it_is_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    heard({0.0: [segment("sing")]}, monkeypatch, music=np.ones_like(LOUD))
    takes = [options["samples"] for options in Whisper.asked]
    assert [float((take - LOUD).mean()) for take in takes] == pytest.approx([1 / 2, 1 / 3, 1], abs=1e-3)


def test_music_that_ends_early_cuts_no_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    heard({0.0: [segment("sing")]}, monkeypatch, music=np.ones(SAMPLE_HZ, np.float32))
    assert all(np.array_equal(options["samples"][SAMPLE_HZ:], LOUD[SAMPLE_HZ:]) for options in Whisper.asked)


def test_where_the_detector_heard_nobody_a_phrase_has_to_be_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    says = {0.0: [segment("sing it", confidence=0.4)]}
    assert text(heard(says, monkeypatch)) == ["sing it"]
    assert text(heard(says, monkeypatch, clips=[Clip(0.0, 10.0, ((0.0, 1.9),), doubtful=True)])) == []


def test_chinese_is_heard_by_the_character_and_a_curse_as_it_was_sung(monkeypatch: pytest.MonkeyPatch) -> None:
    result = heard({0.0: [segment("我爱你 fucking שלום")]}, monkeypatch, language="zh")
    assert text(result) == ["我 爱 你 fucking שלום"]
    words = [word for phrases in result.phrases.values() for word in phrases[0]]
    assert [word.spaced for word in words] == [True, False, False, True, True]
    assert [word.start for word in words] == pytest.approx([0, 0.1, 0.2, 0.3, 0.6])
