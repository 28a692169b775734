"""Addresses that callbacks may be sent to: public ones, and networks that the operator allows."""

import base64
import hmac
import re
import socket
from collections.abc import Iterable
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict
from yarl import URL

from shared.callbacks.lookup import Resolve, resolve
from shared.errors import PermanentError, TransientError
from shared.settings import LongSecret, Settings

LENGTH: Final = 2000
AUTHORITY: Final = re.compile(r"[A-Za-z]+://[^/?#]{0,300}(?:[/?#].*)?")
"""Start of an address, with a host that is hardly longer than host names may be (253). Longer ones are slow to read."""
SCHEMES: Final = ("http", "https")
GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
NAT64: Final = IPv6Network("64:ff9b::/96")

FORBIDDEN: Final = tuple(
    map(
        ip_network,
        (
            "168.63.129.16/32",  # Azure's host: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
            "192.0.0.0/24",  # protocol assignments (RFC 6890); Oracle's metadata are at 192.0.0.192
            "169.254.0.0/16",  # link-local: metadata of most clouds
            "100.100.100.200/32",  # Alibaba's metadata
            "fd00:ec2::/32",  # Amazon's metadata
        ),
    )
)
"""Services of clouds for their own machines. They are refused also inside a network that the operator allows."""

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class CallbackSettings(Settings):
    """Settings of the services that accept or send callbacks."""

    model_config = SettingsConfigDict(hide_input_in_errors=True)  # an invalid value may be a secret

    webhook_secret: LongSecret = Field(default=SecretStr(""), description="Secret that callbacks are signed with.")
    callback_networks: list[Network] = Field(default=[], description="Private networks that may be called, as JSON.")
    callback_forbidden_networks: list[Network] = Field(
        default=[], description="Networks that may not be called, as JSON, also inside CALLBACK_NETWORKS."
    )


def owner_secret(secret: SecretStr, owner: str | None) -> str:
    """Return the secret of one owner's callbacks, in the form of Standard Webhooks; no other owner can derive it."""
    derived = hmac.digest(secret.get_secret_value().encode(), f"karaoke.webhooks.{owner or ''}".encode(), sha256)
    return f"whsec_{base64.b64encode(derived).decode()}"


def parse(text: str) -> URL:
    """Parse the URL of a callback. Raises PermanentError if it is not the URL of a web server."""
    if len(text) > LENGTH or not text.isprintable() or " " in text:
        raise PermanentError("The callback is no URL", f"it has blanks, or more than {LENGTH} characters")
    if not AUTHORITY.fullmatch(text):
        raise PermanentError("The callback is no URL", "give one that starts with https:// or http://, and a host name")
    try:
        url = URL(text)
        host, port = url.host, url.port  # decodes an internationalized host, which fails if it is invalid
    except ValueError as error:
        raise PermanentError("The callback is no URL", str(error)) from error
    if url.scheme not in SCHEMES or not host or not port:
        raise PermanentError("The callback is no URL", "give one that starts with https:// or http://")
    if url.raw_user is not None or url.raw_password is not None:
        raise PermanentError("The callback has a user name or a password", "put a token into its path or query")
    return url


async def addresses(
    url: URL, allowed: Iterable[Network], resolving: Resolve = resolve, forbidden: Iterable[Network] = ()
) -> list[str]:
    """Return the addresses to connect to for `url`, which `parse` has returned.

    Raises PermanentError unless every address of the host is allowed, TransientError if the look-up fails for now.
    """
    assert url.raw_host
    assert url.port
    try:
        found = await resolving(url.raw_host, url.port)
    except (socket.gaierror, UnicodeError) as error:
        if isinstance(error, socket.gaierror) and error.errno != socket.EAI_NONAME:
            raise TransientError("The callback's host cannot be looked up now") from error
        raise _not_public(url) from error
    allowed, forbidden = tuple(allowed), tuple(forbidden)
    if not found or not all(is_allowed(address, allowed, forbidden) for address in found):
        raise _not_public(url)
    return found


def _not_public(url: URL) -> PermanentError:
    """Give the same error for a private name as for an unknown one, so that nobody can probe for private names."""
    return PermanentError("The callback's host has no address, or one that is not public", str(url.host)[:100])


def is_allowed(text: str, networks: Iterable[Network] = (), forbidden: Iterable[Network] = ()) -> bool:
    """Return True for a public address or one in `networks`, unless it is in `forbidden` or `FORBIDDEN`.

    An IPv4 address inside an IPv6 one decides for it.
    """
    try:
        address = _unwrapped(ip_address(text))
    except ValueError:
        return False
    if any(address in network for network in (*FORBIDDEN, *forbidden)):
        return False
    if any(address in network for network in networks):
        return True
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast


def _unwrapped(address: Address) -> Address:
    """Return the IPv4 address that a mapped, NAT64 or 6to4 address leads to, otherwise the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
