"""Looks up host names without threads, so that slow name servers of one receiver do not delay other look-ups."""

import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import aiodns
import pycares

QUERY_SECONDS: Final = 1.0
QUERIES: Final = 2
"""Longest wait for the first response of a name server, and the number of queries. The second one waits longer."""

UNKNOWN_NAME: Final = (
    pycares.errno.ARES_ENODATA,
    pycares.errno.ARES_ENOTFOUND,
    pycares.errno.ARES_EBADNAME,
)

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Returns all addresses of a host name. Raises `socket.gaierror`, with EAI_NONAME for an unknown name."""


async def resolve(host: str, port: int, name_servers: Sequence[str] | None = None) -> list[str]:
    """Ask `name_servers`, by default the system's; /etc/hosts and search domains are used. Implements `Resolve`."""
    async with aiodns.DNSResolver(name_servers, timeout=QUERY_SECONDS, tries=QUERIES) as resolver:
        try:
            found = await resolver.getaddrinfo(host, port=port, type=socket.SOCK_STREAM)
        except aiodns.error.DNSError as error:
            code = socket.EAI_NONAME if error.args[0] in UNKNOWN_NAME else socket.EAI_AGAIN
            raise socket.gaierror(code, str(error)) from error
    return list(dict.fromkeys(node.addr[0].decode("ascii") for node in found.nodes))
