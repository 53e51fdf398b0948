"""HTTP/1.1 as a server speaks it: the events of an answer into bytes. No I/O."""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple

from faultlab.adapters.http1 import Asking
from faultlab.wire import Head

__all__ = ["CONTINUE", "Framing"]

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
"""Tells a client that waits to send the body."""

_LAST_CHUNK = b"0\r\n\r\n"

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding"})
"""Headers that speak of the connection, which is the server's own business."""

_EMPTY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
"""Statuses of answers that have no body, whatever their headers say."""


class Framing:
    """One answer as it is sent: with its length, in chunks, or (in HTTP/1.0) up to the end of the connection.

    The head waits for what comes next, since most answers are one piece; `flush` sends it alone.
    """

    __slots__ = ("_asking", "_left", "_opening", "_unsent", "closes")

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._opening: _Opening | None = None
        self._unsent = b""
        self._left: int | None = None
        self.closes = True

    @property
    def is_open(self) -> bool:
        """Whether a head was given."""
        return self._opening is not None

    @property
    def is_whole(self) -> bool:
        """Whether a client that counts has all of the answer: its whole length, or a head that has no body."""
        opening = self._opening
        return opening is not None and (not opening.has_body or self._left == 0)

    def open(self, head: Head, *, keeps_alive: bool) -> None:
        """The answer begins."""
        asking = self._asking
        opening = _opened(head, asking.method, asking.keeps_alive and keeps_alive, asking.is_old)
        self._opening, self._unsent = opening, opening.data
        self._left, self.closes = opening.length, opening.closes

    def send(self, data: bytes) -> bytes:
        """More of the body, as its own chunk where there are chunks."""
        opening = self._opening
        if opening is None or not opening.has_body or not data:
            return b""
        if opening.is_chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        elif self._left is not None:
            self._left -= len(data)
        return self.flush() + data if self._unsent else data

    def flush(self) -> bytes:
        """What waits to be sent."""
        unsent, self._unsent = self._unsent, b""
        return unsent

    def end(self) -> bytes:
        """The answer is whole. One that is not as long as it says ends with its connection."""
        opening = self._opening
        if opening is None or not opening.has_body:
            return self.flush()
        self.closes = self.closes or self._left not in (0, None)
        return self.flush() + (_LAST_CHUNK if opening.is_chunked else b"")


class _Opening(NamedTuple):
    """How an answer begins, and how its body is sent."""

    data: bytes
    length: int | None
    has_body: bool
    is_chunked: bool
    closes: bool


@lru_cache(maxsize=1024)
def _opened(head: Head, method: str, keeps_alive: bool, is_old: bool) -> _Opening:
    given = {name.lower(): value for name, value in head.headers}
    is_empty = head.status in _EMPTY or head.status < HTTPStatus.OK
    stated = given.get("content-length")
    is_chunked = stated is None and not is_empty and not is_old
    closes = not keeps_alive or given.get("connection", "").lower() == "close" or (stated is None and is_old)
    left_out = _HOP_BY_HOP | ({"content-length"} if is_empty else set())
    lines = [f"HTTP/1.1 {head.status} {_phrase(head.status)}"]
    lines += [f"{name}: {value}" for name, value in head.headers if name.lower() not in left_out]
    lines += ["transfer-encoding: chunked"] if is_chunked else []
    lines += [f"connection: {'close' if closes else 'keep-alive'}"] if closes or is_old else []
    data = "\r\n".join([*lines, "", ""]).encode("latin-1", "backslashreplace")
    length = int(stated) if stated and stated.isdecimal() else None
    return _Opening(data, length, not is_empty and method != "HEAD", is_chunked, closes)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:  # 529 and others that only providers know
        return ""
