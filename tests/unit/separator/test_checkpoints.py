"""Checkpoints of demucs with more than weights."""

import json
from fractions import Fraction
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
import torch
from demucs.hdemucs import HDemucs
from safetensors.torch import save_file
from structlog.testing import capture_logs

from services.separator import engine
from services.separator.settings import Settings
from shared.errors import PermanentError, TransientError
from shared.events import Options
from shared.worker.inputs import Inputs
from tests.hostile_weights import Touches


@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint_that_runs_a_command_is_refused(tmp_path: Path, *, zipped: bool) -> None:
    marker = tmp_path / "marker"
    package = {"args": (["vocals"],), "training_args": Touches(marker), "klass": HDemucs, "kwargs": {}, "state": {}}
    torch.save(package, tmp_path / "tiny.th", _use_new_zipfile_serialization=zipped)

    with pytest.raises(PermanentError, match=r"refused: tiny: it contains \w+\.system") as raised:
        engine.warm(Settings(demucs_model="tiny", demucs_repo=tmp_path))

    assert raised.value.code == "unknown_model"
    assert not marker.exists()


def test_safetensors_that_name_a_command_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marker = tmp_path / "marker"
    (tmp_path / "htdemucs_ft.yaml").write_text("models: [one]")
    metadata = {"klass": "os.system", "args": json.dumps([f"touch {marker}"]), "kwargs": "{}"}
    save_file({"weight": torch.zeros(1)}, tmp_path / "one.safetensors", metadata)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", lambda _repo, name: str(tmp_path / name))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))  # without the pickles that demucs tries next
    monkeypatch.setattr("demucs.pretrained.ROOT_URL", "http://127.0.0.1:9/")

    with capture_logs() as logs, pytest.raises(TransientError, match="cannot be fetched"):
        engine.separate(Inputs(tmp_path), tmp_path, Options(model="htdemucs_ft"), Settings(), lambda _: None)

    assert [(entry["event"], entry["names"]) for entry in logs] == [("separation model of the hub is refused", "os")]
    assert not marker.exists()


@pytest.mark.parametrize("numpy_1", [True, False])
def test_fractions_and_numbers_of_numpy_are_accepted(tmp_path: Path, *, numpy_1: bool) -> None:
    """Published checkpoints contain both."""
    sizes = {"channels": 4, "nfft": 1024, "depth": 4, "samplerate": 8_000, "segment": Fraction(39, 5)}
    state = HDemucs(["vocals"], **sizes).state_dict()
    package = {"klass": HDemucs, "args": (["vocals"],), "kwargs": sizes, "state": state, "best": np.float64(0.5)}
    checkpoint = tmp_path / "tiny.th"
    torch.save(package, checkpoint)
    if numpy_1:
        with ZipFile(checkpoint) as saved:
            files = {name: saved.read(name) for name in saved.namelist()}
        with ZipFile(checkpoint, "w") as renamed:
            for name, content in files.items():
                renamed.writestr(name, content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))

    engine.warm(Settings(demucs_model="tiny", demucs_repo=tmp_path))
