"""A live gateway behaves as its OpenAPI document states, for any request."""

import json
import subprocess
import sys
from pathlib import Path

import httpx2

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
)
"""Valid data may be refused: a schema cannot say what a song is, nor which job there is."""
PHASES = "examples,coverage,fuzzing"


def schemathesis(url: str, folder: Path, job_id: str | None, *options: str) -> None:
    config = folder / "schemathesis.toml"
    config.write_text(f'[parameters]\n"path.job_id" = {json.dumps(job_id)}\n' if job_id else "")
    program = str(Path(sys.executable).with_name("schemathesis"))
    command = [program, "--config-file", str(config), "run", f"{url}/openapi.json"]
    limits = ["--checks", ",".join(CHECKS), "--phases", PHASES, "--max-examples", "10", "--seed", "7", "--no-color"]
    command += [*limits, *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "generated" in done.stdout


def test_random_requests_get_documented_responses(gateway_url: str, tmp_path: Path) -> None:
    schemathesis(gateway_url, tmp_path, None)


def test_random_requests_for_a_real_job_get_documented_responses(gateway_url: str, song: Path, tmp_path: Path) -> None:
    with song.open("rb") as file:
        answer = httpx2.post(f"{gateway_url}/api/process", files={"file": file}, data={"tasks": "beat_analysis"})
    job_id = answer.raise_for_status().json()["job_id"]
    schemathesis(gateway_url, tmp_path, job_id, "--include-path-regex", "job_id")
