"""The beat_this package with a tiny, untrained model."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from services.beats import neural
from shared.audio import torchaudio_shim
from shared.errors import PermanentError, TransientError
from tests.conftest import need
from tests.hostile_weights import Touches

HZ = 22_050
TINY = {"transformer_dim": 32, "n_layers": 1, "head_dim": 8, "stem_dim": 8, "ff_mult": 1}


@pytest.fixture(autouse=True)
def cold() -> Iterator[None]:
    """Clear the model cache after each test."""
    yield
    neural.load.cache_clear()


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Save a checkpoint as Lightning does: weights under `model.`, sizes among other hyperparameters."""
    try:
        import torch  # noqa: PLC0415 -- an optional extra

        torchaudio_shim.install()
        from beat_this.model.beat_tracker import BeatThis  # noqa: PLC0415 -- as above
    except ImportError:
        need("the `beat-this` extra", there=False)
    torch.manual_seed(7)
    model = BeatThis(**TINY)
    state = {f"model.{name}": value for name, value in model.state_dict().items()}
    path = tmp_path / "tiny.ckpt"
    torch.save({"state_dict": state, "hyper_parameters": {**TINY, "lr": 0.001}}, path)
    return path


def clicks(seconds: float) -> NDArray[np.float32]:
    samples = np.zeros(round(seconds * HZ), np.float32)
    samples[:: HZ // 2] = 1
    return samples


def test_a_checkpoint_gives_beats_and_downbeats(checkpoint: Path) -> None:
    beats, downbeats = neural.track(clicks(40), HZ, str(checkpoint))
    assert beats.dtype == downbeats.dtype == np.float64
    assert len(beats) > 0
    assert (np.diff(beats) > 0).all()
    assert (beats >= 0).all()
    assert (beats <= 40).all()
    assert np.isin(downbeats, beats).all()
    assert (np.diff(downbeats) > 0).all()


def test_half_a_second_of_silence_is_accepted(checkpoint: Path) -> None:
    beats, _ = neural.track(np.zeros(HZ // 2, np.float32), HZ, str(checkpoint))
    assert (beats <= 0.5).all()


def test_a_missing_checkpoint_is_reported(checkpoint: Path) -> None:
    with pytest.raises(PermanentError, match="no such file") as raised:
        neural.track(clicks(1), HZ, str(checkpoint.with_name("other.ckpt")))
    assert raised.value.code == "unknown_model"


@pytest.mark.parametrize("content", [b"", b"no checkpoint"])
def test_an_invalid_checkpoint_is_reported(checkpoint: Path, content: bytes) -> None:
    checkpoint.write_bytes(content)
    with pytest.raises(PermanentError, match="not a checkpoint of beat_this"):
        neural.track(clicks(1), HZ, str(checkpoint))


def test_a_fetched_checkpoint_that_runs_a_command_is_refused(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch  # noqa: PLC0415 -- an optional extra

    marker = tmp_path / "marker"
    fetched = tmp_path / "hub" / "checkpoints" / "beat_this-final0.ckpt"
    fetched.parent.mkdir(parents=True)
    torch.save(torch.load(checkpoint) | {"callbacks": Touches(marker)}, fetched)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    with pytest.raises(PermanentError, match=r"not a checkpoint of beat_this \(it contains \w+\.system"):
        neural.track(clicks(1), HZ, "final0")

    assert not marker.exists()


def test_a_missing_extra_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "beat_this.inference", None)
    with pytest.raises(PermanentError, match="install the `beat-this` extra"):
        neural.track(clicks(1), HZ, "final0")


def test_an_unreachable_checkpoint_is_a_transient_error(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("beat_this.inference.CHECKPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(TransientError, match="cannot be fetched"):
        neural.track(clicks(1), HZ, "final0")
