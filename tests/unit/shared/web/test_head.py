"""HEAD gives the headers of GET, and no body, for every kind of response."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, StreamingResponse

from shared.web.head import HeadAsGet
from shared.web.problem import Problem, install_error_handlers
from shared.web.streams import Stream

closed: list[str] = []


async def endless() -> AsyncGenerator[bytes, None]:
    try:
        while True:
            yield b"data: again\n\n"
            await asyncio.sleep(0)
    finally:
        closed.append("endless")


async def unread() -> AsyncGenerator[bytes, None]:
    raise AssertionError("HEAD reads no body")
    yield b""


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    app = FastAPI()
    install_error_handlers(app)
    app.add_middleware(HeadAsGet)

    @app.get("/json")
    async def document() -> dict[str, str]:
        return {"title": "Zoë"}

    @app.get("/file")
    async def file() -> FileResponse:
        return FileResponse(Path(__file__))

    @app.get("/zip")
    async def zipped() -> StreamingResponse:
        return StreamingResponse(unread(), media_type="application/zip")

    @app.get("/events")
    async def events() -> Stream:
        async def close() -> None:
            closed.append("close")

        return Stream(endless(), asyncio.Event(), close)

    @app.get("/range")
    async def ranged(request: Request) -> Response:
        return Response(b"all", 206 if "range" in request.headers else 200)

    @app.get("/unchanged")
    async def unchanged() -> Response:
        return Response(status_code=304, headers={"ETag": '"a"'})

    @app.get("/problem")
    async def problem() -> None:
        raise Problem(404, "gone", "It is not there.")

    @app.post("/post")
    async def post() -> None:
        pass

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        yield client


@pytest.mark.parametrize("path", ["/json", "/file", "/unchanged", "/problem", "/post", "/missing", "/openapi.json"])
async def test_head_is_get_without_its_body(client: httpx2.AsyncClient, path: str) -> None:
    get, head = await client.get(path), await client.head(path)
    assert head.status_code == get.status_code
    assert dict(head.headers) == dict(get.headers)
    assert head.content == b""


async def test_a_response_of_unknown_length_states_none_and_is_not_made(client: httpx2.AsyncClient) -> None:
    head = await client.head("/zip")
    assert (head.status_code, head.headers["content-type"], head.content) == (200, "application/zip", b"")
    assert "content-length" not in head.headers


async def test_a_stream_of_events_ends_at_once_and_is_closed(client: httpx2.AsyncClient) -> None:
    closed.clear()
    async with asyncio.timeout(10):
        head = await client.head("/events")
    assert head.headers["content-type"].startswith("text/event-stream")
    assert closed[-1:] == ["close"]


async def test_a_range_is_ignored(client: httpx2.AsyncClient) -> None:
    asked = {"Range": "bytes=0-0"}
    assert (await client.get("/range", headers=asked)).status_code == 206
    assert (await client.head("/range", headers=asked)).status_code == 200
