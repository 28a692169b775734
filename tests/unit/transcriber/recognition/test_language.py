import pytest

from services.transcriber.recognition.language import Probabilities, language
from services.transcriber.text.phrasing import Span

SAYS: dict[float, Probabilities] = {
    0.0: {"en": 0.6, "de": 0.4},
    100.0: {"en": 0.05, "pt": 0.95},
    200.0: {"pt": 0.55, "es": 0.45},
    300.0: {"es": 0.9, "pt": 0.1},
}


def asked(*parts: tuple[float, float]) -> tuple[str, float, list[Span]]:
    """`parts` of the seconds that are sung and the second where each begins."""
    listened: list[Span] = []

    def listen(span: Span) -> Probabilities:
        listened.append(span)
        return SAYS[span[0]]

    code, probability = language([(sung, (start, start + 25)) for sung, start in parts], listen)
    return code, probability, listened


def test_the_part_that_is_sung_most_decides_alone_where_it_is_sure() -> None:
    code, probability, listened = asked((3, 0.0), (20, 100.0))
    assert (code, listened) == ("pt", [(100.0, 125.0)])
    assert probability == pytest.approx(0.95)


def test_an_unsure_part_is_heard_with_two_more_by_how_much_is_sung_in_each() -> None:
    code, probability, listened = asked((20, 200.0), (10, 300.0), (5, 0.0), (1, 100.0))
    assert code == "es"
    assert probability == pytest.approx((20 * 0.45 + 10 * 0.9) / 35)
    assert [start for start, _ in listened] == [200.0, 300.0, 0.0]


def test_no_more_than_half_a_minute_is_listened_to() -> None:
    heard: list[Span] = []

    def listen(span: Span) -> Probabilities:
        heard.append(span)
        return {"en": 1.0}

    assert language([(50, (0.0, 60.0))], listen) == ("en", 1.0)
    assert heard == [(0.0, 30.0)]
