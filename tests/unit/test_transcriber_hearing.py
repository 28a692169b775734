"""What becomes of a GPU whose memory is exhausted, on a stand-in for whisper."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from services.transcriber import hearing
from services.transcriber.hearing import Clip, Hearing
from shared.errors import TransientError

WORD = SimpleNamespace(word=" sing", start=0.0, end=0.5, probability=0.9)
SEGMENT = SimpleNamespace(seek=0, start=0.0, end=1.0, words=[WORD], no_speech_prob=0.0, compression_ratio=1.0)


class Whisper:
    """Has memory for `room` clips at once."""

    room = 0

    def __init__(self, model: object) -> None:
        pass

    def transcribe(self, samples: object, *, batch_size: int, **options: object) -> tuple[Iterator[Any], Any]:
        def segments() -> Iterator[Any]:
            if batch_size > self.room:
                raise RuntimeError("CUDA failed with error out of memory")
            yield SEGMENT

        return segments(), SimpleNamespace(language="en")


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Hearing:
    monkeypatch.setattr(hearing, "BatchedInferencePipeline", Whisper)
    pipeline: Any = SimpleNamespace(model=None)
    return Hearing(pipeline, np.zeros(16_000, np.float32))


def test_fewer_clips_are_heard_at_once_when_memory_is_short(heard: Hearing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Whisper, "room", 1)
    clip = Clip(0, 1, ())
    language, phrases = heard._once([clip], None, lambda _: None)
    assert (language, [word.text for word in phrases[clip][0]]) == ("en", ["sing"])


def test_memory_for_not_even_one_clip_is_worth_another_attempt(heard: Hearing) -> None:
    with pytest.raises(TransientError, match="too little memory"):
        heard._once([Clip(0, 1, ())], None, lambda _: None)
