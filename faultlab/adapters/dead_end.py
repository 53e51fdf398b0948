"""A proxy that leads nowhere: a program that is told to take it, and asks for somebody out there, is refused.

Whom it asked for is remembered, as far as the host: what stands behind that may be secret.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Final
from urllib.parse import urlsplit

from faultlab.adapters.port import LOOPBACK

__all__ = ["dead_end"]

_PATIENCE_S: Final = 1.0
"""How long somebody may take to say what he wants, while others wait."""

_MOST_HEAD_BYTES: Final = 65_536
_REFUSED: Final = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_OF_HTTPS: Final = ":443"


@contextmanager
def dead_end(refused: list[str]) -> Iterator[str]:
    """The URL of one, for as long as it is there; whom somebody asks for comes to `refused`, once."""
    over = Event()
    with socket.create_server((LOOPBACK, 0)) as door:
        thread = Thread(target=_refuse, args=(door, refused, over), name="faultlab dead end", daemon=True)
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{door.getsockname()[1]}"
        finally:
            over.set()
            with suppress(OSError):  # whoever waits for somebody to come is woken by us
                socket.create_connection(door.getsockname(), _PATIENCE_S).close()
            thread.join()


def _refuse(door: socket.socket, refused: list[str], over: Event) -> None:
    while True:
        connection, _ = door.accept()
        if over.is_set():
            connection.close()
            return
        with connection, suppress(OSError):  # he has gone, or says nothing
            connection.settimeout(_PATIENCE_S)
            origin = _origin(_head(connection))
            if origin and origin not in refused:
                refused.append(origin)
            connection.sendall(_REFUSED)


def _head(connection: socket.socket) -> bytes:
    """What is sent up to the end of its head."""
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _MOST_HEAD_BYTES:
        piece = connection.recv(_MOST_HEAD_BYTES)
        if not piece:
            break
        head += piece
    return head


def _origin(head: bytes) -> str:
    """Who was asked for; nothing when that cannot be told."""
    method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
    wanted = rest.partition(" ")[0]
    if method == "CONNECT":
        return f"https://{wanted.removesuffix(_OF_HTTPS)}"
    try:
        parts = urlsplit(wanted)
    except ValueError:  # brackets that hold no address
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""
