"""Recognition with a fake whisper, which can also run out of GPU memory."""

from collections.abc import Iterator, Mapping, Sequence
from threading import Barrier
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import numpy as np
import pytest

from services.transcriber.audio import SAMPLE_HZ, Samples
from services.transcriber.recognition import recognizer
from services.transcriber.recognition.recognizer import Phrase, Recognition, Recognizer, ignore
from services.transcriber.recognition.segments import Segment
from shared.errors import TransientError

TIMES = np.arange(30 * SAMPLE_HZ, dtype=np.float32) / SAMPLE_HZ
LOUD = np.sin(np.arange(30 * SAMPLE_HZ, dtype=np.float32))
SEGMENT = Segment(0.0, 10.0, ((0.0, 1.9),))
SIX = [Segment(10.0 * n, 10.0 * n + 9, ((10.0 * n, 10.0 * n + 2),)) for n in range(6)]


def phrase(text: str, start: float = 0.0, *, each: float = 0.3, confidence: float = 0.9, seek: float = 0) -> Any:
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
    """Returns the phrases in `output`, by start of the segment in seconds; memory suffices for `capacity` segments."""

    output: ClassVar[Mapping[float, Sequence[Any]]] = {}
    capacity = 9
    calls: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, model: object) -> None:
        pass

    def transcribe(self, samples: Samples, *, batch_size: int, **options: Any) -> tuple[Iterator[Any], Any]:
        self.calls.append(options | {"samples": samples})

        def segments() -> Iterator[Any]:
            if batch_size > self.capacity:
                raise RuntimeError("CUDA failed with error out of memory")
            for clip in options["clip_timestamps"]:
                yield from self.output.get(clip["start"], [])

        return segments(), None


class Model:
    """Is sure of Portuguese with `probability`, but of Spanish after `spanish_from` seconds of the `samples`."""

    frames_per_second = 100

    def __init__(
        self, *, multilingual: bool = True, probability: float = 0.9, spanish_from: float = 1e9, device: str = "cpu"
    ) -> None:
        self.detections = 0
        self._probability, self._spanish_from = probability, spanish_from
        self.model = SimpleNamespace(
            is_multilingual=multilingual, device=device, detect_language=lambda encoded: [self._languages(encoded)]
        )

    def feature_extractor(self, samples: Samples) -> Samples:
        return samples[None, :]

    def encode(self, features: Samples) -> float:
        """Return the start of the samples in seconds, which `TIMES` contains."""
        return float(features[0, 0])

    def _languages(self, start: float) -> list[tuple[str, float]]:
        self.detections += 1
        code, other = ("es", "pt") if start >= self._spanish_from else ("pt", "es")
        return [(f"<|{code}|>", self._probability), (f"<|{other}|>", 0.1)]


@pytest.fixture(autouse=True)
def whisper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognizer, "BatchedInferencePipeline", Whisper)
    monkeypatch.setattr(Whisper, "calls", [])


def heard(output: Mapping[float, Sequence[Any]], monkeypatch: pytest.MonkeyPatch, **options: Any) -> Recognition:
    monkeypatch.setattr(Whisper, "output", output)
    model: Any = options.get("model", Model())
    fake = Recognizer(model, options.get("samples", LOUD), options.get("music"), threads=options.get("threads", 1))
    segments, language = options.get("segments", [SEGMENT]), options.get("language", "en")
    return fake.recognize(segments, language, lambda _: None, options.get("found", ignore))


def clips() -> list[Mapping[str, float]]:
    """Return start and end of all segments that whisper was given."""
    return [clip for options in Whisper.calls for clip in options["clip_timestamps"]]


def text(result: Recognition) -> list[str]:
    return [" ".join(word.text for word in phrase) for phrases in result.phrases.values() for phrase in phrases]


