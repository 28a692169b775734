import pytest

from services.transcriber.audio import Span
from services.transcriber.recognition.language import Probabilities, detect_language

PROBABILITIES: dict[float, Probabilities] = {
    0.0: {"en": 0.6, "de": 0.4},
    100.0: {"en": 0.05, "pt": 0.95},
    200.0: {"pt": 0.55, "es": 0.45},
    300.0: {"es": 0.9, "pt": 0.1},
}


def detect(*segments: tuple[float, float]) -> tuple[str, float, list[Span]]:
    """Each of the `segments` has its seconds of voice and its start; also return the spans that were classified."""
    classified: list[Span] = []

    def classify(span: Span) -> Probabilities:
        classified.append(span)
        return PROBABILITIES[span[0]]

    code, probability = detect_language([(seconds, (start, start + 25)) for seconds, start in segments], classify)
    return code, probability, classified


def test_the_segment_with_most_voice_decides_alone_if_it_is_certain() -> None:
    code, probability, classified = detect((3, 0.0), (20, 100.0))
    assert (code, classified) == ("pt", [(100.0, 125.0)])
    assert probability == pytest.approx(0.95)


def test_an_uncertain_segment_is_averaged_with_two_more_by_seconds_of_voice() -> None:
    code, probability, classified = detect((20, 200.0), (10, 300.0), (5, 0.0), (1, 100.0))
    assert code == "es"
    assert probability == pytest.approx((20 * 0.45 + 10 * 0.9) / 35)
    assert [start for start, _ in classified] == [200.0, 300.0, 0.0]


def test_at_most_30_seconds_are_classified() -> None:
    spans: list[Span] = []

    def classify(span: Span) -> Probabilities:
        spans.append(span)
        return {"en": 1.0}

    assert detect_language([(50, (0.0, 60.0))], classify) == ("en", 1.0)
    assert spans == [(0.0, 30.0)]
