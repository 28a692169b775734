"""Problems: the page explains them and offers what the user can do."""

import asyncio
import json
from pathlib import Path

import httpx2
import pytest
from playwright.async_api import Route, expect

from tests.browser.page import Open, ended, ready, submit
from tests.system import until


async def test_a_file_without_audio_is_refused_with_a_message(visit: Open, tmp_path: Path) -> None:
    page = await visit()
    (tmp_path / "poem.mp3").write_text("Shall I compare thee to a summer's day? " * 200)
    await page.set_input_files("input[type=file]", tmp_path / "poem.mp3")
    alert = page.locator(".upload [role=alert]")
    await expect(alert).to_contain_text("audio")
    await page.get_by_role("button", name="Dismiss poem.mp3").click()
    await expect(page.locator(".upload")).to_have_count(0)


async def test_a_failed_job_names_the_failed_task_and_can_be_retried(visit: Open, gateway_url: str, song: Path) -> None:
    async with httpx2.AsyncClient(base_url=gateway_url, timeout=60) as client:
        job = await submit(client, song, model="no-such-model", tasks="stem_separation,beat_analysis")
        await ended(client, job, "failed")
    page = await visit(job)
    await expect(page.get_by_role("alert")).to_contain_text("The voice could not be taken out.")
    async with page.expect_response(lambda answer: answer.url.endswith("/retry") and answer.status == 202):
        await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("button", name="Try again", exact=True)).to_be_enabled(timeout=30_000)
    document = await (await page.request.get(f"{gateway_url}/api/status/{job}")).json()
    assert (document["run"], document["status"]) == (1, "failed")


async def test_a_deleted_song_shows_an_explanation(visit: Open) -> None:
    page = await visit("00000000-0000-4000-8000-000000000000")
    await expect(page.get_by_role("alert")).to_contain_text("is not here any more")


async def test_a_malformed_url_fragment_opens_the_home_page(visit: Open) -> None:
    page = await visit("%")
    await expect(page.locator(".hero")).to_be_visible()


async def test_a_song_in_progress_can_be_cancelled(visit: Open, gateway_url: str, song: Path) -> None:
    page = await visit()
    await page.set_input_files("input[type=file]", song)
    await page.locator(".job-progress").wait_for()
    job = page.url.partition("#")[2]
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Cancel it").click()
    await expect(page.locator(".hero")).to_be_visible()
    await expect(page.locator(".recent li")).to_have_count(0)

    async def error_code() -> str:
        document = await (await page.request.get(f"{gateway_url}/api/status/{job}")).json()
        return str(document["error_code"])

    await until(error_code, "cancelled")


async def test_a_required_api_key_is_requested_and_kept_for_the_tab(visit: Open, gateway_url: str, sung: str) -> None:
    page = await visit()

    async def require_key(route: Route) -> None:
        if route.request.headers.get("authorization") == "Bearer sesame":
            await route.continue_()
        else:
            problem = {"code": "unauthorized", "detail": "Send a key."}
            await route.fulfill(status=401, json=problem, headers={"WWW-Authenticate": "Bearer"})

    await page.route("**/api/**", require_key)
    await page.route("**/storage/**", require_key)
    await page.goto(f"{gateway_url}/#{sung}")
    for key, hint in (("wrong", "A key is needed here."), ("sesame", "This key is not valid here.")):
        await expect(page.locator("#key-hint")).to_contain_text(hint)
        await page.get_by_label("Key", exact=True).fill(key)
        await page.get_by_role("button", name="Use this key").click()
    await ready(page)
    await page.reload()
    await ready(page)


async def test_an_outage_is_shown_and_the_page_recovers(visit: Open, gateway_url: str, short_song: Path) -> None:
    page = await visit()
    # Force polling: an event stream that is already open keeps working when Playwright sets the browser offline.
    await page.route("**/events", lambda route: route.fulfill(status=404, json={"code": "none", "detail": "None."}))
    await page.set_input_files("input[type=file]", short_song)
    await page.locator(".job-progress").wait_for()
    await page.context.set_offline(True)
    await expect(page.get_by_text("The server cannot be reached. Trying again…")).to_be_visible(timeout=20_000)
    await page.context.set_offline(False)
    await page.locator(".play").wait_for(timeout=120_000)
    await expect(page.get_by_text("The server cannot be reached. Trying again…")).to_have_count(0)


@pytest.fixture(scope="module")
async def editable_job(gateway_url: str, short_song: Path) -> str:
    """Return the id of a completed job whose lyrics the tests may replace."""
    async with httpx2.AsyncClient(base_url=gateway_url, timeout=60) as client:
        return await ended(client, await submit(client, short_song, format="flac"), "completed")


async def test_empty_lyrics_are_refused_with_a_message(visit: Open, sung: str) -> None:
    page = await ready(await visit(sung))
    await page.get_by_role("button", name="Words").click()
    await page.get_by_label("Correct them").fill(" \n ")
    await page.get_by_role("button", name="Put in time").click()
    await expect(page.locator(".lyrics-editor .problem")).to_be_visible()
    await page.get_by_role("button", name="Leave as is").click()
    await expect(page.locator(".line").first).to_contain_text("Early morning")


async def test_user_lyrics_replace_the_recognised_ones(visit: Open, editable_job: str) -> None:
    page = await ready(await visit(editable_job))
    await page.get_by_role("button", name="Words").click()
    await page.get_by_label("Correct them").fill("Early morning by the water\nI can hear the river say")
    await page.get_by_role("button", name="Put in time").click()
    await expect(page.locator(".lyrics-editor")).to_have_count(0)
    await expect(page.locator(".line")).to_have_count(2, timeout=120_000)
    await expect(page.locator(".line").nth(1)).to_contain_text("I can hear the river say")
    await expect(page.locator(".facts")).to_contain_text("your own words")


async def test_new_lyrics_while_the_stems_load_do_not_load_the_stems_again(
    visit: Open, gateway_url: str, editable_job: str
) -> None:
    page = await visit()
    released = asyncio.Event()
    requests: list[str] = []

    async def hold(route: Route) -> None:
        requests.append(route.request.url)
        await released.wait()
        await route.continue_()

    await page.route("**/storage/**", hold)
    await page.goto(f"{gateway_url}/#{editable_job}")
    await page.get_by_role("button", name="Words").click()
    await page.get_by_label("Correct them").fill("Early morning by the water")
    await page.get_by_role("button", name="Put in time").click()
    await expect(page.locator(".line")).to_have_count(1, timeout=120_000)
    await expect(page.locator(".facts")).to_contain_text("your own words")
    released.set()
    await page.locator(".play").wait_for()
    assert len(requests) == 4


async def test_an_accepted_run_that_has_not_started_is_shown_as_pending(
    visit: Open, gateway_url: str, sung: str
) -> None:
    page = await ready(await visit(sung))

    async def accept(route: Route) -> None:
        await route.fulfill(status=202, json={"job_id": sung})

    await page.route("**/lyrics", accept)
    await page.get_by_role("button", name="Words").click()
    await page.get_by_role("button", name="Put in time").click()
    await expect(page.get_by_text("will begin as soon as it can")).to_be_visible()
    started = {**await (await page.request.get(f"{gateway_url}/api/status/{sung}")).json(), "run": 1}
    event = f"event: status\nid: started\ndata: {json.dumps(started)}\n\n"

    async def send_event(route: Route) -> None:
        await route.fulfill(body=event, content_type="text/event-stream")

    await page.route("**/events", send_event)
    await expect(page.get_by_text("will begin as soon as it can")).to_have_count(0)
