"""The beat_this package with a tiny, untrained model."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from services.beats import neural
from services.beats.onsets import FPS, HZ, onsets
from services.beats.rhythm import analyse
from services.beats.settings import Settings
from shared.audio import torchaudio_shim
from shared.errors import PermanentError, TransientError
from shared.events import Options
from shared.worker.inputs import Inputs
from tests.conftest import need
from tests.hostile_weights import Touches
from tests.unit.beats import grooves

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


def test_a_checkpoint_gives_beats_and_evidence_for_downbeats(checkpoint: Path) -> None:
    samples = clicks(40)
    beats, evidence = neural.track(samples, str(checkpoint))
    assert len(beats) > 0
    assert (np.diff(beats) > 0).all()
    assert beats[0] >= 0
    assert beats[-1] < len(evidence) == len(onsets(samples).full)
    assert evidence[beats].mean() == pytest.approx(0, abs=1e-9)
    assert np.ptp(evidence) > 0.01


def test_the_document_is_complete_with_random_weights(checkpoint: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "song.flac", grooves.groove(grooves.FOUR, 112, 12).samples, HZ)
    settings = Settings(beats_model=str(checkpoint))
    rhythm = analyse(Inputs(tmp_path / "song.flac"), tmp_path, Options(), settings, lambda _: None)
    found = json.loads((tmp_path / rhythm.beats).read_text())
    assert rhythm.beat_count == len(found["beats"])
    assert found["downbeats"] == [beat["time"] for beat in found["beats"] if beat["position"] == 1]
    assert bool(found["beats"]) == bool(found["time_signature"]) == bool(found["tempo_alternatives"])


def test_half_a_second_of_silence_is_accepted(checkpoint: Path) -> None:
    beats, evidence = neural.track(np.zeros(HZ // 2, np.float32), str(checkpoint))
    assert (beats < len(evidence)).all()


def test_downbeats_of_the_network_are_evidence_also_beside_its_beats() -> None:
    beats = np.arange(50, 2000, 50)
    logits = np.full(1000, -9.0, np.float32)
    logits[np.rint(beats[1::4] / FPS * neural.NEURAL_FPS).astype(int) + 2] = 9
    evidence = neural.downbeat_evidence(logits, beats, 2000)
    on, off = evidence[beats[1::4]], np.delete(evidence[beats], np.s_[1::4])
    assert on.min() == pytest.approx(off.max() + 2 * neural.CERTAIN)
    assert evidence[beats].sum() == pytest.approx(0)


@pytest.mark.parametrize("logit", [-9, 0, 9])
def test_a_network_that_hears_no_difference_between_beats_gives_no_evidence(logit: float) -> None:
    evidence = neural.downbeat_evidence(np.full(100, logit, np.float32), np.arange(0, 200, 50), 200)
    assert not evidence.any()
    assert not neural.downbeat_evidence(np.full(100, logit, np.float32), np.arange(0), 200).any()


def test_a_missing_checkpoint_is_reported(checkpoint: Path) -> None:
    with pytest.raises(PermanentError, match="no such file") as raised:
        neural.track(clicks(1), str(checkpoint.with_name("other.ckpt")))
    assert raised.value.code == "unknown_model"


@pytest.mark.parametrize("content", [b"", b"no checkpoint"])
def test_an_invalid_checkpoint_is_reported(checkpoint: Path, content: bytes) -> None:
    checkpoint.write_bytes(content)
    with pytest.raises(PermanentError, match="not a checkpoint of beat_this"):
        neural.track(clicks(1), str(checkpoint))


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
        neural.track(clicks(1), "final0")

    assert not marker.exists()


def test_a_missing_extra_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "beat_this.inference", None)
    with pytest.raises(PermanentError, match="install the `beat-this` extra"):
        neural.track(clicks(1), "final0")


def test_an_unreachable_checkpoint_is_a_transient_error(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("beat_this.inference.CHECKPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(TransientError, match="cannot be fetched"):
        neural.track(clicks(1), "final0")
