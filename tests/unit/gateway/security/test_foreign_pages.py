"""Hosts and origins that may use a gateway without keys."""

import pytest
from fastapi import Depends, FastAPI
from httpx2 import ASGITransport, AsyncClient

from services.gateway.security.foreign_pages import refuse_foreign_pages
from services.gateway.settings import Settings
from shared.web.problem import install_error_handlers


async def code(headers: dict[str, str], method: str = "POST", **settings: object) -> str:
    """Return the code of the refusal, or the text of the response."""
    app = FastAPI(dependencies=[Depends(refuse_foreign_pages(Settings.model_validate(settings)))])
    install_error_handlers(app)

    @app.api_route("/", methods=["GET", "POST", "PUT", "DELETE"])
    async def route() -> dict[str, str]:
        return {"code": "served"}

    async with AsyncClient(transport=ASGITransport(app), base_url="http://localhost") as client:
        answer = await client.request(method, "/", headers=headers)
    assert answer.status_code == (200 if answer.json()["code"] == "served" else 403)
    return str(answer.json()["code"])


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "localhost.", "a.localhost", "127.0.0.1:8000", "[::1]:8000", "10.1.2.3", ""]
)
async def test_loopback_names_and_addresses_are_the_gateways_own_hosts(host: str) -> None:
    assert await code({"Host": host}) == "served"
    assert await code({"Host": host}, allowed_hosts=["sing.example"]) == "served"


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "evil.example:80", "[::1", "u@evil.example"]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_another_host_is_refused(host: str, method: str) -> None:
    assert await code({"Host": host}, method) == "foreign_host"


async def test_the_operator_can_add_hosts_or_accept_every_host() -> None:
    allowed = ["Sing.example", "*.sing.example", "gateway.*.svc"]
    for host in ("sing.example:8000", "a.sing.example", "gateway.karaoke.svc"):
        assert await code({"Host": host}, allowed_hosts=allowed) == "served"
        assert await code({"Host": host}, allowed_hosts=["other.example"]) == "foreign_host"
        assert await code({"Host": host}, allowed_hosts=[]) == "served"


OWN: list[dict[str, str]] = [
    {},
    {"Host": "localhost:8000", "Origin": "http://localhost:8000"},
    {"Host": "127.0.0.1", "Origin": "https://127.0.0.1"},
    {"Origin": "https://proxied.example", "Sec-Fetch-Site": "same-origin"},
    {"Origin": "https://page.example", "Sec-Fetch-Site": "cross-site"},  # in CORS_ORIGINS
]
FOREIGN: list[dict[str, str]] = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Host": "localhost:8000", "Origin": "http://localhost:3000"},
    {"Host": "localhost", "Origin": "http://localhost.evil.example"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_only_pages_of_the_gateway_and_of_cors_origins_may_write(method: str) -> None:
    cors = ["https://page.example"]
    assert [await code(headers, method, cors_origins=cors) for headers in OWN] == ["served"] * len(OWN)
    assert {await code(headers, method, cors_origins=cors) for headers in FOREIGN} == {"foreign_origin"}
    assert {await code(headers, method, cors_origins=["*"]) for headers in FOREIGN} == {"served"}


async def test_every_page_may_send_a_request_that_only_reads() -> None:
    assert {await code(headers, "GET") for headers in FOREIGN} == {"served"}
