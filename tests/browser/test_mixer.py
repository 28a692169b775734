"""The mixer, speed, metronome and count-in, measured at the sound that the page plays."""

from statistics import mean

from playwright.async_api import Page, expect

from tests.browser.page import Open, holds, ready

CHORUS = "0.35"  # position as a share of the song; all stems play there


async def playing(page: Page) -> Page:
    await ready(page)
    await page.click(".play")
    box = await page.locator(".waveform").bounding_box()
    assert box
    await page.mouse.click(box["x"] + box["width"] * float(CHORUS), box["y"] + 20)
    return page


async def loudness(page: Page) -> float:
    """Return the mean loudness over 1.5 seconds, after changes have taken effect."""
    at = "new Promise(resolve => setTimeout(() => resolve(probe.loudness()), 250))"
    await page.evaluate(at)
    return mean([float(await page.evaluate(at)) for _ in range(6)])


async def test_mute_and_solo_change_the_sound(visit: Open, sung: str) -> None:
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
    assert await loudness(page) > 1e-3  # solo overrides mute
    await page.get_by_label("Volume of Voice").fill("0")
    assert await loudness(page) < 1e-4


async def test_the_keys_m_and_s_mute_and_solo_the_voice(visit: Open, sung: str) -> None:
    page = await playing(await visit(sung))
    mute, solo = (page.get_by_role("button", name=f"{what} Voice") for what in ("Mute", "Solo"))
    await expect(mute).to_have_attribute("aria-pressed", "true")
    await page.keyboard.press("m")
    await expect(mute).to_have_attribute("aria-pressed", "false")
    await page.keyboard.press("s")
    await expect(solo).to_have_attribute("aria-pressed", "true")


async def test_all_stems_start_at_the_same_sample(visit: Open, sung: str) -> None:
    page = await playing(await visit(sung))
    sources = await page.evaluate("probe.sources.map(({ when, offset, rate }) => [when, offset, rate])")
    assert len(sources) == 4
    assert all(source == sources[0] for source in sources)


async def test_speed_changes_the_tempo_and_the_sound_is_still_heard(visit: Open, sung: str) -> None:
    page = await playing(await visit(sung))
    for name in ("Drums", "Other"):
        await page.get_by_role("button", name=f"Mute {name}").click()
    for _ in range(4):
        await page.get_by_role("button", name="Speed down").click()
    await holds(page, "probe.sources.at(-1).rate < 0.81")
    began = await page.evaluate("[probe.position(), probe.context.currentTime]")
    await holds(page, f"probe.context.currentTime > {began[1] + 2}")
    ended = await page.evaluate("[probe.position(), probe.context.currentTime]")
    assert abs((ended[0] - began[0]) / (ended[1] - began[1]) - 0.8) < 0.01
    assert await loudness(page) > 1e-3  # the pitch shift works under the page's Content-Security-Policy


async def test_the_metronome_is_heard(visit: Open, sung: str) -> None:
    page = await playing(await visit(sung))
    for name in ("Drums", "Bass", "Other"):
        await page.get_by_role("button", name=f"Mute {name}").click()
    assert await loudness(page) < 1e-4
    await page.get_by_role("switch", name="Click").check()
    await holds(page, "probe.loudness() > 0.005")


async def test_one_bar_is_counted_in_before_the_song(visit: Open, sung: str) -> None:
    page = await ready(await visit(sung))
    await page.get_by_role("switch", name="Count-in").check()
    await page.click(".play")
    await holds(page, "probe.sources.length > 0")
    lead = float(await page.evaluate("probe.sources[0].when - probe.context.currentTime"))
    assert 1 < lead < 2.5  # a bar of four beats at 116 bpm takes 2.07 s, minus the upbeat
    await holds(page, "probe.loudness() > 0.005 && probe.context.currentTime < probe.sources[0].when")
