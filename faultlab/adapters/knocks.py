"""Who waits to be let in at a port, as Linux tells: it is asked for these connections alone, however many there are.

`/proc/net/tcp` would tell the same, but it is written out whole, and a machine that serves has tens of thousands.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import Final

__all__ = ["knocking_at"]

_SOCK_DIAG: Final = 4
"""NETLINK_SOCK_DIAG, which the standard library does not name."""

_BY_FAMILY, _ALL_OF_THEM = 20, 0x301
"""What is asked, and that every answer is wanted."""

_FAILED, _DONE = 2, 3
"""Kinds of answers that tell of no connection."""

_HEAD: Final = struct.Struct("=IHHII")
_ASKED: Final = struct.Struct("=BBBBI")
_PORTS: Final = struct.Struct("!HH")
_ANY_ADDRESS: Final = bytes(44)

_WAITING: Final = 1 << 2
"""SYN_SENT: no answer yet."""

_MOST_BYTES: Final = 65_536
_BEFORE_THE_PORTS: Final = 4


def knocking_at(port: int) -> tuple[int, ...]:
    """The ports that they knock from. Raises OSError where the system does not tell."""
    asked = _ASKED.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, 0, _WAITING) + _PORTS.pack(0, port) + _ANY_ADDRESS
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _SOCK_DIAG) as kernel:
        kernel.send(_HEAD.pack(_HEAD.size + len(asked), _BY_FAMILY, _ALL_OF_THEM, 0, 0) + asked)
        found: list[int] = []
        while True:
            for kind, told in _messages(kernel.recv(_MOST_BYTES)):
                if kind == _DONE:
                    return tuple(found)
                if kind == _FAILED:
                    raise OSError(-struct.unpack_from("=i", told)[0], "the system does not tell who knocks")
                found.append(_PORTS.unpack_from(told, _BEFORE_THE_PORTS)[0])


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each message's kind, and what it tells."""
    start = 0
    while start < len(data):
        length, kind, *_ = _HEAD.unpack_from(data, start)
        yield kind, data[start + _HEAD.size : start + length]
        start += (length + 3) & ~3
