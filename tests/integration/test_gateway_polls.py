"""Polls through the gateway: ETags, CORS headers and access."""

import httpx2
import pytest

from services.status.database.store import Store
from shared.tasks import Task
from tests.fakes import JOB_ID, submitted
from tests.system import KEYS, PHONE, WEB, Start, System, recent

URL = f"/api/status/{JOB_ID}"
ORIGIN = "https://front.example"


@pytest.fixture
async def system(start: Start, store: Store) -> System:
    """Start a gateway that requires a key, with a job of the key `web`."""
    await store.fold([recent(submitted(Task.BEAT_ANALYSIS)).model_copy(update={"owner": "web"})])
    return await start(**KEYS, cors_origins=[ORIGIN])


@pytest.mark.parametrize(
    ("condition", "code"),
    [(None, 200), ("the ETag", 304), ("*", 304), ('"another"', 200), ('"ungewöhnlich"', 200)],
)
async def test_a_poll_with_the_current_etag_gets_304_without_a_body(
    system: System, condition: str | None, code: int
) -> None:
    headers = {"Authorization": f"Bearer {WEB}", "Origin": ORIGIN}
    etag = (await system.client.get(URL, headers=headers)).headers["etag"]
    if condition:
        headers["If-None-Match"] = etag if condition == "the ETag" else condition
    answer = await system.client.get(URL, headers=httpx2.Headers(headers, encoding="utf-8"))
    assert (answer.status_code, bool(answer.content)) == (code, code == 200)
    assert answer.headers["etag"] == etag
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "unauthorized"),
        ({"X-API-Key": PHONE, "X-Owner": "web"}, "job_not_found"),
        ({"Authorization": f"Basic {WEB}"}, "unauthorized"),
    ],
)
async def test_only_the_owner_of_a_job_can_poll_it(system: System, headers: dict[str, str], code: str) -> None:
    answer = await system.client.get(URL, headers=headers)
    assert (answer.json()["code"], "etag" in answer.headers) == (code, False)
