"""The command that downloads the model weights, run as in an init container."""

import json
import os
import subprocess
import sys
from pathlib import Path

import torch
from demucs.hdemucs import HDemucs

from tests.conftest import ROOT

UNREACHABLE = "http://127.0.0.1:9"
COMMAND = """
import runpy, sys, time
time.sleep = lambda _: None  # the hub's library waits between its attempts
sys.argv = ["services.separator", "fetch-model"]
runpy.run_module("services.separator", run_name="__main__", alter_sys=True)
"""


def fetch(home: Path, **env: str) -> tuple[int, dict[str, object]]:
    """Return the exit code and the last log line."""
    caches = {"HF_HOME": str(home / "hub"), "TORCH_HOME": str(home / "torch"), "HF_ENDPOINT": UNREACHABLE}
    unreachable = {"http_proxy": UNREACHABLE, "https_proxy": UNREACHABLE, "no_proxy": ""}
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


def test_a_model_in_the_cache_is_not_downloaded(tmp_path: Path) -> None:
    model = HDemucs(["vocals", "other"], channels=4, nfft=1024, depth=4, samplerate=8_000, segment=1)
    args, kwargs = model._init_args_kwargs
    package = {"klass": HDemucs, "args": args, "kwargs": kwargs, "state": model.state_dict()}
    torch.save(package, tmp_path / "tiny.th")

    code, entry = fetch(tmp_path, DEMUCS_MODEL="tiny", DEMUCS_REPO=str(tmp_path))

    assert (code, entry["event"], entry["model"]) == (0, "separation model available", "tiny")
    assert entry["fetched_megabytes"] == 0


def test_an_unreachable_hub_is_reported_and_fails_the_command(tmp_path: Path) -> None:
    code, entry = fetch(tmp_path, DEMUCS_MODEL="htdemucs")

    assert (code, entry["event"], entry["wanted"]) == (1, "separation model unavailable", "htdemucs")
    assert "cannot be fetched" in str(entry["reason"])
