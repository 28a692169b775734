"""The page that `make setup` builds from `web/`: `/`, and its files below `/web/`."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

BUILT: Final = Path(__file__).parent / "web" / "dist"
NOT_BUILT: Final = """\
The page has not been built. `make setup` builds it, with Node.js 20.19 or later, which it downloads if necessary.
The API works without it: see /docs.
"""


class _PageFiles(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        # File names in `assets` contain a hash of the content.
        immutable = path.startswith("assets/") and response.status_code in (200, 304)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if immutable else "no-cache"
        return response


def add_page(app: FastAPI, folder: Path = BUILT) -> None:
    """Serve the page from `folder`. If it has not been built, `/` explains how to build it."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def page() -> Response:
        index = folder / "index.html"
        if not index.is_file():
            return PlainTextResponse(NOT_BUILT, 503)
        return FileResponse(index, headers={"Cache-Control": "no-cache"})

    app.include_router(router)
    if folder.is_dir():
        app.mount("/web", _PageFiles(directory=folder), name="web")
