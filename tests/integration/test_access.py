"""API keys, owners, limits and links, on a real broker and database."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx2
import pytest

from deploy.local.child import Child
from deploy.local.child import until as wait_until
from deploy.local.services import table
from services.gateway.app import create_app
from services.gateway.security.auth import digest
from services.gateway.settings import Settings as GatewaySettings
from services.gateway.status.client import status_session
from services.status.database.store import Store
from shared.broker.bus import Bus
from shared.storage.job_files import Storage
from shared.tasks import Task
from shared.web.health import Health
from tests.audio import tone
from tests.fakes import failed, submitted
from tests.system import KEYS, NOWHERE, PHONE, WEB, Start, System, gateway, recent, submit, until

SEPARATION, TRANSCRIPTION, BEATS = Task


@pytest.fixture
async def locked(start: Start) -> System:
    return await start(**KEYS)


@pytest.fixture
async def web(locked: System) -> System:
    return locked.with_key(WEB)


@pytest.fixture
async def phone(locked: System) -> System:
    return locked.with_key(PHONE)


async def counted(store: Store, *job_ids: str) -> bool:
    """Return whether the jobs' submissions have been folded; their documents exist before that."""
    return (await store.many(job_ids)).keys() == set(job_ids)


REQUESTS = [
    ("POST", "/api/process"),
    ("GET", "/api/status/{}"),
    ("DELETE", "/api/jobs/{}"),
    ("POST", "/api/jobs/{}/retry"),
    ("GET", "/api/jobs/{}/links"),
    ("GET", "/storage/{}/song_beats.json"),
    ("HEAD", "/storage/{}/song_beats.json"),
    ("GET", "/api/jobs/{}/lyrics.lrc"),
    ("HEAD", "/api/jobs/{}/click.mp3"),
    ("GET", "/api/jobs/{}/peaks/vocals.json"),
    ("GET", "/api/jobs/{}/download.zip"),
]