def test_segments_are_recognized_alone_when_the_memory_of_the_gpu_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Whisper, "capacity", 1)
    output = {segment.start: [phrase(f"line {n}", segment.start, seek=segment.start)] for n, segment in enumerate(SIX)}
    assert text(heard(output, monkeypatch, segments=SIX, model=Model(device="cuda"))) == [f"line {n}" for n in range(6)]
    assert [len(options["clip_timestamps"]) for options in Whisper.calls] == [4, 1, 1, 1, 1, 2, 1, 1]


def test_too_little_memory_for_one_segment_is_a_transient_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Whisper, "capacity", 0)
    with pytest.raises(TransientError, match="too little free memory"):
        heard({}, monkeypatch)


def test_a_language_chosen_by_the_user_is_not_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model()
    result = heard({0.0: [phrase("canta")]}, monkeypatch, language="es", model=model)
    assert (result.language, result.language_probability, model.detections) == ("es", None, 0)


def test_the_detected_language_is_passed_to_whisper(monkeypatch: pytest.MonkeyPatch) -> None:
    result = heard({0.0: [phrase("canta")]}, monkeypatch, language=None)
    assert result.language == "pt"
    assert result.language_probability == pytest.approx(0.9)
    assert [options["language"] for options in Whisper.calls] == ["pt"]


def test_two_languages_in_one_song(monkeypatch: pytest.MonkeyPatch) -> None:
    """The segment of 24 s is Portuguese until 12 s, then Spanish."""
    segment = Segment(0.0, 24.0, ((0.0, 5.5), (6.0, 11.5), (12.5, 17.5), (18.0, 24.0)))
    output = {0.0: [phrase("canta")], 12.0: [phrase("canta", 12.5, seek=12)]}
    model = Model(spanish_from=12.0)
    found = heard(output, monkeypatch, language=None, segments=[segment], samples=TIMES, model=model)
    assert [(each.start, each.end, each.language) for each in found.phrases] == [(0, 12, "pt"), (12, 24, "es")]
    assert found.language == "pt"  # each has 11 s of voice, and the first wins
    assert [options["language"] for options in Whisper.calls[:2]] == ["pt", "es"]


def test_the_language_of_a_short_piece_is_detected_in_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []

    class Measuring(Model):
        def encode(self, features: Samples) -> float:
            lengths.append(features.shape[-1])
            return super().encode(features)

    heard({}, monkeypatch, language=None, segments=[Segment(1.0, 1.01, ())], model=Measuring())
    assert lengths == [500]


def test_several_segments_are_recognized_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of three calls waits for the others."""
    together = Barrier(3, timeout=10)

    def transcribe(self: Whisper, samples: Samples, *, batch_size: int, **options: Any) -> tuple[Iterator[Any], Any]:
        together.wait()
        start = options["clip_timestamps"][0]["start"]
        return iter([phrase(f"line {start}", start, seek=start)]), None

    monkeypatch.setattr(Whisper, "transcribe", transcribe)
    assert text(heard({}, monkeypatch, segments=SIX, threads=3)) == [f"line {segment.start}" for segment in SIX]


def test_an_english_only_model_detects_no_language(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model(multilingual=False)
    result = heard({0.0: [phrase("sing")]}, monkeypatch, language=None, model=model)
    assert (result.language, model.detections) == ("en", 0)


def test_without_words_there_is_no_language(monkeypatch: pytest.MonkeyPatch) -> None:
    assert heard({}, monkeypatch, language=None) == Recognition()
    assert heard({}, monkeypatch, language=None, segments=[]) == Recognition()


def test_a_voiced_span_without_words_is_recognized_again(monkeypatch: pytest.MonkeyPatch) -> None:
    segment = Segment(0.0, 10.0, ((0.0, 9.0),))
    output = {0.0: [phrase("sing it", each=0.5)], 1.0: [phrase("over there", 4.0, seek=1)]}
    assert text(heard(output, monkeypatch, segments=[segment])) == ["sing it", "over there"]


def test_a_repetition_loop_is_recognized_in_halves_and_dropped_if_it_persists(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vocals are silent after a second; `thank you` is repeated twenty times in eight seconds."""
    loop, again = (phrase("thank you " * 20, start, each=0.2, seek=seek) for start, seek in ((1.0, 0), (5.0, 5)))
    output = {0.0: [phrase("sing it louder"), loop], 5.0: [again]}

    def transcribe(self: Whisper, samples: Samples, *, batch_size: int, **options: Any) -> tuple[Iterator[Any], Any]:
        self.calls.append(options)
        found = [each for clip in options["clip_timestamps"] for each in output.get(clip["start"], [])]
        return iter([each for each in found if not ("repetition_penalty" in options and each is loop)]), None

    monkeypatch.setattr(Whisper, "transcribe", transcribe)
    falling_silent = LOUD * (np.arange(len(LOUD)) < SAMPLE_HZ)
    assert text(heard({}, monkeypatch, samples=falling_silent)) == ["sing it louder"]
    assert [clip["start"] for clip in clips()] == [0.0, 0.0, 5.0]


