"""Sends one HTTP request to a receiver that we do not trust: to a checked address and with strict limits."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from typing import Final
from weakref import WeakValueDictionary

import aiohttp
from yarl import URL

from shared.callbacks.address import Network, addresses, parse
from shared.callbacks.lookup import Resolve, resolve
from shared.errors import TransientError

SECONDS: Final = 10.0
"""Longest time for a request, from the look-up of the host to the response."""

LOOKUP_SECONDS: Final = 3.0
"""Longest time for one look-up."""

LOOKUPS_OF_ONE: Final = 2
"""Simultaneous look-ups for one owner, so that an owner's slow name servers do not take the places of others."""

CONNECT_SECONDS: Final = 3.0
"""Longest time to connect to one address, because another address of the same host may work."""

SKIM_SECONDS: Final = 1.0
RESPONSE_BYTES: Final = 4096
"""Limits for reading a response body, which is ignored."""


class CallbackSender:
    """Sends through a session from `callback_session`."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        networks: Sequence[Network],
        resolving: Resolve = resolve,
        forbidden: Sequence[Network] = (),
    ) -> None:
        self._session = session
        self._networks = networks
        self._forbidden = forbidden
        self._resolve = resolving
        self._lookups: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def send(self, to: str, headers: Mapping[str, str], body: bytes, owner: str | None = None) -> int:
        """Send a POST request for an owner and return the status of the response.

        Raises PermanentError if the URL or an address of its host is not allowed, TransientError without a response.
        """
        url = parse(to)
        try:
            async with asyncio.timeout(SECONDS):
                found = await self._addresses(url, owner)
                for address in found:
                    try:
                        return await self._post(url, address, headers, body)
                    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                        if address == found[-1]:
                            raise
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TransientError("The receiver did not answer", _reason(error)) from None
        raise AssertionError

    async def _addresses(self, url: URL, owner: str | None) -> list[str]:
        limit = self._lookups.setdefault(owner, asyncio.Semaphore(LOOKUPS_OF_ONE)) if owner else nullcontext()
        async with limit, asyncio.timeout(LOOKUP_SECONDS):
            return await addresses(url, self._networks, self._resolve, self._forbidden)

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
