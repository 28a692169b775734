import pytest

from services.transcriber.doubt import invented
from services.transcriber.lyrics import Word


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
def test_singing_is_believed(text: str, confidence: float, heard: dict[str, float]) -> None:
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
def test_what_whisper_says_of_silence_and_noise_is_not(text: str, confidence: float, heard: dict[str, float]) -> None:
    assert invented(said(text, confidence), **heard)