def test_a_sung_refrain_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    refrain = ("na " * 12).strip()
    assert text(heard({0.0: [phrase(refrain)]}, monkeypatch)) == [refrain]
    assert len(Whisper.calls) == 1


def test_vocals_with_doubtful_words_are_mixed_with_their_music(monkeypatch: pytest.MonkeyPatch) -> None:
    heard({0.0: [phrase("sing", confidence=0.5)]}, monkeypatch, music=np.ones_like(LOUD))
    mixes = [options["samples"] for options in Whisper.calls]
    assert [float((mix - LOUD).mean()) for mix in mixes] == pytest.approx([1 / 2, 1 / 3, 1], abs=1e-3)


@pytest.mark.parametrize(
    ("probability", "confidence", "words", "passes"),
    [(0.26, 0.9, [], 0), (0.33, 0.4, [], 1), (0.33, 0.6, ["sing"], 1), (0.9, 0.4, ["sing"], 3)],
    ids=["nobody sings", "doubtful words", "likely words", "a clear language"],
)
def test_words_need_more_confidence_and_are_heard_once_where_no_language_is_clear(
    probability: float, confidence: float, words: list[str], passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = {0.0: [phrase("sing", confidence=confidence)]}
    options = {"language": None, "model": Model(probability=probability), "music": np.ones_like(LOUD)}
    assert text(heard(output, monkeypatch, **options)) == words
    assert len(Whisper.calls) == passes


def test_the_work_for_a_song_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty rests that whisper leaves out, and words that are doubtful in every mix, make eight passes for two."""
    voiced = tuple((3.0 * n, 3.0 * n + 2.5) for n in range(10))
    segments = [Segment(start, start + 30, tuple((start + a, start + b) for a, b in voiced)) for start in (0.0, 30.0)]
    output = {start: [phrase("sing", start, seek=start, confidence=0.5)] for start in (0.0, 30.0)}
    samples = np.concatenate([LOUD, LOUD])
    heard(output, monkeypatch, segments=segments, samples=samples, music=np.ones_like(samples))
    assert len(Whisper.calls) == 4 * len(segments)


def test_a_segment_without_words_is_heard_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert text(heard({}, monkeypatch, segments=[Segment(0.0, 10.0, ((0.0, 9.0),))])) == []
    assert len(Whisper.calls) == 1


def test_sounds_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert text(heard({0.0: [phrase("sing Hmmmmmmmmmmmmm it")]}, monkeypatch)) == ["sing it"]


def test_only_doubtful_segments_are_heard_again(monkeypatch: pytest.MonkeyPatch) -> None:
    segments = [Segment(start, start + 9.0, ()) for start in (0.0, 10.0, 20.0)]
    output = {0.0: [phrase("clear")], 10.0: [phrase("unclear", 10.0, confidence=0.5, seek=10)]}
    assert text(heard(output, monkeypatch, segments=segments, music=np.ones_like(LOUD))) == ["clear", "unclear"]
    assert [clip["start"] for clip in clips()] == [0.0, 10.0, 20.0, 10.0, 10.0]


def test_music_shorter_than_the_vocals_is_padded(monkeypatch: pytest.MonkeyPatch) -> None:
    heard({0.0: [phrase("sing", confidence=0.5)]}, monkeypatch, music=np.ones(SAMPLE_HZ, np.float32))
    assert all(np.array_equal(options["samples"][SAMPLE_HZ:], LOUD[SAMPLE_HZ:]) for options in Whisper.calls)


def test_phrases_in_uncertain_segments_need_more_confidence(monkeypatch: pytest.MonkeyPatch) -> None:
    output = {0.0: [phrase("sing it", confidence=0.4)]}
    assert text(heard(output, monkeypatch)) == ["sing it"]
    assert text(heard(output, monkeypatch, segments=[Segment(0.0, 10.0, ((0.0, 1.9),), uncertain=True)])) == []


def test_chinese_words_are_split_into_characters_and_curses_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    result = heard({0.0: [phrase("我爱你 fucking שלום")]}, monkeypatch, language="zh")
    assert text(result) == ["我 爱 你 fucking שלום"]
    words = [word for phrases in result.phrases.values() for word in phrases[0]]
    assert [word.spaced for word in words] == [True, False, False, True, True]
    assert [word.start for word in words] == pytest.approx([0, 0.1, 0.2, 0.3, 0.6])


def found(monkeypatch: pytest.MonkeyPatch, output: Mapping[float, Sequence[Any]], **options: Any) -> list[list[str]]:
    """Return the texts of the phrases at each call of `found`."""
    calls: list[list[str]] = []

    def note(phrases: Sequence[Phrase], _language: str | None) -> None:
        calls.append([" ".join(word.text for word in each) for each in phrases])

    result = heard(output, monkeypatch, found=note, **options)
    final = text(result)
    assert all(each in final for call in calls for each in call)
    return calls


def test_certain_phrases_are_found_after_each_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    output = {segment.start: [phrase(f"line {n}", segment.start, seek=segment.start)] for n, segment in enumerate(SIX)}
    output[20.0] = [phrase("doubt", 20.0, seek=20, confidence=0.5)]
    assert found(monkeypatch, output, segments=SIX) == [[f"line {n}"] for n in (0, 1, 3, 4, 5)]
    together = [["line 0", "line 1", "line 3"], ["line 4", "line 5"]]
    assert found(monkeypatch, output, segments=SIX, model=Model(device="cuda")) == together


def test_a_segment_in_a_clear_language_is_found_before_the_languages_of_the_others_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A model that detects the language of each segment only after the words of the one before were found."""
    words: list[str] = []
    known: list[int] = []

    class Later(Model):
        def encode(self, features: Samples) -> float:
            known.append(len(words))
            return super().encode(features)

    output = {each.start: [phrase(f"line {n}", each.start, seek=each.start)] for n, each in enumerate(SIX)}
    monkeypatch.setattr(Whisper, "output", output)
    fake = Recognizer(cast("Any", Later()), np.concatenate([LOUD, LOUD]))
    languages: set[str | None] = set()

    def note(phrases: Sequence[Phrase], language: str | None) -> None:
        words.extend(word.text for each in phrases for word in each)
        languages.add(language)

    fake.recognize(SIX, None, lambda _: None, note)
    assert min(known) == 0
    assert max(known) > 0
    assert languages == {"pt"}


def test_a_repetition_loop_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = phrase("thank you " * 20, 1.0, each=0.2)
    falling_silent = LOUD * (np.arange(len(LOUD)) < SAMPLE_HZ)
    assert found(monkeypatch, {0.0: [loop]}, samples=falling_silent) == []
