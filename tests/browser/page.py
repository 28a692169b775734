"""Steps that several tests of the page share."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
from playwright.async_api import Page

from tests.conftest import ROOT, need
from tests.system import until

Open = Callable[..., Awaitable[Page]]
AXE = ROOT / "services/gateway/web/node_modules/axe-core/axe.min.js"


async def submit(client: httpx2.AsyncClient, song: Path, **options: str) -> str:
    answer = await client.post("/api/process", files={"file": (song.name, song.read_bytes())}, data=options)
    return str(answer.raise_for_status().json()["job_id"])


async def ended(client: httpx2.AsyncClient, job_id: str, outcome: str) -> str:
    """Wait until a job has finished with the given outcome, and return its id."""
    document: dict[str, Any] = {}

    async def is_finished() -> bool:
        document.update((await client.get(f"/api/status/{job_id}")).json())
        return document["status"] in ("completed", "failed")

    await until(is_finished, wanted=True, within=180)
    assert document["status"] == outcome, document
    return job_id


async def ready(page: Page) -> Page:
    """Wait until the song can be played and its lyrics are shown."""
    await page.locator(".play").wait_for()
    await page.locator(".line").first.wait_for()
    return page


async def holds(page: Page, condition: str, within: float = 60) -> None:
    """Wait until a JavaScript expression is true. (The page's Content-Security-Policy blocks `wait_for_function`.)"""
    await until(lambda: page.evaluate(f"Boolean({condition})"), wanted=True, within=within)


async def violations(page: Page) -> list[str]:
    """Return axe's serious and critical violations."""
    need("axe-core", there=AXE.is_file())
    await page.evaluate(AXE.read_text())
    results: dict[str, Any] = await page.evaluate("axe.run({ resultTypes: ['violations'] })")
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in results["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]
