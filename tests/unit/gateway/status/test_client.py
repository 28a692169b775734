"""The client of the status service, at a server that answers as the test wants."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from services.gateway.settings import Settings
from services.gateway.status import client
from services.gateway.status.client import StatusClient, status_session
from shared.errors import TransientError
from shared.web.problem import Problem
from tests.fakes import JOB_ID

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
CALLS: dict[str, Callable[[StatusClient], Awaitable[object]]] = {
    "poll": lambda status: status.poll(JOB_ID, None, None),
    "read": lambda status: status.read(JOB_ID, None),
    "get_many": lambda status: status.get_many([JOB_ID], None),
    "document": lambda status: status.document(JOB_ID, None),
    "usage": lambda status: status.usage({"owner": "web"}),
    "open_stream": lambda status: status.open_stream(JOB_ID, None, None),
}


@asynccontextmanager
async def served(handler: Handler, path: str = "") -> AsyncIterator[StatusClient]:
    """Yield a client of a status service, below `path`, that answers every request by `handler`."""
    app = web.Application()
    app.router.add_get(f"{path}/{{path:.*}}", handler)
    async with TestServer(app) as server, status_session(Settings(status_url=str(server.make_url(path)))) as session:
        yield StatusClient(session)


@pytest.mark.parametrize("call", CALLS)
async def test_an_unreachable_status_service_is_reported_as_unavailable(call: str) -> None:
    async with status_session(Settings(status_url="http://127.0.0.1:1")) as session:
        with pytest.raises(TransientError) as error:
            await CALLS[call](StatusClient(session))
    assert error.value.code == "status_unavailable"


@pytest.mark.parametrize("call", CALLS)
async def test_an_error_of_the_status_service_is_reported_as_unavailable(call: str) -> None:
    async def fail(_: web.Request) -> web.Response:
        return web.Response(status=500)

    async with served(fail) as status:
        with pytest.raises(TransientError) as error:
            await CALLS[call](status)
    assert error.value.code == "status_unavailable"


async def test_a_silent_status_service_is_asked_once_and_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[web.Request] = []

    async def hang(request: web.Request) -> web.Response:
        requests.append(request)
        await asyncio.sleep(1)
        return web.Response()

    monkeypatch.setattr(client, "COUNT_SECONDS", 0.2)
    async with served(hang) as status:
        with pytest.raises(TransientError) as error:
            await status.usage({"owner": "web"})
    assert (error.value.code, len(requests)) == ("status_unavailable", 1)


async def test_requests_name_the_owner_and_keep_the_path_of_the_status_url() -> None:
    async def echo(request: web.Request) -> web.Response:
        headers = {name: request.headers.get(name) for name in ("X-Owner", "Cache-Control")}
        return web.json_response([request.path_qs, *headers.values()])

    async with served(echo, "/inside") as status:
        assert json.loads((await status.read(JOB_ID, None)).body) == [f"/inside/api/status/{JOB_ID}", None, "no-cache"]
        poll = await status.poll(JOB_ID, "web", None)
        assert json.loads(poll.body) == [f"/inside/api/status/{JOB_ID}", "web", None]
        many = await status.get_many(["a", "b&c"], "web")
        assert json.loads(many.body) == ["/inside/api/status?ids=a,b%26c", "web", None]


async def test_a_malformed_job_id_is_not_found_without_a_request() -> None:
    async with status_session(Settings(status_url="http://127.0.0.1:1")) as session:
        status = StatusClient(session)
        for call in (
            status.poll("a/b", None, None),
            status.read("a/b", None),
            status.open_stream("a/b", None, None),
        ):
            with pytest.raises(Problem) as problem:
                await call
            assert problem.value.code == "job_not_found"
