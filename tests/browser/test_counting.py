"""Tempo, metre and the first beat of the bar, corrected on the page with the keyboard."""

import httpx2
import pytest
from playwright.async_api import expect

from tests.browser.page import Open, ready, violations


async def test_the_beats_are_counted_as_the_user_says(visit: Open, sung: str, gateway_url: str) -> None:
    page = await ready(await visit(sung))
    panel, facts = page.locator(".counting"), page.locator(".facts")
    summary = panel.locator("summary")
    await expect(summary).to_have_text("Beats: 116 bpm · 4/4")
    half = panel.get_by_role("button", name="Half tempo")
    await summary.click()
    await expect(half).to_be_visible()
    for _ in range(2):
        await summary.press("Enter")
    await half.press("Enter")
    await expect(summary).to_have_text("Beats: 58 bpm · 4/4 · corrected")
    await expect(half).to_have_attribute("aria-pressed", "true")
    await expect(facts).to_contain_text("58 bpm")
    await panel.get_by_label("Metre").select_option("3/4")
    await expect(summary).to_have_text("Beats: 58 bpm · 3/4 · corrected")
    box = await page.locator(".waveform").bounding_box()
    assert box
    await page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    async with page.expect_response(lambda answer: answer.request.method == "PUT") as answer:
        await panel.get_by_role("button", name="This beat is the one").press("Enter")
    found = await (await answer.value).json()
    assert found["correction"]["first_downbeat"] in found["downbeats"]
    assert (found["tempo_bpm"], found["time_signature"]) == (pytest.approx(58, abs=0.5), "3/4")
    assert await violations(page) == []
    await panel.get_by_role("button", name="As it was heard").press("Enter")
    await expect(summary).to_have_text("Beats: 116 bpm · 4/4")
    await expect(summary).to_be_focused()
    async with httpx2.AsyncClient(base_url=gateway_url) as client:
        assert (await client.get(f"/api/jobs/{sung}/beats.json")).json()["corrected"] is False
