"""Alignment models in memory, with an untrained wav2vec2."""

import os
from pathlib import Path
from typing import Any
from weakref import ref

import pytest
import torch
import transformers

from services.transcriber import engine
from services.transcriber.alignment.wav2vec2 import Wav2Vec2Aligners
from services.transcriber.settings import Settings
from tests.hostile_weights import Touches

LANGUAGES = ("cs", "da", "fi", "hu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a model of 70 MB for each language."""
    folder = tmp_path_factory.mktemp("models")
    model = folder / LANGUAGES[0]
    model.mkdir()
    vocabulary = model / "letters.json"
    vocabulary.write_text('{"<pad>": 0, "<unk>": 1, "|": 2, "a": 3}')
    library: Any = transformers  # has few types
    letters = library.Wav2Vec2CTCTokenizer(vocabulary)
    library.Wav2Vec2Processor(library.Wav2Vec2FeatureExtractor(), letters).save_pretrained(model)
    sizes = {"hidden_size": 512, "intermediate_size": 2048, "num_hidden_layers": 4, "num_attention_heads": 8}
    library.Wav2Vec2ForCTC(library.Wav2Vec2Config(vocab_size=4, **sizes)).save_pretrained(model)
    for language in LANGUAGES[1:]:
        (folder / language).symlink_to(model)
    return folder


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_the_models_used_last_stay_in_memory(folder: Path) -> None:
    aligners = Wav2Vec2Aligners(folder, "cpu", 2)
    first, second = aligners.get("cs"), aligners.get("da")
    assert first
    assert second
    full = resident_bytes()
    size = sum(weights.nbytes for weights in second._model.parameters())
    evicted = ref(second._model)
    del second

    assert aligners.get("cs") is first
    third = aligners.get("fi")

    assert evicted() is None
    assert aligners.get("cs") is first
    assert aligners.get("fi") is third
    assert size > 50_000_000
    assert resident_bytes() < full + size / 2


def test_a_model_that_cannot_be_loaded_is_tried_once(tmp_path: Path) -> None:
    (tmp_path / "cs").mkdir()
    aligners = Wav2Vec2Aligners(tmp_path, "cpu", 2)
    assert aligners.get("cs") is None
    (tmp_path / "cs").rmdir()
    assert aligners.get("cs") is None


def test_a_fetched_model_that_runs_a_command_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torchaudio.pipelines import WAV2VEC2_ASR_BASE_960H  # noqa: PLC0415 -- importable only after the engine

    marker = tmp_path / "marker"
    fetched = tmp_path / "hub" / "checkpoints" / WAV2VEC2_ASR_BASE_960H._path
    fetched.parent.mkdir(parents=True)
    torch.save({"weights": Touches(marker)}, fetched)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    assert Wav2Vec2Aligners(None, "cpu", 2).get("en") is None

    assert not marker.exists()


def test_languages_that_are_not_listed_have_no_model(folder: Path) -> None:
    settings = Settings(align_models=folder, align_languages=frozenset({"cs"}))
    assert engine._aligner("cs", settings)
    assert engine._aligner("fi", settings) is None
