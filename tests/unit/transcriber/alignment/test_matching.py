from functools import lru_cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.transcriber.alignment.matching import GAP_SCORE, MIN_SIMILARITY, _weight, match_words

texts = st.lists(st.from_regex(r"[a-d]{1,5}", fullmatch=True), max_size=12)


def matches(lyrics: str, recognized: str) -> list[int | None]:
    return [match and match[0] for match in match_words(lyrics.split(), recognized.split())]


def test_equal_texts_match_word_by_word() -> None:
    text = "we will dance until tomorrow while the world keeps spinning round"
    assert matches(text, text) == list(range(11))


def test_misrecognized_and_mistyped_words_find_their_counterparts() -> None:
    assert matches("manager wants a goddamned login page", "manger wanna a god damn logging page") == [
        0,
        1,
        2,
        None,
        5,
        6,
    ]


def test_lyrics_that_are_not_sung_match_nothing() -> None:
    assert matches("sing it louder somewhere beyond sing together", "sing it louder sing together") == [
        0,
        1,
        2,
        None,
        None,
        3,
        4,
    ]


def test_sung_words_that_the_lyrics_lack_are_skipped() -> None:
    assert matches("early morning town sound", "early morning let the whole town sound") == [0, 1, 5, 6]


@pytest.mark.parametrize(("lyrics", "recognized"), [([], ["la"]), (["la"], []), ([], [])])
def test_an_empty_text_has_no_matches(lyrics: list[str], recognized: list[str]) -> None:
    assert match_words(lyrics, recognized) == [None] * len(lyrics)


def test_words_without_letters_do_not_prevent_other_matches() -> None:
    assert match_words(["", "la"], ["", "la"])[1] == (1, 1.0)


def levenshtein(one: str, other: str) -> int:
    @lru_cache(None)
    def distance(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        change = distance(i - 1, j - 1) + (one[i - 1] != other[j - 1])
        return min(distance(i - 1, j) + 1, distance(i, j - 1) + 1, change)

    return distance(len(one), len(other))


def similarity(one: str, other: str) -> float:
    return 1 - levenshtein(one, other) / max(len(one), len(other))


def best_score(lyrics: list[str], recognized: list[str]) -> float:
    """Return the score of the best alignment, by the textbook recursion."""

    @lru_cache(None)
    def best(i: int, j: int) -> float:
        if not i or not j:
            return GAP_SCORE * (i + j)
        alike = similarity(lyrics[i - 1], recognized[j - 1])
        pair = best(i - 1, j - 1) + _weight(lyrics[i - 1]) * alike if alike >= MIN_SIMILARITY else -1e9
        return max(pair, best(i - 1, j) + GAP_SCORE, best(i, j - 1) + GAP_SCORE)

    return best(len(lyrics), len(recognized))


@given(texts, texts)
def test_the_alignment_is_in_order_and_has_the_best_score(lyrics: list[str], recognized: list[str]) -> None:
    found = match_words(lyrics, recognized)
    pairs = [(word, *match) for word, match in zip(lyrics, found, strict=True) if match]
    assert all(before[1] < after[1] for before, after in pairwise(pairs))
    assert all(alike == pytest.approx(similarity(word, recognized[index])) for word, index, alike in pairs)
    score = sum(_weight(word) * alike for word, _, alike in pairs)
    gaps = len(lyrics) + len(recognized) - 2 * len(pairs)
    assert score + GAP_SCORE * gaps == pytest.approx(best_score(lyrics, recognized))
