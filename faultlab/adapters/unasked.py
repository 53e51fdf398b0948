"""A connection that fails before there is a request on it: what its client meets, and when."""

from __future__ import annotations

import asyncio
from typing import Any

from faultlab.adapters.connection import Door, reset
from faultlab.adapters.http1 import MOST_HEAD_BYTES
from faultlab.trace import Exchange
from faultlab.wire import DropKind

__all__ = ["IN_THE_CLEAR", "Unasked"]

IN_THE_CLEAR = frozenset({DropKind.TLS_CUT, DropKind.PLAIN_HTTP})
"""What happens where TLS was meant to be and never comes about."""

_NO_BODY = b"content-length: 0\r\n\r\n"

_SENT = {
    DropKind.TLS_CUT: b"",
    DropKind.PLAIN_HTTP: b"HTTP/1.1 400 Bad Request\r\n" + _NO_BODY,
    DropKind.PROXY_407: b"HTTP/1.1 407 Proxy Authentication Required\r\n" + _NO_BODY,
    DropKind.PROXY_403: b"HTTP/1.1 403 Forbidden\r\n" + _NO_BODY,
    DropKind.PROXY_502: b"HTTP/1.1 502 Bad Gateway\r\n" + _NO_BODY,
}
"""What is sent before FIN; all other kinds are resets."""

_PROXY = frozenset({DropKind.PROXY_407, DropKind.PROXY_403, DropKind.PROXY_502})

_QUIET_S = 0.02
"""So long without a byte, a client has sent all that it wants to: a reset now meets it as it reads."""


class Unasked(asyncio.Protocol):
    """Waits for the first bytes, so that the client is where it would be, and ends the connection."""

    is_idle = False

    def __init__(self, door: Door, exchange: Exchange, kind: DropKind) -> None:
        self._door = door
        self._exchange = exchange
        self._kind = kind
        self._transport: Any = None
        self._received = b""
        self._timer: asyncio.Handle | None = None
        self._is_over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The client is there."""
        self._transport = transport
        self._door.entered(self)

    def data_received(self, data: bytes) -> None:
        """The client has sent something: the whole head, where it has to be seen as one."""
        if self._is_over:
            return
        self._received += data
        if self._kind is DropKind.CLOSED_AT_ONCE:
            self._stop_waiting()
            self._timer = asyncio.get_running_loop().call_later(_QUIET_S, self._fail)
        elif self._kind not in _PROXY or b"\r\n\r\n" in self._received or len(self._received) > MOST_HEAD_BYTES:
            self._fail()

    def connection_lost(self, exc: Exception | None) -> None:
        """One of both has closed."""
        del exc  # however it was lost, it is over
        self._stop_waiting()
        self._door.ended(self._exchange)
        self._door.left(self)

    def close(self) -> None:
        """What happens to it ends it."""

    def abort(self) -> None:
        """It is over."""
        self._transport.abort()

    def _fail(self) -> None:
        self._is_over = True
        if self._kind in _SENT:
            self._transport.write(_SENT[self._kind])
            self._transport.close()
        else:
            reset(self._transport)

    def _stop_waiting(self) -> None:
        if self._timer:
            self._timer.cancel()
