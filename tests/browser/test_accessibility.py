"""Accessibility by axe's rules, in both colour schemes and at a desktop's and a phone's width."""

from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
import soundfile
from playwright.async_api import Page, expect

from tests.browser.page import Open, ended, ready, submit, violations

SCHEMES = ["light", "dark"]
WIDTHS = [1280, 360]


@pytest.fixture(scope="package")
async def failed(gateway_url: str, song: Path) -> str:
    async with httpx2.AsyncClient(base_url=gateway_url, timeout=60) as client:
        job = await submit(client, song, model="no-such-model", tasks="stem_separation,beat_analysis")
        return await ended(client, job, "failed")


async def fits(page: Page) -> bool:
    """Return whether the page is not wider than the window."""
    return bool(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def display(scheme: str, width: int) -> dict[str, Any]:
    return {"color_scheme": scheme, "viewport": {"width": width, "height": 740}, "has_touch": width < 600}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
async def test_the_home_page_is_accessible(visit: Open, scheme: str, width: int) -> None:
    page = await visit(**display(scheme, width))
    await page.locator(".hero").wait_for()
    assert await violations(page) == []
    assert await fits(page)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
async def test_a_playing_song_is_accessible(visit: Open, sung: str, scheme: str, width: int) -> None:
    page = await ready(await visit(sung, **display(scheme, width)))
    await page.click(".play")
    await page.locator(".word").nth(3).click()
    await page.locator(".word.now").wait_for()
    assert await violations(page) == []
    assert await fits(page)
    for name in ("Words", "Download"):
        await page.get_by_role("button", name=name, exact=True).click()
        await page.get_by_role("dialog", name=name).wait_for()
        assert await violations(page) == []
        assert await fits(page)
        await page.keyboard.press("Escape")


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_song_in_progress_is_accessible(visit: Open, song: Path, scheme: str) -> None:
    page = await visit(**display(scheme, 360))
    await page.set_input_files("input[type=file]", song)
    await page.locator(".job-progress").wait_for()
    assert await violations(page) == []
    assert await fits(page)
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Cancel it").click()
    await page.locator(".hero").wait_for()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
async def test_a_failed_song_is_accessible(visit: Open, failed: str, scheme: str, width: int) -> None:
    page = await visit(failed, **display(scheme, width))
    await page.get_by_role("alert").wait_for()
    assert await violations(page) == []
    assert await fits(page)


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_notes_about_a_song_are_shown_and_accessible(
    visit: Open, gateway_url: str, tmp_path: Path, scheme: str
) -> None:
    soundfile.write(tmp_path / "silence.flac", np.zeros((5 * 44_100, 2)), 44_100)
    async with httpx2.AsyncClient(base_url=gateway_url, timeout=60) as client:
        job = await ended(client, await submit(client, tmp_path / "silence.flac", tasks="beat_analysis"), "completed")
    page = await visit(job, **display(scheme, 360))
    notes = page.get_by_role("list", name="Notes about this song").get_by_role("listitem")
    await expect(notes).to_have_text(["No steady beat was found."])
    assert await violations(page) == []
    assert await fits(page)


async def test_the_colour_scheme_follows_the_system(visit: Open) -> None:
    backgrounds = set()
    for scheme in SCHEMES:
        page = await visit(color_scheme=scheme)
        backgrounds.add(await page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(backgrounds) == 2


async def test_reduced_motion_disables_all_animations(visit: Open, sung: str) -> None:
    page = await ready(await visit(sung, reduced_motion="reduce"))
    moving = """document.getAnimations().length + [...document.querySelectorAll('*')]
        .filter((element) => parseFloat(getComputedStyle(element).transitionDuration) > 0).length"""
    await page.click(".play")
    await page.locator(".word").nth(12).click()
    assert await page.evaluate(moving) == 0
