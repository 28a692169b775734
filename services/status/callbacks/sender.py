"""One request to a stranger's server: to an address that was checked, in ten seconds, whatever it answers."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

import httpx

from shared.callbacks.address import Network, Resolve, addresses, parse, resolve
from shared.errors import TransientError

SECONDS: Final = 10.0
CONNECT_SECONDS: Final = 3.0
"""For each address, as one of a name's may be dead."""

SKIM_SECONDS: Final = 1.0
ANSWER_BYTES: Final = 4096
"""As much of an answer is read at the most; nothing is made of it."""


class CallbackSender:
    """`client` follows no redirects, uses no proxy, and keeps no connection: it was checked for one name alone."""

    def __init__(self, client: httpx.AsyncClient, networks: Sequence[Network], resolving: Resolve = resolve) -> None:
        self._client = client
        self._networks = networks
        self._resolve = resolving

    async def send(self, to: str, headers: Mapping[str, str], body: bytes) -> int:
        """The answer's status. Raises PermanentError where nothing may be sent, TransientError when nobody answers."""
        url = parse(to)
        try:
            async with asyncio.timeout(SECONDS):
                for address in (found := await addresses(url, self._networks, self._resolve)):
                    try:
                        return await self._send(url, address, headers, body)
                    except (httpx.ConnectError, httpx.ConnectTimeout):
                        if address == found[-1]:
                            raise
        except (httpx.HTTPError, TimeoutError) as error:
            raise TransientError("The receiver did not answer", str(error) or type(error).__name__) from error
        raise AssertionError

    async def _send(self, url: httpx.URL, address: str, headers: Mapping[str, str], body: bytes) -> int:
        """Nobody looks the name up again; the certificate is still the name's."""
        there = url.copy_with(host=address, fragment=None)
        named = {**headers, "host": url.netloc.decode()}
        request = self._client.build_request(
            "POST", there, content=body, headers=named, extensions={"sni_hostname": url.raw_host.decode()}
        )
        answer = await self._client.send(request, stream=True)
        try:
            await _skim(answer)
        finally:
            await answer.aclose()
        return answer.status_code


async def _skim(answer: httpx.Response) -> None:
    """Lets the receiver finish what is short; what came of the request is known already."""
    read = 0
    with suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(SKIM_SECONDS):
            async for chunk in answer.aiter_raw():
                read += len(chunk)
                if read > ANSWER_BYTES:
                    return


def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        follow_redirects=False,
        trust_env=False,
        timeout=httpx.Timeout(SECONDS, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_keepalive_connections=0),
    )
