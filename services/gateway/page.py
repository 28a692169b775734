"""Serves what `make setup` builds from `web/`: the page, the API's documentation at `/docs`, files below `/web/`."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

BUILT: Final = Path(__file__).parent / "web" / "dist"
NOT_BUILT: Final = """\
The page has not been built. `make setup` builds it, with Node.js 20.19 or later, which it downloads if necessary.
The API works without it: see /openapi.json.
"""


class _PageFiles(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        # File names in `assets` contain a hash of the content.
        immutable = path.startswith("assets/") and response.status_code in (200, 304)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if immutable else "no-cache"
        return response


def add_page(app: FastAPI, folder: Path = BUILT) -> None:
    """Serve the pages from `folder`. If they have not been built, they explain how to build them."""
    router = APIRouter(include_in_schema=False)

    def built(name: str) -> Response:
        if not (folder / name).is_file():
            return PlainTextResponse(NOT_BUILT, 503)
        return FileResponse(folder / name, headers={"Cache-Control": "no-cache"})

    @router.get("/")
    async def page() -> Response:
        return built("index.html")

    @router.get("/docs")
    async def documentation() -> Response:
        return built("docs.html")

    app.include_router(router)
    if folder.is_dir():
        app.mount("/web", _PageFiles(directory=folder), name="web")
