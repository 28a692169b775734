"""From the upload to singing: sound, lyrics in time with it, and seeking."""

import json
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.page import Open, holds, ready, violations

FRAME = 1 / 60
Record = Callable[[str, object], None]


async def heard(page: Page) -> float:
    """Wait until the last seek has taken effect, and return the position of the sound in seconds."""
    await holds(page, "probe.position() >= probe.sources.at(-1).offset")
    return float(await page.evaluate("probe.position()"))


async def test_a_song_can_be_played_before_its_lyrics_are_ready(
    visit: Open, song: Path, record_testsuite_property: Record
) -> None:
    page = await visit()
    began = time.monotonic()
    await page.set_input_files("input[type=file]", song)
    await page.locator(".play").wait_for(timeout=180_000)
    record_testsuite_property("seconds_to_playable", round(time.monotonic() - began, 1))
    await expect(page.locator(".lyrics.empty")).to_contain_text("on their way")
    await page.click(".play")
    await holds(page, "probe.position() > 1 && probe.loudness() > 0.01")
    await page.locator(".line").first.wait_for(timeout=180_000)
    record_testsuite_property("seconds_to_words", round(time.monotonic() - began, 1))
    await expect(page.locator(".facts")).to_contain_text("116 bpm")
    await page.locator("[data-task=transcription]").wait_for(state="detached")
    await page.locator(".brand").click()
    await expect(page.locator(".recent li")).to_contain_text("river_town.ogg")


@pytest.mark.parametrize(("key", "speed"), [(0, 0), (3, 0), (0, 3)])
async def test_words_are_highlighted_when_they_are_heard(
    visit: Open, sung: str, record_testsuite_property: Record, key: int, speed: int
) -> None:
    """`key` and `speed` are steps up. The pitch shift delays the sound, and the highlights must wait for it."""
    page = await ready(await visit(sung))
    for label, steps in (("Key up", key), ("Speed up", speed)):
        for _ in range(steps):
            await page.get_by_role("button", name=label).click()
    await page.click(".play")
    await holds(page, "probe.position() > 20")
    delay = float(
        await page.evaluate(
            "probe.worklet ? probe.worklet.latency().then(latency => latency * probe.sources[0].rate) : 0"
        )
    )
    assert (delay > 0) == bool(key or speed)
    errors: list[dict[str, Any]] = await page.evaluate("probe.errors")
    late = [each["error"] - delay for each in errors]
    assert len(late) > 15
    record_testsuite_property(f"median_ms key {key} speed {speed}", round(1000 * statistics.median(late), 1))
    record_testsuite_property(f"max_ms key {key} speed {speed}", round(1000 * max(late, key=abs), 1))
    assert abs(statistics.median(late)) < 3 * FRAME
    assert sum(abs(each) >= 0.2 for each in late) <= 2  # a busy machine may stop the page now and then


async def test_a_click_on_a_word_seeks_to_it(visit: Open, sung: str) -> None:
    page = await ready(await visit(sung))
    await page.click(".play")
    word = page.locator(".word").nth(5)
    start = float(await word.get_attribute("data-start") or "nan")
    await word.click()
    await expect(word).to_have_class(re.compile(r"\b(now|sung)\b"))
    assert start <= await heard(page) < start + 3


async def test_words_that_somebody_else_corrects_are_shown_while_the_song_plays(
    visit: Open, sung: str, gateway_url: str
) -> None:
    page = await ready(await visit(sung))
    await page.click(".play")
    await holds(page, "probe.position() > 0.5")
    sources, path = await page.evaluate("probe.sources.length"), f"/api/jobs/{sung}/lyrics.json"
    async with httpx2.AsyncClient(base_url=gateway_url) as client:
        lyrics = (await client.get(path)).json()
        heard = lyrics["lines"][0]["words"][0]["text"]
        lyrics["lines"][0]["words"][0]["text"] = "Marvellous"
        (await client.put(path, json=lyrics)).raise_for_status()
        await expect(page.locator(".word").first).to_have_text("Marvellous", timeout=20_000)
        (await client.delete(path)).raise_for_status()
    position = await page.evaluate("probe.position()")
    await expect(page.locator(".word").first).to_have_text(heard, timeout=20_000)
    await holds(page, f"probe.position() > {position} + 1")
    assert await page.evaluate("probe.sources.length") == sources, "the stems were started again"


