"""The commands of docs/api.md in one shell session."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.conftest import ROOT


def test_the_commands_of_the_api_page_work(gateway_url: str, short_song: Path, tmp_path: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/api.md").read_text(), re.DOTALL)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    session = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(blocks)],
        env={**os.environ, "PATH": path, "URL": gateway_url, "SONG": str(short_song)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert session.returncode == 0, session.stderr
    assert len(blocks) == 12
    assert (tmp_path / "start-of-vocals.flac").stat().st_size == 1000
    assert (tmp_path / "lyrics.lrc").read_text().startswith("[")
    assert "\\kf" in (tmp_path / "lyrics.ass").read_text()
    assert zipfile.is_zipfile(tmp_path / "karaoke.zip")
    assert list((tmp_path / "set").glob("*_beats.json"))
