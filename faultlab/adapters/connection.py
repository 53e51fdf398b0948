"""One connection of a client: requests off it in order, and the events of each answer onto it. Real bytes, real time.

Knows no upstream: whom a request is for, and what comes of it, its door knows.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator
from fcntl import ioctl
from itertools import chain, islice
from termios import TIOCOUTQ
from typing import Any, NamedTuple, Protocol

from faultlab.adapters.framing import CONTINUE, Framing
from faultlab.adapters.http1 import Asked, Asking, Reader, Refusal
from faultlab.providers.base import response
from faultlab.trace import Exchange
from faultlab.upstream import Answer
from faultlab.wire import FOR_EVER, Data, Drop, DropKind, Event, Head, Pause

__all__ = ["Connection", "Door", "Guest", "reset"]

_SENT_INSTEAD = {
    DropKind.NOT_HTTP: b"\x00\x01garbage\r\n\r\n",
    DropKind.DECODING: b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 8\r\n\r\nnot gzip",
}
"""What is sent in place of an answer before the connection is closed."""

_CLOSING = frozenset({DropKind.CLOSED, DropKind.HALF_CLOSED})
"""A TLS connection cannot be closed by half."""

_NOBODY = Asking("GET", "*", ())
"""Who is answered when nobody knows what was asked."""

_MOST_IN_A_ROW = 64
"""Events of an answer until other connections have their turn: a stream without pauses must not hold up a thousand."""

_MOST_AHEAD = 65_536
"""Bytes that a client may send while it is being answered, until nothing more is read from it."""

_LINGER_S = 2.0
"""How long a client that was refused may go on sending: closed at once, it would meet a reset instead of the answer."""

_MOST_ASKING_S = 60.0
"""How long a request may take to come whole: other servers wait as long for its head, and longer for a body."""

_TOO_SLOW = Refusal(408, f"the request did not come whole within {_MOST_ASKING_S:g} seconds")

_LOOK_S, _MOST_LOOKS = 0.002, 2500
"""How often, and how many times, it is looked whether all that comes before a reset has arrived: five seconds."""

_NO_LINGER = struct.pack("ii", 1, 0)


class Guest(Protocol):
    """A connection, whatever comes of it."""

    @property
    def is_idle(self) -> bool:
        """Whether it was answered, and has not begun to ask again."""

    def close(self) -> None:
        """Nothing more is read; what was written is sent."""

    def abort(self) -> None:
        """It is over, whatever is going on."""


class Door(Protocol):
    """What a connection asks of the port that it came in at."""

    def entered(self, guest: Guest) -> None:
        """It is there."""

    def left(self, guest: Guest) -> None:
        """It is gone."""

    def answer(self, asked: Asked) -> Answer | Refusal:
        """What the upstream that a request is for makes of it."""

    def keeps_alive(self) -> bool:
        """Whether what comes next can come on a connection that is already there."""

    def ended(self, exchange: Exchange) -> None:
        """Nothing more will come of it."""

    def refused(self) -> None:
        """What came was no request that an upstream could answer."""


class _Answering(NamedTuple):
    """An answer under way; behind its last event there is None."""

    exchange: Exchange
    events: Iterator[Event | None]
    framing: Framing


class Connection(asyncio.Protocol):
    """Plays one answer at a time; each exchange ends when it was played, or when the client hangs up.

    A client's FIN is its hanging up: none that asks a model sends one and reads on.
    """

    def __init__(self, door: Door) -> None:
        self._door = door
        self._reader = Reader()
        self._transport: Any = None
        self._timer: asyncio.Handle | None = None
        self._patience: asyncio.Handle | None = None
        self._answering: _Answering | None = None
        self._is_full = False
        self._waits_for_room = False
        self._is_waiting = False
        self._is_over = False

    @property
    def is_idle(self) -> bool:
        """Whether it was answered, and has not begun to ask again."""
        return self._is_waiting and not self._reader.has_begun

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The client is there."""
        self._transport = transport
        self._door.entered(self)

    def data_received(self, data: bytes) -> None:
        """The client has sent something; what it sends while it is answered waits."""
        if self._is_over:
            return
        self._reader.feed(data)
        if self._answering is None:
            self._go_on()
        elif self._reader.ahead > _MOST_AHEAD:
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        """The client reads more slowly than it is sent to."""
        self._is_full = True

    def resume_writing(self) -> None:
        """It has caught up."""
        self._is_full = False
        if self._waits_for_room:
            self._waits_for_room = False
            self._go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        """One of both has closed."""
        del exc  # however it was lost, it is over
        self._is_over = True
        if self._answering:
            self._end(self._answering)
        if self._timer:
            self._timer.cancel()
        self._stop_waiting()
        self._door.left(self)

    # One answer after the other.

    def close(self) -> None:
        """Nothing more is read; what was written is sent."""
        self._is_over = True
        self._transport.close()

    def abort(self) -> None:
        """It is over, whatever is going on."""
        self._is_over = True
        self._transport.abort()

    def _go_on(self) -> None:
        """As far as it goes without waiting: for the client, for time, or for others to have their turn."""
        self._timer = None
        while not self._is_over:
            answering = self._answering or self._begin()
            if answering is None or not self._play(answering):
                return
            self._finish(answering)

    def _begin(self) -> _Answering | None:
        """What comes of the next request, if there is one."""
        asked = self._reader.next()
        if asked is None:
            self._wait_for_more()
            return None
        self._stop_waiting()
        if isinstance(asked, Refusal):
            self._refuse(asked)
            return None
        self._is_waiting = False
        answer = self._door.answer(asked)
        if isinstance(answer, Refusal):
            self._refuse(answer)
            return None
        self._answering = _Answering(answer.exchange, chain(answer.events, (None,)), Framing(asked.head))
        return self._answering

    def _wait_for_more(self) -> None:
        """The rest of a request that has begun is told to come, if need be, and given its time."""
        if self._reader.is_waited_for():
            self._transport.write(CONTINUE)
        if self._patience is None and self._reader.has_begun:
            self._patience = asyncio.get_running_loop().call_later(_MOST_ASKING_S, self._refuse, _TOO_SLOW)

    def _stop_waiting(self) -> None:
        if self._patience:
            self._patience.cancel()
            self._patience = None

    def _play(self, answering: _Answering) -> bool:
        """Whether the answer was played to its end; if not, something goes on with it, or it is over."""
        exchange, events, framing = answering
        write, send, is_closing = self._transport.write, framing.send, self._transport.is_closing
        for event in islice(events, _MOST_IN_A_ROW):
            if isinstance(event, Data):
                write(send(event.data))
                if self._is_full or is_closing():
                    self._waits_for_room = self._is_full
                    return False
            elif isinstance(event, Head):
                framing.open(event, keeps_alive=self._door.keeps_alive())
                exchange.status = event.status
            else:
                return event is None or self._interrupt(answering, event)
        self._timer = asyncio.get_running_loop().call_soon(self._go_on)
        return False

    def _interrupt(self, answering: _Answering, event: Pause | Drop) -> bool:
        """Silence, or an end that is none; nothing is played on before that."""
        self._transport.write(answering.framing.flush())
        if isinstance(event, Drop):
            self._end(answering)
            self._drop(event.kind)
        elif event.seconds != FOR_EVER:
            self._timer = asyncio.get_running_loop().call_later(event.seconds, self._go_on)
        return False

    def _finish(self, answering: _Answering) -> None:
        """The answer is whole; another request may follow."""
        if rest := answering.framing.end():
            self._transport.write(rest)
        self._end(answering)
        self._is_waiting = True
        if answering.framing.closes or not self._door.keeps_alive():
            self.close()
        else:
            self._transport.resume_reading()

    def _end(self, answering: _Answering) -> None:
        self._answering = None
        self._door.ended(answering.exchange)

    # Ends that are none.

    def _drop(self, kind: DropKind) -> None:
        """What was there of the answer comes first; then the connection ends as it is told to."""
        self._is_over = True
        if kind is DropKind.HALF_CLOSED and self._transport.can_write_eof():
            self._transport.write_eof()
        elif kind in _SENT_INSTEAD or kind in _CLOSING:
            self._transport.write(_SENT_INSTEAD.get(kind, b""))
            self._transport.close()
        else:
            reset(self._transport)

    def _refuse(self, refusal: Refusal) -> None:
        """Answer a request that is none, and hear the client out."""
        self._door.refused()
        head, body = response(refusal.status, {"error": {"message": refusal.why, "type": "invalid_request_error"}})
        framing = Framing(_NOBODY)
        framing.open(head, keeps_alive=False)
        self._transport.write(framing.send(body.data))
        self._is_over = True
        self._timer = asyncio.get_running_loop().call_later(_LINGER_S, self._transport.close)


def reset(transport: Any, looks: int = _MOST_LOOKS) -> None:
    """RST instead of FIN, once all that was written before it has arrived."""
    if transport.is_closing():
        return
    if looks and _is_under_way(transport):
        asyncio.get_running_loop().call_later(_LOOK_S, reset, transport, looks - 1)
        return
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()


def _is_under_way(transport: Any) -> bool:
    """Whether something that was written has not reached the other side."""
    unsent = ioctl(transport.get_extra_info("socket").fileno(), TIOCOUTQ, b"\0\0\0\0")
    return bool(transport.get_write_buffer_size() or struct.unpack("i", unsent)[0])
