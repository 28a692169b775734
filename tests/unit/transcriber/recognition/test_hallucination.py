from typing import Any

import numpy as np
import pytest

from services.transcriber.audio import FRAME_SECONDS, FrameMask
from services.transcriber.recognition.hallucination import (
    compression_ratio,
    is_hallucination,
    is_repetition_loop,
    is_sound,
    longest_repetition,
)
from shared.lyrics.words import Word


def said(text: str, confidence: float) -> list[Word]:
    return [Word(word, 0, 1, confidence) for word in text.split()]


@pytest.mark.parametrize(
    ("text", "confidence", "heard"),
    [
        ("Code monkey get up", 0.8, {"seconds": 3, "no_speech": 0.2, "compression": 0.9}),
        # a soft voice, for which whisper gives a high probability of silence
        ("Hold you in my arms", 0.77, {"seconds": 5, "no_speech": 0.7, "compression": 1.1}),
        # a chorus with repetitions
        ("na na na na hey hey hey", 0.7, {"seconds": 5, "no_speech": 0.2, "compression": 3.0}),
    ],
)
def test_singing_is_no_hallucination(text: str, confidence: float, heard: dict[str, Any]) -> None:
    assert not is_hallucination(said(text, confidence), **heard)


@pytest.mark.parametrize(
    ("text", "confidence", "heard"),
    [
        # typical output of whisper base for silence, noise and residue
        ("You", 0.05, {"seconds": 1.4, "no_speech": 0.77, "compression": 0.33}),
        ("Music", 0.01, {"seconds": 1.4, "no_speech": 0.28, "compression": 0.43}),
        ("Thank you.", 0.4, {"seconds": 2, "no_speech": 0.8, "compression": 0.5}),
        ("bye, " * 40, 0.92, {"seconds": 15, "no_speech": 0.64, "compression": 8.1}),
        ("new, " * 100, 0.89, {"seconds": 1, "no_speech": 0.1, "compression": 11.4}),
        ("... ♪", 0.83, {"seconds": 2, "no_speech": 0.1, "compression": 0.3}),
        ("", 0.9, {"seconds": 2, "no_speech": 0.1, "compression": 0.3}),
    ],
)
def test_text_from_silence_and_noise_is_a_hallucination(text: str, confidence: float, heard: dict[str, Any]) -> None:
    assert is_hallucination(said(text, confidence), **heard)


def test_likely_words_do_not_make_an_unlikely_phrase_credible() -> None:
    """Whisper base gave this for the residue of a waltz."""
    phrase = [
        Word(text, 0, 1, belief) for text, belief in (("Thank", 0.05), ("you", 0.95), ("very", 0.14), ("much.", 0.99))
    ]
    assert is_hallucination(phrase, seconds=2.6, no_speech=0.81, compression=0.72)


def test_without_a_detected_voice_more_confidence_is_required() -> None:
    phrase = said("hold you", 0.4)
    heard: dict[str, Any] = {"seconds": 2, "no_speech": 0.1, "compression": 0.5}
    assert not is_hallucination(phrase, **heard)
    assert is_hallucination(phrase, **heard, uncertain=True)


@pytest.mark.parametrize(
    ("text", "run"),
    [
        ("a b c d", (0, 0)),
        ("oh oh oh", (0, 0)),
        ("so thank you thank you thank you thank you bye", (1, 9)),
        ("na na na na na hey", (0, 5)),
        ("one two three one two three one two three one two three one", (0, 13)),
    ],
)
def test_four_copies_of_a_phrase_are_a_repetition(text: str, run: tuple[int, int]) -> None:
    assert longest_repetition(text.split()) == run


def sung(text: str, *, each: float = 0.4) -> list[Word]:
    return [Word(word, n * each, (n + 1) * each, 0.9) for n, word in enumerate(text.split())]


def loud(seconds: float, *, until: float) -> FrameMask:
    mask: FrameMask = np.arange(0, seconds, FRAME_SECONDS) < until
    return mask


def test_a_refrain_with_loud_vocals_is_no_loop() -> None:
    assert not is_repetition_loop(sung("na na na na hey hey hey goodbye " * 3), loud(30, until=30))


def test_repeated_words_in_silence_are_a_loop() -> None:
    assert is_repetition_loop(sung("thank you " * 10), loud(30, until=2))


def test_repeated_words_without_length_are_a_loop_even_in_loud_vocals() -> None:
    assert is_repetition_loop(sung("thank you " * 10, each=0.03), loud(30, until=30))


def test_distant_repetitions_are_found_by_the_compression_ratio() -> None:
    text = " ".join(
        f"{verse} we will be right back after these messages from our sponsors tonight" for verse in "abcdef"
    )
    words = sung(text)
    assert longest_repetition([word.text for word in words]) == (0, 0)
    assert compression_ratio(words) > 2.4
    assert is_repetition_loop(words, loud(40, until=2))
    assert not is_repetition_loop(words, loud(40, until=40))


def test_words_in_rests_without_repetition_are_no_loop() -> None:
    assert not is_repetition_loop(sung("Code Monkey get up get coffee"), loud(10, until=0))


def test_every_repetition_is_a_loop_where_nobody_may_sing() -> None:
    assert is_repetition_loop(sung("a " * 11), loud(30, until=30), uncertain=True)


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("Hmmmmmmmmmmmm", True),
        ("NONONONONONONONONONONO", True),
        ("Ooooooh", False),
        ("lalalalala", False),
        ("你好", False),
    ],
)
def test_sounds_are_not_words(text: str, *, sound: bool) -> None:
    assert is_sound(text) == sound