async def test_the_first_lines_can_be_sung_until_all_lines_replace_them(
    visit: Open, gateway_url: str, sung: str
) -> None:
    page = await visit()
    job = await (await page.request.get(f"{gateway_url}/api/status/{sung}")).json()
    lyrics = await (await page.request.get(f"{gateway_url}/api/jobs/{sung}/lyrics.json")).json()
    words = job["transcription"] | {"status": "processing", "partial": True, "partial_lines": 2}
    states = [job | {"status": "processing", "transcription": words}]
    first = lyrics | {"partial": True, "lines": lyrics["lines"][:2]}

    async def send_state(route: Route) -> None:
        state = states[0] if states else job
        event = f"event: status\nretry: 100\ndata: {json.dumps(state)}\n\n"
        await route.fulfill(body=event, content_type="text/event-stream")

    async def send_lyrics(route: Route) -> None:
        await route.fulfill(json=first if states else lyrics)

    await page.route("**/events", send_state)
    await page.route("**/lyrics.json", send_lyrics)
    await page.goto(f"{gateway_url}/#{sung}")
    await ready(page)
    more = page.locator(".lyrics .more")
    await expect(page.locator(".line")).to_have_count(2)
    await expect(page.locator(".job-progress .summary")).to_contain_text("More lines are coming")
    await expect(more).to_contain_text("Some may still appear between these")
    assert await violations(page) == []
    await page.get_by_role("button", name="Words").click()
    await expect(page.get_by_label("Correct them")).to_have_value("")
    await page.get_by_role("button", name="Leave as is").click()
    await page.click(".play")
    word = page.locator(".line").nth(1).locator(".word").first
    await word.click()
    await expect(word).to_have_class(re.compile(r"\b(now|sung)\b"))
    states.clear()
    await expect(page.locator(".line")).to_have_count(len(lyrics["lines"]))
    await expect(more).to_have_count(0)
    await expect(page.locator(".line").nth(1)).to_have_attribute("aria-current", "true")
    await expect(word).to_have_class(re.compile(r"\b(now|sung)\b"))


async def test_the_keyboard_plays_and_seeks(visit: Open, sung: str) -> None:
    page = await ready(await visit(sung))
    await page.locator(".title h1").click()  # no control has the focus
    await page.keyboard.press(" ")
    await holds(page, "probe.sources.length > 0 && probe.position() > 0.3")
    await page.keyboard.press("ArrowRight")
    assert 5 < await heard(page) < 9
    await page.keyboard.press("ArrowLeft")
    assert await heard(page) < 5
    first = float(await page.locator(".word").first.get_attribute("data-start") or "nan")
    second = page.locator(".line").nth(1).locator(".word").first
    await page.locator(".word").first.click()
    await page.keyboard.press("ArrowDown")
    assert await heard(page) >= float(await second.get_attribute("data-start") or "nan") > first
    await page.keyboard.press(" ")
    await holds(page, "probe.sources.length === 0")
    await expect(page.get_by_role("button", name="Play")).to_be_visible()


async def test_the_waveform_is_a_slider(visit: Open, sung: str) -> None:
    page = await ready(await visit(sung))
    wave = page.get_by_role("slider", name="Place in the song")
    await wave.focus()
    await page.keyboard.press("End")
    await expect(wave).to_have_attribute("aria-valuenow", "40")
    await page.keyboard.press("Home")
    await page.keyboard.press("PageUp")
    await expect(wave).to_have_attribute("aria-valuetext", "0:15 of 0:39")
    box = await wave.bounding_box()
    assert box
    await page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    await expect(wave).to_have_attribute("aria-valuenow", "20")
