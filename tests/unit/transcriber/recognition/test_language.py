from collections.abc import Sequence

import pytest

from services.transcriber.recognition.language import Probabilities, by_language, main_language, pieces
from services.transcriber.recognition.segments import Segment

LINES = Segment(0.0, 28.0, ((0.5, 6.5), (7.0, 13.5), (14.5, 20.5), (21.5, 28.0)))


def sung(*probabilities: Probabilities) -> dict[Segment, Probabilities]:
    return dict(zip(pieces(LINES), probabilities, strict=True))


def languages(*probabilities: Probabilities, main: str = "en") -> list[tuple[float, float, str | None]]:
    parts = by_language([LINES], sung(*probabilities), main)
    return [(part.start, part.end, part.language) for part in parts]


def test_pieces_end_in_rests_and_are_not_short() -> None:
    segment = Segment(0.0, 20.0, ((0.0, 3.0), (4.0, 6.0), (7.0, 9.0), (12.0, 17.0), (18.0, 20.0)))
    assert [(piece.start, piece.end) for piece in pieces(segment)] == [(0.0, 6.5), (6.5, 20.0)]


def test_a_segment_without_rests_is_one_piece() -> None:
    assert pieces(Segment(0.0, 20.0, ((0.0, 20.0),))) == [Segment(0.0, 20.0, ((0.0, 20.0),))]


def test_the_main_language_is_weighted_by_seconds_of_voice() -> None:
    voices = {Segment(0, 10, ((0, 10),)): {"en": 0.6, "pt": 0.4}, Segment(10, 40, ((10, 15), (20, 35))): {"pt": 0.9}}
    code, probability = main_language(voices)
    assert code == "pt"
    assert probability == pytest.approx((10 * 0.4 + 20 * 0.9) / 30)


def test_verses_in_two_languages() -> None:
    english, spanish = {"en": 0.8, "es": 0.1}, {"es": 0.9, "en": 0.05}
    assert languages(english, spanish, english, spanish) == [
        (0.0, 6.75, "en"),
        (6.75, 14.0, "es"),
        (14.0, 21.0, "en"),
        (21.0, 28.0, "es"),
    ]


def test_another_language_needs_clear_evidence() -> None:
    english, vowels = {"en": 0.9}, {"ar": 0.73, "en": 0.1}
    assert languages(english, vowels, english, english) == [(0.0, 28.0, "en")]


@pytest.mark.parametrize(
    ("probabilities", "uncertain"),
    [((0.9, 0.5, 0.5, 0.5), False), ((0.69, 0.69, 0.69, 0.69), True), ((0.75, 0.4, 0.4, 0.4), True)],
    ids=["clear in one piece", "nowhere certain", "not clear as a whole"],
)
def test_a_segment_without_clear_words_is_uncertain(probabilities: Sequence[float], *, uncertain: bool) -> None:
    [part] = by_language([LINES], sung(*({"en": each} for each in probabilities)), "en")
    assert part.uncertain == uncertain


def test_an_uncertain_piece_is_in_the_language_before_it() -> None:
    spanish = {"es": 0.9}
    assert languages({"en": 0.9}, spanish, {"es": 0.4, "en": 0.4}, spanish) == [(0.0, 6.75, "en"), (6.75, 28.0, "es")]
