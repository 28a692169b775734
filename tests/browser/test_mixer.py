"""The mixer and what changes the sound, measured at what comes out."""

from statistics import mean

from playwright.async_api import Page, expect

from tests.browser.page import Open, holds, ready

CHORUS = "0.35"  # of the song: all parts play


async def playing(page: Page) -> Page:
    await ready(page)
    await page.click(".play")
    box = await page.locator(".waveform").bounding_box()
    assert box
    await page.mouse.click(box["x"] + box["width"] * float(CHORUS), box["y"] + 20)
    return page


async def loudness(page: Page) -> float:
    """Over a second and a half, once changes have taken effect."""
    at = "new Promise(resolve => setTimeout(() => resolve(ear.loudness()), 250))"
    await page.evaluate(at)
    return mean([float(await page.evaluate(at)) for _ in range(6)])


async def test_muting_and_soloing_change_what_is_heard(visit: Open, sung: str) -> None:
    page = await playing(await visit(sung))
    mix = await loudness(page)
    for name in ("Drums", "Bass", "Other"):
        await page.get_by_role("button", name=f"Mute {name}").click()
    assert await loudness(page) < 1e-4  # the voice is muted from the start
    await page.get_by_role("button", name="Mute Bass").click()
    bass = await loudness(page)
    assert 1e-3 < bass < mix
    await page.get_by_role("button", name="Solo Voice").click()
    await page.get_by_role("button", name="Mute Bass").click()
    assert await loudness(page) > 1e-3  # solo is stronger than mute
    await page.get_by_label("Volume of Voice").fill("0")
    assert await loudness(page) < 1e-4


async def test_the_keys_m_and_s_are_for_the_voice(visit: Open, sung: str) -> None:
    page = await playing(await visit(sung))
    mute, solo = (page.get_by_role("button", name=f"{what} Voice") for what in ("Mute", "Solo"))
    await expect(mute).to_have_attribute("aria-pressed", "true")
    await page.keyboard.press("m")
    await expect(mute).to_have_attribute("aria-pressed", "false")
    await page.keyboard.press("s")
    await expect(solo).to_have_attribute("aria-pressed", "true")


async def test_all_parts_start_at_one_sample(visit: Open, sung: str) -> None:
    page = await playing(await visit(sung))
    sources = await page.evaluate("ear.sources.map(({ when, offset, rate }) => [when, offset, rate])")
    assert len(sources) == 4
    assert all(source == sources[0] for source in sources)


async def test_speed_changes_the_pace_and_the_sound_comes_through(visit: Open, sung: str) -> None:
    page = await playing(await visit(sung))
    for name in ("Drums", "Other"):
        await page.get_by_role("button", name=f"Mute {name}").click()
    for _ in range(4):
        await page.get_by_role("button", name="Speed down").click()
    await holds(page, "ear.sources.at(-1).rate < 0.81")
    began = await page.evaluate("[ear.position(), ear.context.currentTime]")
    await holds(page, f"ear.context.currentTime > {began[1] + 2}")
    ended = await page.evaluate("[ear.position(), ear.context.currentTime]")
    assert abs((ended[0] - began[0]) / (ended[1] - began[1]) - 0.8) < 0.01
    assert await loudness(page) > 1e-3  # the stretching lets the sound through, under the page's own policy


async def test_the_click_is_heard_on_the_beat(visit: Open, sung: str) -> None:
    page = await playing(await visit(sung))
    for name in ("Drums", "Bass", "Other"):
        await page.get_by_role("button", name=f"Mute {name}").click()
    assert await loudness(page) < 1e-4
    await page.get_by_role("switch", name="Click").check()
    await holds(page, "ear.loudness() > 0.005")


async def test_the_song_is_counted_in(visit: Open, sung: str) -> None:
    page = await ready(await visit(sung))
    await page.get_by_role("switch", name="Count-in").check()
    await page.click(".play")
    await holds(page, "ear.sources.length > 0")
    lead = float(await page.evaluate("ear.sources[0].when - ear.context.currentTime"))
    assert 1 < lead < 2.5  # a bar of four at 116 a minute takes 2.07 s, less the upbeat
    await holds(page, "ear.loudness() > 0.005 && ear.context.currentTime < ear.sources[0].when")
