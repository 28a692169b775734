"""Sends one HTTP request to a receiver that we do not trust: to a checked address and with strict limits."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

import aiohttp
from yarl import URL

from shared.callbacks.address import Network, Resolve, addresses, parse, resolve
from shared.errors import TransientError

SECONDS: Final = 10.0
"""Longest time for a request, from the look-up of the host to the response."""

CONNECT_SECONDS: Final = 3.0
"""Longest time to connect to one address, because another address of the same host may work."""

SKIM_SECONDS: Final = 1.0
RESPONSE_BYTES: Final = 4096
"""Limits for reading a response body, which is ignored."""


class CallbackSender:
    """Sends through a session from `callback_session`."""

    def __init__(
        self, session: aiohttp.ClientSession, networks: Sequence[Network], resolving: Resolve = resolve
    ) -> None:
        self._session = session
        self._networks = networks
        self._resolve = resolving

    async def send(self, to: str, headers: Mapping[str, str], body: bytes) -> int:
        """Send a POST request and return the status of the response.

        Raises PermanentError if the URL or an address of its host is not allowed, TransientError without a response.
        """
        url = parse(to)
        try:
            async with asyncio.timeout(SECONDS):
                for address in (found := await addresses(url, self._networks, self._resolve)):
                    try:
                        return await self._post(url, address, headers, body)
                    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                        if address == found[-1]:
                            raise
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TransientError("The receiver did not answer", _reason(error)) from None
        raise AssertionError

    async def _post(self, url: URL, address: str, headers: Mapping[str, str], body: bytes) -> int:
        """Connect to the address that was checked. The host is not looked up again, so DNS rebinding is impossible.

        The Host header and the verified name of the TLS certificate are those of the URL.
        """
        response = await self._session.post(
            url.with_host(address).with_fragment(None),
            data=body,
            headers={**headers, "host": url.host_port_subcomponent or ""},
            server_hostname=url.raw_host,
            allow_redirects=False,
        )
        try:
            await _skim(response.content)
        finally:
            response.close()
        return response.status


def _reason(error: Exception) -> str:
    """Describe the error without its text, which may quote the URL: that may hold a secret, and errors are logged."""
    name, code = type(error).__name__, getattr(error, "errno", None)
    return f"{name}, {os.strerror(code)}" if isinstance(code, int) else name


async def _skim(content: aiohttp.StreamReader) -> None:
    """Read a little, so that a receiver can finish a short response. Errors do not matter: the status is known."""
    size = 0
    with suppress(aiohttp.ClientError, TimeoutError):
        async with asyncio.timeout(SKIM_SECONDS):
            while size <= RESPONSE_BYTES and (chunk := await content.readany()):
                size += len(chunk)


def callback_session() -> aiohttp.ClientSession:
    """Create a session that uses no proxy, keeps no cookies, decompresses nothing and reuses no connection.

    A connection must not be reused because its address was checked for one host only.
    """
    return aiohttp.ClientSession(
        auto_decompress=False,
        connector=aiohttp.TCPConnector(force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        trust_env=False,
    )
