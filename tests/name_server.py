"""A name server on loopback that answers for some names and leaves other questions without an answer."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Final

from deploy.local.ports import LOOPBACK

A: Final = 1
NAME_ERROR: Final = 3
QUESTION: Final = 12
"""Offset of the question in a message (RFC 1035, section 4.1.1)."""


class NameServer(asyncio.DatagramProtocol):
    """`addresses` maps names to IPv4 addresses. Other names do not exist, except `silent` ones, which get no answer."""

    def __init__(self, addresses: Mapping[str, str], silent: Collection[str]) -> None:
        self.asked: set[str] = set()
        self.address = ""
        self._addresses = addresses
        self._silent = silent
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override] # it is UDP
        self._transport = transport
        self.address = "{}:{}".format(*transport.get_extra_info("sockname"))

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        name, end = _name(data)
        self.asked.add(name)
        if name not in self._silent:
            self._transport.sendto(self._answer(data, name, end), addr)

    def _answer(self, data: bytes, name: str, end: int) -> bytes:
        (kind,) = struct.unpack(">H", data[end : end + 2])
        found = name in self._addresses and kind == A
        flags = 0x8180 | (0 if name in self._addresses else NAME_ERROR)
        header = data[:2] + struct.pack(">HHHHH", flags, 1, found, 0, 0)
        record = b"\xc0\x0c" + struct.pack(">HHIH", A, 1, 60, 4) + socket.inet_aton(self._addresses.get(name, LOOPBACK))
        return header + data[QUESTION : end + 4] + (record if found else b"")


@asynccontextmanager
async def name_server(addresses: Mapping[str, str], silent: Collection[str] = ()) -> AsyncIterator[NameServer]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: NameServer(addresses, silent), local_addr=(LOOPBACK, 0)
    )
    try:
        yield server
    finally:
        transport.close()


def _name(data: bytes) -> tuple[str, int]:
    """Return the name of the question, and the offset behind it."""
    labels, at = [], QUESTION
    while size := data[at]:
        labels.append(data[at + 1 : at + 1 + size].decode())
        at += 1 + size
    return ".".join(labels).lower(), at + 1
