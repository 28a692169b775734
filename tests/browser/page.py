"""Steps that tests of the page have in common."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Page

from tests.system import until

Open = Callable[..., Awaitable[Page]]


async def submit(client: httpx.AsyncClient, song: Path, **options: str) -> str:
    answer = await client.post("/api/process", files={"file": (song.name, song.read_bytes())}, data=options)
    return str(answer.raise_for_status().json()["job_id"])


async def ended(client: httpx.AsyncClient, job_id: str, outcome: str) -> str:
    """Returns the id of a job once it is over."""
    over: dict[str, Any] = {}

    async def is_over() -> bool:
        over.update((await client.get(f"/api/status/{job_id}")).json())
        return over["status"] in ("completed", "failed")

    await until(is_over, wanted=True, within=180)
    assert over["status"] == outcome, over
    return job_id


async def ready(page: Page) -> Page:
    """Returns once the song can be sung, words and all."""
    await page.locator(".play").wait_for()
    await page.locator(".line").first.wait_for()
    return page


async def holds(page: Page, condition: str, within: float = 60) -> None:
    """Returns once a JavaScript expression is true. The page's policy forbids what `wait_for_function` does."""
    await until(lambda: page.evaluate(f"Boolean({condition})"), wanted=True, within=within)
