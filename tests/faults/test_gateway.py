"""Killed gateways, cancellations, expiry, full disks and a thousand uploads."""

import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from tests.faults.system import System


@pytest.mark.parametrize("reached", [False, True], ids=["before its publish", "after its publish"])
def test_a_gateway_is_killed(system: System, reached: bool) -> None:  # noqa: FBT001 -- a test's parameter
    proxy, key = system.proxies["gateway"], str(uuid4())
    proxy.hold(up=not reached, down=reached)
    failed: list[Exception] = []

    def upload() -> None:
        try:
            system.post(key, tasks="beat_analysis")
        except httpx2.HTTPError as error:
            failed.append(error)

    uploading = threading.Thread(target=upload)
    uploading.start()
    system.until(system.unannounced)
    system.children["gateway"].kill()
    proxy.cut()
    proxy.mend()
    system.strike()
    uploading.join()
    assert failed
    system.start("gateway")
    system.until_ready("gateway")
    assert system.post(key, tasks="beat_analysis").status_code == 202
    assert system.until_ended(*system.accepted) == ["completed"]


@pytest.mark.slow
def test_an_unannounced_upload_is_deleted_by_a_sweep(system: System) -> None:
    system.proxies["gateway"].hold(down=False)
    with pytest.raises(httpx2.TimeoutException):
        system.http.post(f"{system.url()}/api/process", files={"file": system.song}, timeout=2)
    system.children["gateway"].kill()
    system.proxies["gateway"].cut()
    system.proxies["gateway"].mend()
    assert system.unannounced()
    system.start("gateway")
    system.strike()
    system.start("status", ORPHAN_MINUTES=0.02)
    system.until(lambda: not system.unannounced())


@pytest.mark.slow
def test_a_job_is_cancelled_before_while_and_after_it_runs_and_twice(system: System) -> None:
    done = system.submit()
    assert system.until_ended(done) == ["completed"]
    running, waiting = system.submit(model="seconds-60"), system.submit()
    system.until_working(running)
    for job in (waiting, running, done, done):
        system.strike()
        assert system.http.delete(f"{system.url()}/api/jobs/{job}", timeout=30).status_code == 204
    assert system.until_ended(*system.accepted) == ["failed"] * 3
    assert {system.document(job)["error_code"] for job in system.accepted} == {"cancelled"}
    assert system.until_ended(system.submit())[-1:] == ["completed"]
    assert not any((system.folder / "storage" / job).exists() for job in (done, running, waiting))


@pytest.mark.slow
def test_a_job_expires_while_it_is_downloaded(system: System) -> None:
    job = system.submit(format="wav")
    assert system.until_ended(job) == ["completed"]
    path = system.task(job)["vocals_path"]
    whole = bytes(range(256)) * 100_000
    (system.folder / "storage" / job / "vocals.wav").write_bytes(whole)
    with httpx2.stream("GET", f"{system.url()}{path}", timeout=60) as answer:
        pieces = answer.iter_bytes(100_000)
        got = [next(pieces)]
        system.strike()
        system.start("status", JOB_TTL_HOURS=1 / 3600)
        system.until(lambda: not (system.folder / "storage" / job).exists())
        got += pieces
    assert b"".join(got) == whole
    assert system.http.get(f"{system.url()}{path}").status_code == 404
    assert system.http.get(f"{system.url()}/api/status/{job}").status_code == 404
    system.accepted = []


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid():
        pytest.skip("only root may mount a small disk")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.slow
def test_a_workers_disk_is_full(system: System, tiny_disk: Path) -> None:
    system.start("separator", TMPDIR=tiny_disk)
    system.until_ready("separator")
    system.strike()
    job, other = system.submit(model="disk"), system.submit(tasks="beat_analysis")
    assert system.until_ended(job, other) == ["failed", "completed"]
    assert system.task(job)["error_code"] == "storage_full"
    assert system.until_ended(system.submit()) == ["completed"]


@pytest.mark.slow
def test_the_disk_is_full_during_an_upload(system: System, tiny_disk: Path) -> None:
    (tiny_disk / "full").write_bytes(bytes(4_190_000))
    system.start("gateway", TMPDIR=tiny_disk)
    system.until_ready("gateway")
    answer = system.post()
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    system.strike()
    (tiny_disk / "full").unlink()
    assert system.until_ended(system.submit()) == ["completed"]


@pytest.mark.slow
def test_a_thousand_uploads_wait_and_memory_stays_flat(system: System) -> None:
    for name in ("separator", "transcriber", "beats"):
        system.children[name].end()
    memory: list[dict[str, float]] = []
    for _ in range(10):
        for _ in range(100):
            system.submit(tasks="beat_analysis")
        memory.append({name: system.megabytes(name) for name in ("gateway", "status")})
    for name in ("gateway", "status"):
        assert memory[-1][name] < 1.2 * memory[1][name]
    system.remark = f"MB after 100 and 1,000: {memory[0]}, {memory[-1]}"
    for name in ("separator", "transcriber", "beats", "beats-2"):
        system.start(name)
    system.strike()
    assert set(system.until_ended(*system.accepted, within=600)) == {"completed"}
