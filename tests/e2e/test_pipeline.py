"""Results of the sample song, compared with its exact truth."""

import json
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import soundfile
from numpy.typing import NDArray

from deploy.local.stack import Stack
from shared.document import JobDocument
from tests.command import karaoke
from tests.e2e.scores import sdr, word_error_rate, words
from tests.system import until


def audio(path: Path) -> NDArray[np.float64]:
    """Return samples [time, channel] at 44.1 kHz."""
    samples, rate = soundfile.read(path, always_2d=True)
    assert rate == 44_100
    return np.asarray(samples)


def result(job: dict[str, Any], results: Path, task: str, field: str) -> Path:
    return results / Path(job[task][field]).name


def test_the_job_completes_with_every_field_of_the_contract(job: dict[str, Any], song: Path) -> None:
    document = JobDocument.model_validate(job)
    assert (document.status, document.progress, document.current_step) == ("completed", 100, "completed")
    assert document.file_size == song.stat().st_size
    assert document.stem_separation.vocals_path == f"/storage/{job['job_id']}/{song.stem.replace('_', '-')}_vocals.flac"
    for task in (document.stem_separation, document.transcription, document.beat_analysis):
        assert task.processing_time
        assert (task.status, task.progress, task.error) == ("completed", 100, None)


def test_tempo_and_metre_are_correct(job: dict[str, Any], truth: dict[str, Any]) -> None:
    assert abs(job["beat_analysis"]["tempo_bpm"] / truth["tempo_bpm"] - 1) < 0.04
    assert job["beat_analysis"]["time_signature"] == truth["time_signature"]


def test_four_beats_in_five_are_within_70_ms(job: dict[str, Any], truth: dict[str, Any], results: Path) -> None:
    found = json.loads(result(job, results, "beat_analysis", "beats_path").read_text())
    times = np.array([beat["time"] for beat in found["beats"]])
    near = [np.abs(times - beat).min() < 0.07 for beat in truth["beats"]]
    assert np.mean(near) > 0.8


def test_three_words_in_four_are_recognized(job: dict[str, Any], truth: dict[str, Any], results: Path) -> None:
    lyrics = json.loads(result(job, results, "transcription", "transcription_path").read_text())
    heard = [word for line in lyrics["lines"] for word in line["words"]]
    sung = [word for line in truth["lines"] for word in line["words"]]
    assert job["transcription"]["word_count"] == len(heard)
    assert job["transcription"]["language"] == "en"
    assert word_error_rate(words(" ".join(w["word"] for w in sung)), words(" ".join(w["text"] for w in heard))) <= 0.25
    assert all(0 <= word["start"] < word["end"] <= job["audio_duration"] for word in heard)


async def test_all_user_lyrics_are_used_and_nine_words_in_ten_are_within_0_3_s(
    gateway_url: str, job: dict[str, Any], truth: dict[str, Any]
) -> None:
    text = "[Verse]\n" + "\n".join(line["text"] for line in truth["lines"])
    async with httpx2.AsyncClient(base_url=gateway_url, timeout=60) as client:

        async def state() -> tuple[int, str]:
            document = (await client.get(f"/api/status/{job['job_id']}")).json()
            return document["run"], document["transcription"]["status"]

        url, kind = f"/api/jobs/{job['job_id']}/lyrics", {"Content-Type": "text/plain"}
        (await client.put(url, content=text.encode(), headers=kind)).raise_for_status()
        await until(state, (1, "completed"), within=180)
        lyrics = (await client.get(f"/api/jobs/{job['job_id']}/lyrics.json")).json()
    assert lyrics["source"] == "given"
    assert [line["text"] for line in lyrics["lines"]] == [line["text"] for line in truth["lines"]]
    timed = [word for line in lyrics["lines"] for word in line["words"]]
    sung = [word for line in truth["lines"] for word in line["words"]]
    assert [word["text"] for word in timed] == [word["word"] for word in sung]
    errors = np.abs([word["start"] - true["start"] for word, true in zip(timed, sung, strict=True)])
    assert np.mean(errors <= 0.3) >= 0.9


def test_the_vocals_have_an_sdr_5_db_above_the_mix(job: dict[str, Any], results: Path, song: Path) -> None:
    truth = audio(song.with_name(f"{song.stem}_vocals.ogg"))
    vocals = audio(result(job, results, "stem_separation", "vocals_path"))
    assert sdr(truth, vocals) > sdr(truth, audio(song)) + 5


def test_the_stems_add_up_to_the_song(job: dict[str, Any], results: Path, song: Path) -> None:
    stems = {
        name: audio(result(job, results, "stem_separation", f"{name}_path"))
        for name in ("vocals", "drums", "bass", "other", "instrumental")
    }
    mix = audio(song)[: len(stems["vocals"])]
    four = stems["vocals"] + stems["drums"] + stems["bass"] + stems["other"]
    for total in (four, stems["vocals"] + stems["instrumental"]):
        assert np.sqrt(np.mean((total - mix) ** 2)) < 1e-3


def test_a_job_can_be_followed_through_every_services_log(job: dict[str, Any], services: Stack) -> None:
    for name, child in services.children.items():
        lines = [json.loads(line) for line in child.log.read_text().splitlines() if job["job_id"] in line]
        assert lines, f"{name} says nothing of the job"
        assert {line["service"] for line in lines} == {name}


def test_an_unknown_model_fails_only_its_job(gateway_url: str, song: Path, tmp_path: Path) -> None:
    asked = ("--tasks", "stem_separation,transcription", "--model", "no-such-model", "--json")
    done = karaoke("process", song, "--url", gateway_url, "--out", tmp_path, *asked)
    assert done.returncode == 1
    job = json.loads(done.stdout)
    assert (job["status"], job["error_code"], job["progress"]) == ("failed", "unknown_model", 0)
    assert job["transcription"]["status"] == "skipped"
    again = karaoke("process", song, "--url", gateway_url, "--out", tmp_path, "--tasks", "beat_analysis", "--json")
    assert again.returncode == 0


def test_silence_completes_without_words_or_beats(gateway_url: str, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.flac", np.zeros((5 * 44_100, 2)), 44_100)
    done = karaoke("process", tmp_path / "silence.flac", "--url", gateway_url, "--out", tmp_path / "set", "--json")
    job = JobDocument.model_validate_json(done.stdout)
    assert job.status == "completed"
    assert (job.transcription.word_count, job.transcription.language) == (0, None)
    assert (job.beat_analysis.tempo_bpm, job.beat_analysis.beat_count) == (None, 0)
    lyrics = json.loads((tmp_path / "set" / "silence_lyrics.json").read_text())
    assert lyrics["lines"] == []
    assert lyrics["note"].startswith("No words were heard")
    assert {"no_singing", "tempo_uncertain"} <= {note.code for note in job.notes}


def test_every_service_is_ready_and_exports_metrics(services: Stack, job: dict[str, Any]) -> None:
    for service in services.services.values():
        assert httpx2.get(f"{service.url}/livez").status_code == 200
        assert httpx2.get(f"{service.url}/readyz").status_code == 200
        assert "python_info" in httpx2.get(f"{service.url}/metrics").text
    assert 'outcome="completed"' in httpx2.get(f"{services.services['separator'].url}/metrics").text
