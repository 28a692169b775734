"""HEAD of every route of the gateway and of the status service."""

import asyncio

import httpx2

from services.status.database.store import Store
from shared.broker.bus import Bus
from shared.storage.job_files import Storage
from tests.fakes import submitted
from tests.integration.live import live
from tests.system import System, recent

PARAMETERS = {"{form}": "lrc", "{sound}": "vocals", "{name}": "espresso_vocals.wav"}
SAME = ("content-type", "content-length", "etag", "content-disposition", "cache-control", "content-security-policy")


async def test_head_of_every_route_is_its_get_without_a_body(system: System) -> None:
    job_id = (await system.finished())["job_id"]
    routes = (await system.client.get("/openapi.json")).json()["paths"]
    paths = ["/", "/docs", "/openapi.json", *(path for path, methods in routes.items() if "get" in methods)]
    paths.remove("/metrics")  # counts its own requests
    for path in paths:
        for name, value in {"{job_id}": job_id, **PARAMETERS}.items():
            path = path.replace(name, value)  # noqa: PLW2901 -- filled in step by step
        get, head = await system.client.get(path), await system.client.head(path)
        assert (head.status_code, head.content) == (get.status_code, b""), path
        assert head.status_code != 405, path
        assert {name: head.headers.get(name) for name in SAME} == {name: get.headers.get(name) for name in SAME}, path
    archive = await system.client.head(f"/api/jobs/{job_id}/download.zip")
    assert (archive.status_code, "content-length" in archive.headers) == (200, False)
    assert (await system.client.head("/metrics")).status_code == 200
    assert (await system.client.head("/api/process")).status_code == 405


async def test_head_of_an_event_stream_ends_and_leaves_no_stream_open(bus: Bus, store: Store, storage: Storage) -> None:
    await store.fold([submission := recent(submitted())])
    async with live(bus, store, storage, max_streams=1) as services, asyncio.timeout(20):
        for _ in range(3):
            head = await services.client.head(f"/api/status/{submission.job_id}/events")
            assert (head.status_code, head.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        get = await services.client.get(f"/api/status/{submission.job_id}")
        assert get.headers["etag"] == (await services.client.head(f"/api/status/{submission.job_id}")).headers["etag"]


async def test_the_status_service_answers_head(status_client: httpx2.AsyncClient, store: Store) -> None:
    await store.fold([submission := recent(submitted())])
    for path in (f"/api/status/{submission.job_id}", "/livez", "/metrics", f"/api/status?ids={submission.job_id}"):
        head = await status_client.head(path)
        assert (head.status_code, head.content) == (200, b"")