@pytest.mark.parametrize(("method", "path"), REQUESTS)
@pytest.mark.parametrize(
    "headers", [{}, {"X-API-Key": "not a key"}, {"Authorization": f"Basic {WEB}"}, {"X-API-Key": digest(WEB)}]
)
async def test_a_request_without_a_valid_key_is_refused(
    locked: System, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = await locked.client.request(method, path.format("abc123"), headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert method == "HEAD" or answer.json()["code"] == "unauthorized"


@pytest.mark.parametrize("path", ["/", "/web/icon.svg", "/livez", "/metrics", "/docs", "/openapi.json"])
async def test_the_page_and_the_health_checks_need_no_key(locked: System, path: str) -> None:
    assert (await locked.client.get(path)).status_code == 200


@pytest.mark.parametrize("headers", [{"X-API-Key": WEB}, {"Authorization": f"Bearer {WEB}"}])
async def test_a_key_is_accepted_in_either_header(locked: System, headers: dict[str, str]) -> None:
    assert (await locked.client.get("/api/status/abc123", headers=headers)).status_code == 404


async def test_the_job_of_another_key_looks_like_a_missing_job(web: System, phone: System) -> None:
    job = await web.finished()
    its, missing = job["job_id"], "0" * len(job["job_id"])
    for method, path in REQUESTS[1:]:
        answers = [await phone.client.request(method, path.format(job_id)) for job_id in (its, missing)]
        assert answers[0].status_code == answers[1].status_code == 404, (method, path)
        assert answers[0].text.replace(its, missing) == answers[1].text
        assert dict(answers[0].headers) == dict(answers[1].headers)
        assert await web.status(its) == "completed"


async def test_the_owner_of_a_job_may_do_everything_and_is_not_named_in_its_document(web: System) -> None:
    job = await web.finished()
    assert "owner" not in job
    assert (await web.client.get(job["stem_separation"]["vocals_path"])).status_code == 200
    assert (await web.client.post(f"/api/jobs/{job['job_id']}/retry")).json()["code"] == "nothing_to_retry"
    assert (await web.client.delete(f"/api/jobs/{job['job_id']}")).status_code == 204


async def test_a_job_has_its_owner_before_its_event_is_folded(web: System, phone: System) -> None:
    job = recent(submitted(job_id="early")).model_copy(update={"owner": "web"})
    await web.storage.put_manifest(job)
    assert await web.status("early") == "queued"
    assert await phone.status("early") == "None"


async def test_a_job_submitted_before_keys_were_set_has_no_owner(locked: System, web: System) -> None:
    await web.storage.put_manifest(recent(submitted(job_id="older")))
    assert await web.status("older") == "None"


async def test_equal_idempotency_keys_of_different_owners_give_different_jobs(
    web: System, phone: System, start: Start
) -> None:
    anyone = await start()
    jobs = [await system.submit("my key") for system in (web, phone, anyone)]
    assert len(set(jobs)) == 3
    assert jobs == [await system.submit("my key") for system in (web, phone, anyone)]
    assert jobs[0] == "971715bd-c0b8-591e-8cf4-4535d295301b"  # a request may be repeated after an upgrade


async def test_equal_idempotency_keys_of_different_addresses_give_different_jobs(start: Start) -> None:
    anyone = await start()
    callers = [anyone.from_address(address) for address in ("192.0.2.1", "192.0.2.2", "::ffff:192.0.2.1")]
    first, second, again = [await caller.submit("my key") for caller in callers]
    assert first == again != second


async def test_a_too_long_idempotency_key_is_refused(bus: Bus, storage: Storage) -> None:
    async with gateway(bus, storage) as client:
        answer = await client.post("/api/process", content=b"", headers={"Idempotency-Key": "k" * 256})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_idempotency_key")


FOREIGN = [({"Host": "evil.example"}, "foreign_host"), ({"Origin": "https://evil.example"}, "foreign_origin")]


@pytest.mark.parametrize(("headers", "code"), FOREIGN)
async def test_a_foreign_page_can_neither_create_nor_delete_jobs_of_a_gateway_without_keys(
    system: System, headers: dict[str, str], code: str
) -> None:
    job_id = await system.submit()
    for method, path in (("POST", "/api/process"), ("DELETE", f"/api/jobs/{job_id}")):
        refused = await system.client.request(method, path, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, code)
    assert await system.status(job_id) == "queued"
    assert (await system.client.delete(f"/api/jobs/{job_id}")).status_code == 204


@pytest.mark.parametrize(("headers", "code"), FOREIGN)
async def test_with_a_key_every_host_and_origin_may_write(web: System, headers: dict[str, str], code: str) -> None:
    job_id = await web.submit()
    assert (await web.client.delete(f"/api/jobs/{job_id}", headers=headers)).status_code == 204


async def unread() -> AsyncIterator[bytes]:
    raise AssertionError("the body was read")
    yield b""


@pytest.mark.parametrize("path", ["/api/process", "/api/jobs/abc123/retry"])
async def test_too_many_uploads_per_minute_are_refused_before_their_bodies_are_read(start: Start, path: str) -> None:
    locked = await start(**KEYS, uploads_per_minute=2)
    web, phone = locked.with_key(WEB).client, locked.with_key(PHONE).client
    answers = [await web.post(path, content=b"") for _ in range(2)]
    assert {answer.status_code for answer in answers} <= {415, 404}
    await asyncio.sleep(1.1)
    refused = await web.post(path, content=unread())
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert refused.headers["retry-after"] in ("58", "59")
    assert refused.headers["retry-after"] in refused.json()["detail"]
    assert (await phone.post(path, content=b"")).status_code != 429


async def test_without_keys_every_address_has_its_own_rate_limit(bus: Bus, storage: Storage) -> None:
    assert await codes(bus, storage, "10.0.0.1", "10.0.0.1", "10.0.0.2") == [422, 429, 422]


async def codes(bus: Bus, storage: Storage, *addresses: str) -> list[int]:
    """Return the status codes of uploads from these addresses, each of which may send one a minute."""
    settings = GatewaySettings(uploads_per_minute=1)
    async with status_session(settings) as nobody:
        app = create_app(bus, storage, nobody, Health(), settings)
        answers = []
        for address in addresses:
            transport = httpx2.ASGITransport(app, client=(address, 1))
            async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
                answers.append((await submit(client, b"")).status_code)
        return answers


async def test_concurrent_uploads_of_one_caller_are_limited(bus: Bus, storage: Storage) -> None:
    reading, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        reading.set()
        await go_on.wait()
        yield b""

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    async with gateway(bus, storage, max_uploads_at_once=1) as client:
        first = asyncio.create_task(client.post("/api/process", content=slow(), headers=headers))
        await reading.wait()
        assert await _code(client) == "too_many_uploads"
        go_on.set()
        assert (await first).status_code == 422
        assert await _code(client) == "not_a_form"


async def _code(client: httpx2.AsyncClient) -> str:
    return str((await client.post("/api/process", content=b"")).json()["code"])


async def test_addresses_of_one_ipv6_network_count_as_one_client(bus: Bus, storage: Storage) -> None:
    assert await codes(bus, storage, "2001:db8::1", "2001:db8::ffff:2", "2001:db8:1::1") == [422, 429, 422]


async def test_a_mapped_ipv4_address_counts_as_itself(bus: Bus, storage: Storage) -> None:
    addresses = "::ffff:192.0.2.1", "::ffff:192.0.2.2", "192.0.2.1"
    assert await codes(bus, storage, *addresses) == [422, 422, 429]


async def test_a_limit_of_zero_disables_the_rate_limit(bus: Bus, storage: Storage) -> None:
    async with gateway(bus, storage, uploads_per_minute=0) as client:
        assert {(await client.post("/api/process")).status_code for _ in range(70)} == {415}


async def test_an_owner_with_too_many_unfinished_jobs_is_refused_until_one_ends(start: Start, store: Store) -> None:
    locked = await start(**KEYS, max_unfinished_jobs=2)
    web, phone = locked.with_key(WEB), locked.with_key(PHONE)
    first, second = await web.submit("first"), await web.submit()
    await until(lambda: counted(store, first, second), True)
    refused = await web.client.post("/api/process", content=unread())
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_unfinished_jobs")
    assert int(refused.headers["retry-after"]) > 0
    assert await web.submit("first") == first
    await phone.submit()
    assert (await web.client.delete(f"/api/jobs/{second}")).status_code == 204
    await until(lambda: web.status(second), "failed")
    await web.submit()


async def test_a_retry_counts_toward_the_unfinished_jobs(start: Start, store: Store) -> None:
    web = (await start(**KEYS, max_unfinished_jobs=1)).with_key(WEB)
    failing = await web.submit()
    await web.bus.publish(failed(BEATS).model_copy(update={"job_id": failing}))
    await until(lambda: web.status(failing), "failed")
    other = await web.submit()
    await until(lambda: counted(store, other), True)
    refused = await web.client.post(f"/api/jobs/{failing}/retry")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_unfinished_jobs")
    await web.client.delete(f"/api/jobs/{other}")
    await until(lambda: web.status(other), "failed")
    assert (await web.client.post(f"/api/jobs/{failing}/retry")).status_code == 202


async def test_without_the_status_service_unfinished_jobs_are_not_limited(bus: Bus, storage: Storage) -> None:
    async with gateway(bus, storage, **KEYS, max_unfinished_jobs=1) as client:
        client.headers["X-API-Key"] = WEB
        assert [(await submit(client, tone(2))).status_code for _ in range(2)] == [202, 202]


async def links_of(system: System, job_id: str) -> dict[str, Any]:
    answer = await system.client.get(f"/api/jobs/{job_id}/links")
    assert answer.headers["cache-control"] == "no-store"
    document: dict[str, Any] = answer.raise_for_status().json()
    return document


async def test_links_work_without_a_key(locked: System, web: System) -> None:
    job = await web.finished()
    answer = await links_of(web, job["job_id"])
    assert len(answer["links"]) == 11
    assert (await locked.client.get(answer["links"].pop("zip_path"))).status_code == 200
    assert 3590 < (datetime.fromisoformat(answer["expires_at"]) - datetime.now(UTC)).total_seconds() <= 3600
    for field, link in answer["links"].items():
        played = await locked.client.get(link, headers={"Range": "bytes=0-"})
        assert (played.status_code, played.text) == (206, f"{job['job_id']}'s {field.removesuffix('_path')}")
        assert "public" not in played.headers["cache-control"]
    saved = await locked.client.get(f"{answer['links']['vocals_path']}&download")
    assert saved.headers["content-disposition"] == (
        "attachment; filename=\"song_vocals.wav\"; filename*=UTF-8''song_vocals.wav"
    )
    assert (await locked.client.head(answer["links"]["beats_path"])).status_code == 200
    assert (await locked.client.get(f"/api/status/{job['job_id']}{re.sub('^[^?]*', '', link)}")).status_code == 401


async def test_an_expired_or_altered_link_is_refused_with_instructions(
    locked: System, web: System, start: Start
) -> None:
    job, other = await web.finished(), await web.finished()
    link = (await links_of(web, job["job_id"]))["links"]["vocals_path"]
    late = (await links_of((await start(**KEYS, link_minutes=1e-6)).with_key(WEB), job["job_id"]))["links"]
    in_its_time = await start(**KEYS, link_minutes=1e-6)
    for system, wrong in (
        (in_its_time, late["vocals_path"]),
        (locked, link[:-1]),
        (locked, link.replace(f"/storage/{job['job_id']}", f"/storage/{other['job_id']}")),
        (locked, f"{link.partition('=')[0]}="),
        (await start(**KEYS | {"link_secret": "another secret of that many chars"}), link),
    ):
        answer = await system.client.get(wrong)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_link")
        assert "Ask for new ones" in answer.json()["detail"]


async def test_without_keys_links_have_no_token(start: Start) -> None:
    anyone = await start()
    job = await anyone.finished()
    answer = await links_of(anyone, job["job_id"])
    assert answer["expires_at"] is None
    assert answer["links"]["vocals_path"] == job["stem_separation"]["vocals_path"]
    assert (await anyone.client.get(f"{answer['links']['vocals_path']}?token=any")).status_code == 200


PAGE = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; base-uri 'none'; form-action 'none'"
DOCS = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"


@pytest.mark.parametrize(
    ("path", "status", "policy"),
    [
        ("/", 200, f"{PAGE}; frame-ancestors 'none'"),
        ("/web/icon.svg", 200, f"{PAGE}; frame-ancestors 'none'"),
        ("/docs", 200, f"{DOCS}; frame-ancestors 'none'"),
        ("/livez", 200, "default-src 'none'; frame-ancestors 'none'"),
        ("/nonesuch", 404, "default-src 'none'; frame-ancestors 'none'"),
        ("/api/status/abc123", 503, "default-src 'none'; frame-ancestors 'none'"),
        ("/storage/x/a_vocals.wav", 500, "default-src 'none'; media-src 'self'; frame-ancestors 'none'"),
    ],
)
async def test_every_response_has_security_headers(bus: Bus, path: str, status: int, policy: str) -> None:
    broken: Any = None
    settings = GatewaySettings(status_url=NOWHERE)
    async with status_session(settings) as nobody:
        app = create_app(bus, broken, nobody, Health(), settings)
        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            answer = await client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-security-policy"] == policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "cross-origin-resource-policy" not in answer.headers
    if path.startswith(("/api/", "/storage/")):
        assert answer.headers["cache-control"] == "no-store"


async def test_the_documentation_page_loads_only_files_of_the_gateway(locked: System) -> None:
    answer = await locked.client.get("/docs")
    files = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert {Path(file).suffix for file in files} >= {".js", ".css"}
    for file in files:
        assert file.startswith("/web/")
        assert (await locked.client.get(file)).status_code == 200


@pytest.mark.parametrize("log_format", ["json", "console"])
async def test_input_of_a_caller_cannot_forge_log_lines(
    amqp_url: str, bus: Bus, tmp_path: Path, log_format: str
) -> None:
    hostile = "a\x1b[31mjob=accepted\x1b]0;x\x07"
    env = {"AMQP_URL": amqp_url, "LOG_FORMAT": log_format, "LOG_LEVEL": "debug", "STORAGE_URL": str(tmp_path / "s")}
    service = table({**os.environ, **env})["gateway"]
    child = Child("gateway", service.command, service.env, tmp_path / "gateway.log")
    child.start()
    try:
        await asyncio.to_thread(wait_until, service.ready, [child], 30)
        await asyncio.to_thread(send, service.port, {"Idempotency-Key": hostile, "X-API-Key": hostile})
        async with httpx2.AsyncClient(base_url=service.url, timeout=30) as client:
            for language in ("", hostile):
                await submit(client, tone(2), name=f"{hostile}\n\u2028song.wav", language=language)
    finally:
        child.end()
    log = child.log.read_text()
    assert "job accepted" in log
    assert "invalid_option" in log
    assert all(line.isprintable() for line in log.rstrip("\n").split("\n"))
    assert log.count("\n") == len(re.findall(r'"timestamp"|^\d{4}-\d\d-\d\dT', log, re.MULTILINE))


def send(port: int, headers: dict[str, str]) -> None:
    """Send headers that other HTTP clients refuse to send."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", "/api/process", b"", headers)
    connection.getresponse().read()
    connection.close()
