"""Responses for the page and its files."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient, Response

from services.gateway.page import add_page


async def get(folder: Path, path: str) -> Response:
    app = FastAPI(docs_url=None)
    add_page(app, folder)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://gateway") as client:
        return await client.get(path)


def built(folder: Path) -> Path:
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "docs.html").write_text("<!doctype html>")
    (folder / "icon.svg").write_text("<svg/>")
    (folder / "assets" / "index-abc123.js").write_text("1")
    return folder


async def test_only_files_named_by_their_content_are_cached_permanently(tmp_path: Path) -> None:
    folder = built(tmp_path / "dist")
    kept = await get(folder, "/web/assets/index-abc123.js")
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert kept.headers["content-type"].startswith("text/javascript")
    for path in ("/", "/docs", "/web/icon.svg"):
        answer = await get(folder, path)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    assert (await get(folder, "/web/assets/gone.js")).status_code == 404


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_a_missing_page_explains_how_to_build_it(tmp_path: Path, path: str) -> None:
    answer = await get(tmp_path / "dist", path)
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/plain")
    assert "make setup" in answer.text
