"""The command that brings the model's weights, as an init container runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import torch
from demucs.hdemucs import HDemucs

from tests.conftest import ROOT

NOBODY = "http://127.0.0.1:9"
COMMAND = """
import runpy, sys, time
time.sleep = lambda _: None  # the hub's library waits between its tries, longer each time
sys.argv = ["services.separator", "fetch-model"]
runpy.run_module("services.separator", run_name="__main__", alter_sys=True)
"""


def fetch(home: Path, **env: str) -> tuple[int, dict[str, object]]:
    """Its exit code, and the last line of its log."""
    caches = {"HF_HOME": str(home / "hub"), "TORCH_HOME": str(home / "torch"), "HF_ENDPOINT": NOBODY}
    unreachable = {"http_proxy": NOBODY, "https_proxy": NOBODY, "no_proxy": ""}
    done = subprocess.run(
        [sys.executable, "-c", COMMAND],
        cwd=ROOT,
        env={**os.environ, **caches, **unreachable, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.returncode, json.loads(done.stderr.splitlines()[-1])


def test_a_model_that_is_there_is_not_fetched(tmp_path: Path) -> None:
    model = HDemucs(["vocals", "other"], channels=4, nfft=1024, depth=4, samplerate=8_000, segment=1)
    args, kwargs = model._init_args_kwargs
    package = {"klass": HDemucs, "args": args, "kwargs": kwargs, "state": model.state_dict()}
    torch.save(package, tmp_path / "tiny.th")

    code, said = fetch(tmp_path, DEMUCS_MODEL="tiny", DEMUCS_REPO=str(tmp_path))

    assert (code, said["event"], said["model"]) == (0, "separation model is there", "tiny")
    assert said["fetched_megabytes"] == 0


def test_a_hub_that_is_away_is_told_and_fails(tmp_path: Path) -> None:
    code, said = fetch(tmp_path, DEMUCS_MODEL="htdemucs")

    assert (code, said["event"], said["wanted"]) == (1, "no separation model", "htdemucs")
    assert "cannot be fetched" in str(said["reason"])
