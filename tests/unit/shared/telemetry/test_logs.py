"""Quoted text stays on one log line and cannot control a terminal."""

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT

HOSTILE = "\n2024-01-01 [info] job\x1b[31maccepted\x1b]0;title\x07\r\x85\u2028\u202e\x9b31m"
PROGRAM = f"""
import logging, structlog
from shared.telemetry import logs
from shared.settings import Settings
import sys
logs.configure("test", Settings(log_format=sys.argv[1]))
log = structlog.get_logger("services.test")
log.warning("upload refused", name={HOSTILE!r}, code={HOSTILE.replace(" ", "").strip()!r}, many=[{HOSTILE!r}])
logging.getLogger("library").warning("it said %s", {HOSTILE!r})
try:
    raise ValueError({HOSTILE!r})
except ValueError:
    log.exception("unexpected")
"""


def lines(log_format: str) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, log_format], cwd=ROOT, check=True, capture_output=True, encoding="utf-8"
    )
    return ran.stderr.removesuffix("\n").split("\n")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_log_contains_no_terminal_control_characters(log_format: str) -> None:
    assert all(line.isprintable() for line in lines(log_format))


def test_hostile_text_cannot_start_a_new_log_line() -> None:
    assert [json.loads(line)["event"][:10] for line in lines("json")] == ["upload ref", "it said \n2", "unexpected"]
    refused, said, unexpected, *traceback = lines("console")
    assert [text in line for text, line in (("upload", refused), ("it said", said), ("unexpected", unexpected))]
    assert traceback[0].startswith("Traceback")
