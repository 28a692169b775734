"""Where a job's end may be told to: public addresses, and networks that the operator has named."""

import asyncio
import base64
import hmac
import socket
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

import httpx
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from shared.errors import PermanentError, TransientError
from shared.settings import Settings

LENGTH: Final = 2000
SECRET_LENGTH: Final = 32
PORTS: Final = {"http": 80, "https": 443}
LAST_PORT: Final = 65535
GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
NAT64: Final = IPv6Network("64:ff9b::/96")
UNKNOWN_NAME: Final = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))

LOOKUPS: Final = ThreadPoolExecutor(max_workers=4, thread_name_prefix="lookup")
"""A stranger's name server may take its time: nothing else waits for these threads."""

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""All addresses of a name. Raises `socket.gaierror`."""


class CallbackSettings(Settings):
    """Of the services that take callbacks and that make them."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)  # it may be a secret

    webhook_secret: SecretStr = Field(default=SecretStr(""), description="What callbacks are signed with.")
    callback_networks: list[Network] = Field(default=[], description="Private ones that may be called, as JSON.")

    @field_validator("webhook_secret")
    @classmethod
    def _is_long(cls, secret: SecretStr) -> SecretStr:
        if 0 < len(secret.get_secret_value()) < SECRET_LENGTH:
            raise ValueError(f"a secret of {SECRET_LENGTH} characters or more; `openssl rand -hex 32` makes one")
        return secret


def owner_secret(secret: SecretStr, owner: str | None) -> str:
    """What an owner's callbacks are signed with, as Standard Webhooks writes it: no other owner can tell it."""
    derived = hmac.digest(secret.get_secret_value().encode(), f"karaoke.webhooks.{owner or ''}".encode(), sha256)
    return f"whsec_{base64.b64encode(derived).decode()}"


def parse(text: str) -> httpx.URL:
    """Raises PermanentError for what is no address of a web server."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise PermanentError("The callback is no URL", str(error)) from error
    if len(text) > LENGTH or not text.isprintable() or " " in text:
        raise PermanentError("The callback is no URL", f"it has blanks, or more than {LENGTH} characters")
    if url.scheme not in PORTS or not url.host or not 0 < port_of(url) <= LAST_PORT:
        raise PermanentError("The callback is no URL", "give one that starts with https:// or http://")
    if url.userinfo:
        raise PermanentError("The callback has a user name or a password", "put a token into its path or query")
    return url


def port_of(url: httpx.URL) -> int:
    return PORTS[url.scheme] if url.port is None else url.port


async def resolve(host: str, port: int) -> list[str]:
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(LOOKUPS, look_up)
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))


async def addresses(url: httpx.URL, allowed: Iterable[Network], resolving: Resolve = resolve) -> list[str]:
    """What to connect to for `url`. Raises PermanentError unless all of them may be, TransientError if nobody knows."""
    try:
        found = await resolving(url.raw_host.decode(), port_of(url))
    except (socket.gaierror, UnicodeError) as error:
        if isinstance(error, socket.gaierror) and error.errno not in UNKNOWN_NAME:
            raise TransientError("The callback's host cannot be looked up now") from error
        raise _not_public(url) from error
    networks = tuple(allowed)
    if not found or not all(is_allowed(address, networks) for address in found):
        raise _not_public(url)
    return found


def _not_public(url: httpx.URL) -> PermanentError:
    """The same for a name that is private as for one that is none: it tells nobody which names there are."""
    return PermanentError("The callback's host has no address, or one that is not public", url.host[:100])


def is_allowed(text: str, networks: Iterable[Network] = ()) -> bool:
    """Whether an address is public, or in one of `networks`. What is wrapped into an IPv6 address is what counts."""
    try:
        address = _unwrapped(ip_address(text))
    except ValueError:
        return False
    if any(address in network for network in networks):
        return True
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that a mapped, NAT64 or 6to4 one leads to."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
