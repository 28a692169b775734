from typing import Any

import numpy as np
import pytest

from services.transcriber.recognition.hallucination import compression, invented, longest_run, looping
from services.transcriber.recognition.vad_fallback import FRAME_SECONDS, Mask
from services.transcriber.text.lyrics import Word


def said(text: str, confidence: float) -> list[Word]:
    return [Word(word, 0, 1, confidence) for word in text.split()]


@pytest.mark.parametrize(
    ("text", "confidence", "heard"),
    [
        ("Code monkey get up", 0.8, {"seconds": 3, "no_speech": 0.2, "compression": 0.9}),
        # a soft voice, which whisper half takes for music
        ("Hold you in my arms", 0.77, {"seconds": 5, "no_speech": 0.7, "compression": 1.1}),
        # a chorus that does repeat itself
        ("na na na na hey hey hey", 0.7, {"seconds": 5, "no_speech": 0.2, "compression": 3.0}),
    ],
)
def test_singing_is_believed(text: str, confidence: float, heard: dict[str, Any]) -> None:
    assert not invented(said(text, confidence), **heard)


@pytest.mark.parametrize(
    ("text", "confidence", "heard"),
    [
        # in the manner of whisper base on silence, noise and residue
        ("You", 0.05, {"seconds": 1.4, "no_speech": 0.77, "compression": 0.33}),
        ("Music", 0.01, {"seconds": 1.4, "no_speech": 0.28, "compression": 0.43}),
        ("Thank you.", 0.4, {"seconds": 2, "no_speech": 0.8, "compression": 0.5}),
        ("bye, " * 40, 0.92, {"seconds": 15, "no_speech": 0.64, "compression": 8.1}),
        ("new, " * 100, 0.89, {"seconds": 1, "no_speech": 0.1, "compression": 11.4}),
        ("... ♪", 0.83, {"seconds": 2, "no_speech": 0.1, "compression": 0.3}),
        ("", 0.9, {"seconds": 2, "no_speech": 0.1, "compression": 0.3}),
    ],
)
def test_what_whisper_says_of_silence_and_noise_is_not(text: str, confidence: float, heard: dict[str, Any]) -> None:
    assert invented(said(text, confidence), **heard)


def test_a_likely_end_of_an_unlikely_phrase_does_not_save_it() -> None:
    """As whisper base had it on what separation left of a waltz."""
    phrase = [
        Word(text, 0, 1, belief) for text, belief in (("Thank", 0.05), ("you", 0.95), ("very", 0.14), ("much.", 0.99))
    ]
    assert invented(phrase, seconds=2.6, no_speech=0.81, compression=0.72)


def test_where_no_voice_was_detected_more_belief_is_asked_for() -> None:
    phrase = said("hold you", 0.4)
    heard: dict[str, Any] = {"seconds": 2, "no_speech": 0.1, "compression": 0.5}
    assert not invented(phrase, **heard)
    assert invented(phrase, **heard, doubtful=True)


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
def test_four_copies_of_a_phrase_are_a_run(text: str, run: tuple[int, int]) -> None:
    assert longest_run(text.split()) == run


def sung(text: str, *, each: float = 0.4) -> list[Word]:
    return [Word(word, n * each, (n + 1) * each, 0.9) for n, word in enumerate(text.split())]


def loud(seconds: float, *, until: float) -> Mask:
    mask: Mask = np.arange(0, seconds, FRAME_SECONDS) < until
    return mask


def test_a_refrain_is_no_loop_while_the_vocals_are_loud() -> None:
    assert not looping(sung("na na na na hey hey hey goodbye " * 3), loud(30, until=30))


def test_words_that_go_on_repeating_themselves_in_silence_are_a_loop() -> None:
    assert looping(sung("thank you " * 10), loud(30, until=2))


def test_copies_packed_together_are_a_loop_however_loud_it_is() -> None:
    assert looping(sung("thank you " * 10, each=0.03), loud(30, until=30))


def test_a_text_that_repeats_itself_from_afar_is_caught_by_its_compression() -> None:
    text = " ".join(
        f"{verse} we will be right back after these messages from our sponsors tonight" for verse in "abcdef"
    )
    words = sung(text)
    assert longest_run([word.text for word in words]) == (0, 0)
    assert compression(words) > 2.4
    assert looping(words, loud(40, until=2))
    assert not looping(words, loud(40, until=40))


def test_words_in_rests_that_do_not_repeat_themselves_are_no_loop() -> None:
    assert not looping(sung("Code Monkey get up get coffee"), loud(10, until=0))
