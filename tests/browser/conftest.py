"""Fixtures that open the page in the distribution's Chromium, against the five live services."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.browser.page import Open
from tests.conftest import need

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
AUDIO_PROBE = Path(__file__).with_name("audio_probe.js")


@pytest.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    chromium = shutil.which("chromium")
    need("Chromium", there=bool(chromium))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGS)
        yield browser
        await browser.close()


@pytest.fixture
async def visit(browser: Browser, gateway_url: str) -> AsyncIterator[Open]:
    """Return a function that opens the page, or a job on it, in a browser context of its own with the given options.

    Afterwards, fail if the page violated its Content-Security-Policy or raised an unhandled error.
    """
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    async def open_page(job_id: str = "", **options: Any) -> Page:
        context = await browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        await context.add_init_script(path=AUDIO_PROBE)
        page = await context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.append(line.text) if "Security Policy" in line.text else None)
        await page.goto(f"{gateway_url}/#{job_id}" if job_id else gateway_url)
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert errors == []


@pytest.fixture(scope="session")
def sung(job: dict[str, Any]) -> str:
    """Id of the sample song's job, which has all results."""
    return str(job["job_id"])
