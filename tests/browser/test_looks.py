"""For every eye and every hand: accessibility by axe's rules, both colour schemes, and a phone's width."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Page

from tests.browser.page import Open, ended, ready, submit
from tests.conftest import ROOT, need

AXE = ROOT / "services/gateway/web/node_modules/axe-core/axe.min.js"
SCHEMES = ["light", "dark"]
WIDTHS = [1280, 360]


@pytest.fixture(scope="package")
async def failed(gateway_url: str, song: Path) -> str:
    async with httpx.AsyncClient(base_url=gateway_url, timeout=60) as client:
        job = await submit(client, song, model="no-such-model", tasks="stem_separation,beat_analysis")
        return await ended(client, job, "failed")


async def findings(page: Page) -> list[str]:
    """What axe thinks serious or critical."""
    need("axe-core", there=AXE.is_file())
    await page.evaluate(AXE.read_text())
    results: dict[str, Any] = await page.evaluate("axe.run({ resultTypes: ['violations'] })")
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in results["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


async def fits(page: Page) -> bool:
    """Whether nothing makes the page wider than the window."""
    return bool(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def look(scheme: str, width: int) -> dict[str, Any]:
    return {"color_scheme": scheme, "viewport": {"width": width, "height": 740}, "has_touch": width < 600}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
async def test_the_empty_page(visit: Open, scheme: str, width: int) -> None:
    page = await visit(**look(scheme, width))
    await page.locator(".hero").wait_for()
    assert await findings(page) == []
    assert await fits(page)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
async def test_a_song_being_sung(visit: Open, sung: str, scheme: str, width: int) -> None:
    page = await ready(await visit(sung, **look(scheme, width)))
    await page.click(".play")
    await page.locator(".word").nth(3).click()
    await page.locator(".word.now").wait_for()
    assert await findings(page) == []
    assert await fits(page)
    for name in ("Words", "Download"):
        await page.get_by_role("button", name=name, exact=True).click()
        await page.get_by_role("dialog", name=name).wait_for()
        assert await findings(page) == []
        assert await fits(page)
        await page.keyboard.press("Escape")


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_song_being_worked_on(visit: Open, song: Path, scheme: str) -> None:
    page = await visit(**look(scheme, 360))
    await page.set_input_files("input[type=file]", song)
    await page.locator(".job-progress").wait_for()
    assert await findings(page) == []
    assert await fits(page)
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Cancel it").click()
    await page.locator(".hero").wait_for()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
async def test_a_song_that_failed(visit: Open, failed: str, scheme: str, width: int) -> None:
    page = await visit(failed, **look(scheme, width))
    await page.get_by_role("alert").wait_for()
    assert await findings(page) == []
    assert await fits(page)


async def test_colours_follow_the_system(visit: Open) -> None:
    papers = set()
    for scheme in SCHEMES:
        page = await visit(color_scheme=scheme)
        papers.add(await page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(papers) == 2


async def test_those_who_want_stillness_get_it(visit: Open, sung: str) -> None:
    page = await ready(await visit(sung, reduced_motion="reduce"))
    moving = """document.getAnimations().length + [...document.querySelectorAll('*')]
        .filter((element) => parseFloat(getComputedStyle(element).transitionDuration) > 0).length"""
    await page.click(".play")
    await page.locator(".word").nth(12).click()
    assert await page.evaluate(moving) == 0
