"""The engine shows lyrics that were looked up, with their place, if the user sent none; recognition is a fake."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from services.transcriber import engine
from services.transcriber.audio import SAMPLE_HZ
from services.transcriber.recognition.segments import Segment
from services.transcriber.settings import Settings
from shared.events import Lyrics, Options
from shared.lyrics.tags import Tags
from shared.worker.inputs import Inputs
from tests.unit.transcriber.lyrics_server import HEARD, OTHER, SECONDS, TEXT, LyricsServer, answer, entry, words


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inputs:
    """Return a song in which `HEARD` is recognized, with the tags of its upload."""
    recognition = SimpleNamespace(
        language="en", language_probability=0.9, phrases={Segment(0.0, 20.0, (), language="en"): [words(HEARD)]}
    )
    monkeypatch.setattr(engine, "_model", lambda _: None)
    monkeypatch.setattr(engine, "_voice_detector", lambda _: None)
    monkeypatch.setattr(engine, "_aligner", lambda *_: None)
    monkeypatch.setattr(engine, "find_segments", lambda *_: [SimpleNamespace(voiced=[(0.0, SECONDS)])])
    monkeypatch.setattr(engine, "Recognizer", lambda *_, **__: SimpleNamespace(recognize=lambda *_, **__: recognition))
    soundfile.write(tmp_path / "vocals.wav", np.zeros(int(SECONDS * SAMPLE_HZ)), SAMPLE_HZ)
    (tmp_path / "tags.json").write_text(Tags(title="River Town", artist="The Ferrymen").model_dump_json())
    return Inputs(tmp_path / "vocals.wav", tags=tmp_path / "tags.json")


def transcribed(inputs: Inputs, server: LyricsServer) -> tuple[dict[str, Any], Lyrics]:
    out = inputs.audio.with_name("out")
    out.mkdir()
    with server.listening():
        settings = Settings(lyrics_lookup_url=server.url)
        result = engine.transcribe(inputs, out, Options(), settings, lambda *_, **__: None)
    return json.loads((out / "lyrics.json").read_text()), result


def collection(text: str) -> LyricsServer:
    return LyricsServer([answer(json.dumps([entry(id=12, plainLyrics=text, syncedLyrics=None)]).encode())])


def test_lyrics_that_agree_replace_the_recognized_words_and_name_their_place(inputs: Inputs) -> None:
    server = collection(TEXT)
    document, result = transcribed(inputs, server)
    assert "\n".join(line["text"] for line in document["lines"]) == TEXT
    assert document["source"] == "found"
    assert result.found_at
    assert document["found_at"] == result.found_at.model_dump()
    assert (result.found_at.entry, result.found_at.url) == (12, f"{server.url}/api/get/12")
    assert "entry 12" in document["note"]
    assert {word["origin"] for line in document["lines"] for word in line["words"]} == {"found"}
    starts = [word["start"] for line in document["lines"] for word in line["words"]]
    assert starts == sorted(starts)
    assert starts[-1] > SECONDS / 3


@pytest.mark.parametrize("server", [collection(OTHER), LyricsServer([b"no HTTP"])], ids=["another song", "an error"])
def test_recognized_words_stay_without_lyrics_that_agree(inputs: Inputs, server: LyricsServer) -> None:
    document, result = transcribed(inputs, server)
    assert " ".join(line["text"] for line in document["lines"]) == " ".join(HEARD.split())
    assert (document["source"], document["note"]) == ("heard", None)
    assert "found_at" not in document
    assert "found_at" not in result.model_dump()  # services of earlier versions know no such field
    assert server.requests


def test_nothing_is_looked_up_when_the_user_sent_lyrics(inputs: Inputs, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text(OTHER)
    server = collection(TEXT)
    document, _ = transcribed(Inputs(inputs.audio, lyrics=tmp_path / "words.txt", tags=inputs.tags), server)
    assert document["source"] == "given"
    assert not server.requests
