"""Downloads of a song's results."""

import zipfile
from pathlib import Path

import soundfile
from playwright.async_api import Page

from tests.browser.page import Open, ready


async def saved(page: Page, link: str, folder: Path) -> Path:
    async with page.expect_download() as pending:
        await page.get_by_role("link", name=link, exact=True).click()
    download = await pending.value
    await download.save_as(folder / download.suggested_filename)
    return folder / download.suggested_filename


async def test_a_stem_downloads_as_mp3_and_all_results_download_as_zip(
    visit: Open, sung: str, song: Path, tmp_path: Path
) -> None:
    page = await ready(await visit(sung))
    await page.get_by_role("button", name="Download", exact=True).click()
    voice = await saved(page, "Voice", tmp_path)
    assert voice.name == "river_town_vocals.mp3"
    assert abs(soundfile.info(voice).duration - soundfile.info(song).duration) < 0.1
    whole = await saved(page, "Everything, as ZIP", tmp_path)
    assert whole.name == "river_town_karaoke.zip"
    names = {Path(name).name for name in zipfile.ZipFile(whole).namelist()}
    assert {"river_town_vocals.flac", "river_town_lyrics.lrc", "river_town_beats.json"} < names
