from functools import lru_cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.transcriber.alignment.matching import GAP, LEAST_SIMILARITY, _similarities, _worth, matched

texts = st.lists(st.from_regex(r"[a-d]{1,5}", fullmatch=True), max_size=12)


def places(given: str, heard: str) -> list[int | None]:
    return [pair and pair[0] for pair in matched(given.split(), heard.split())]


def test_equal_texts_match_word_by_word() -> None:
    text = "we will dance until tomorrow while the world keeps spinning round"
    assert places(text, text) == list(range(11))


def test_what_was_misheard_or_mistyped_finds_its_place() -> None:
    assert places("manager wants a goddamned login page", "manger wanna a god damn logging page") == [
        0,
        1,
        2,
        None,
        5,
        6,
    ]


def test_a_line_that_is_not_sung_matches_nothing() -> None:
    assert places("sing it louder somewhere beyond sing together", "sing it louder sing together") == [
        0,
        1,
        2,
        None,
        None,
        3,
        4,
    ]


def test_a_line_that_was_not_given_is_passed_over() -> None:
    assert places("early morning town sound", "early morning let the whole town sound") == [0, 1, 5, 6]


@pytest.mark.parametrize(("given", "heard"), [([], ["la"]), (["la"], []), ([], [])])
def test_nothing_matches_nothing(given: list[str], heard: list[str]) -> None:
    assert matched(given, heard) == [None] * len(given)


def test_words_without_a_form_match_nothing() -> None:
    assert matched(["", "la"], ["", "la"])[1] == (1, 1.0)


def levenshtein(one: str, other: str) -> int:
    @lru_cache(None)
    def distance(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        change = distance(i - 1, j - 1) + (one[i - 1] != other[j - 1])
        return min(distance(i - 1, j) + 1, distance(i, j - 1) + 1, change)

    return distance(len(one), len(other))


@given(st.text("abc", max_size=8), st.lists(st.text("abc", max_size=8), min_size=1, max_size=4))
def test_similarity_is_levenshteins(word: str, others: list[str]) -> None:
    for other, similarity in zip(others, _similarities(word, others), strict=True):
        assert similarity == pytest.approx(1 - levenshtein(word, other) / max(len(word), len(other), 1))


def total(given: list[str], heard: list[str]) -> float:
    """The most that any alignment is worth, by the textbook's table."""

    @lru_cache(None)
    def best(i: int, j: int) -> float:
        if not i or not j:
            return GAP * (i + j)
        similarity = _similarities(given[i - 1], [heard[j - 1]])[0]
        pair = best(i - 1, j - 1) + _worth(given[i - 1]) * similarity if similarity >= LEAST_SIMILARITY else -1e9
        return max(pair, best(i - 1, j) + GAP, best(i, j - 1) + GAP)

    return best(len(given), len(heard))


@given(texts, texts)
def test_the_matching_is_in_order_and_the_best_there_is(given: list[str], heard: list[str]) -> None:
    found = matched(given, heard)
    pairs = [pair for pair in found if pair]
    assert all(before[0] < after[0] for before, after in pairwise(pairs))
    worth = sum(_worth(word) * pair[1] for word, pair in zip(given, found, strict=True) if pair)
    gaps = len(given) + len(heard) - 2 * len(pairs)
    assert worth + GAP * gaps == pytest.approx(total(given, heard))
