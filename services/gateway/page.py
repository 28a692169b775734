"""The page, as it was built from `web/`: at `/`, its parts at `/web/`."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

BUILT: Final = Path(__file__).parent / "web" / "dist"
NOT_BUILT: Final = """\
The page has not been built. `make setup` builds it, with Node.js 20.19 or later; where there is none it gets one.
The API works without it: see /docs.
"""


class _Parts(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        # The names in `assets` have a hash of what is in them.
        kept = path.startswith("assets/") and answer.status_code in (200, 304)
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable" if kept else "no-cache"
        return answer


def add_page(app: FastAPI, folder: Path = BUILT) -> None:
    """Serves the page from `folder`; where it was not built the rest works all the same."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def page() -> Response:
        index = folder / "index.html"
        if not index.is_file():
            return PlainTextResponse(NOT_BUILT, 503)
        return FileResponse(index, headers={"Cache-Control": "no-cache"})

    app.include_router(router)
    if folder.is_dir():
        app.mount("/web", _Parts(directory=folder), name="web")
