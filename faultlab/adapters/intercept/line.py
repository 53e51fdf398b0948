"""One connection in memory: what a client writes is read as HTTP, and what it would read is played. No socket, no wait.

Half of it is the library's real parser and real errors; only what comes before there is a connection has to be said in
the library's own words, and those are not known here.
"""

from __future__ import annotations

from threading import Event as Flag
from typing import NamedTuple

from faultlab.adapters.base import Ending, Failing, Play, Timeouts
from faultlab.adapters.framing import CONTINUE, Framing
from faultlab.adapters.http1 import Asked, Asking, Reader, Refusal
from faultlab.adapters.intercept.base import Interception
from faultlab.providers.base import response
from faultlab.wire import Data, Head, Pause, received

__all__ = ["Line", "Over"]

_NOBODY = Asking("GET", "*", ())
_NO_HTTP = b"\x00\x01garbage\r\n\r\n"


class Over(NamedTuple):
    """The other side has closed, after these bytes."""

    data: bytes = b""


_OVER = Over()

_SHOWN = {
    Failing.DISCONNECTED: _OVER,
    Failing.INCOMPLETE: _OVER,
    Failing.WRITE_ERROR: _OVER,
    Failing.NOT_HTTP: Over(_NO_HTTP),
}
"""What a connection itself shows. Who cannot write any more reads on, and meets the end."""


class Line:
    """The bytes of one connection. `feed` what the client sends; `step` gives what it meets, one thing at a time.

    That is bytes, silence to be waited out, the end of the connection, an `Ending` that its bytes do not show, or None
    while a request is not whole. `origin` is what a path belongs to.
    """

    def __init__(self, interception: Interception, origin: str) -> None:
        self.interception = interception
        self.closed = Flag()
        self.timeouts = Timeouts()
        self._origin = origin
        self._reader = Reader()
        self._play: Play | None = None
        self._framing = Framing(_NOBODY)
        self._is_over = False

    def feed(self, data: bytes) -> None:
        """The client has sent more."""
        self._reader.feed(data)

    def hang_up(self) -> None:
        """The client has closed."""
        self.closed.set()
        if self._play:
            self._play.end()

    @property
    def is_answering(self) -> bool:
        """Whether an answer is under way."""
        return self._play is not None

    def step(self) -> bytes | Pause | Over | Ending | None:
        """What comes next."""
        if self._is_over:
            return _OVER
        if self._play is None:
            asked = self._reader.next()
            if asked is None:
                return CONTINUE if self._reader.is_waited_for() else None
            if isinstance(asked, Refusal):
                return self._refused(asked)
            self._play = self._begun(asked)
        return self._next(self._play)

    def _begun(self, asked: Asked) -> Play:
        head = asked.head
        url = self._origin + head.target if head.target.startswith("/") else head.target
        answer = self.interception.answer(*received(head.method, url, head.headers, asked.body))
        self._framing = Framing(head)
        return Play(answer, self.interception.clock, self.timeouts, self.closed)

    def _next(self, play: Play) -> bytes | Pause | Over | Ending | None:
        match play.step():
            case Head() as head:
                self._framing.open(head, keeps_alive=True)
                return self._sent(self._framing.flush())
            case Data(data):
                return self._sent(self._framing.send(data))
            case Pause() as pause:
                return pause
            case Ending() as ending:
                self._is_over = True
                return _SHOWN.get(ending.how, ending)
            case None:
                return self._finished()

    def _sent(self, data: bytes) -> bytes:
        """What a client has whole it does not wait behind."""
        if self._play and self._framing.is_whole:
            self._play.end()
            return data + self._finished()
        return data

    def _finished(self) -> bytes:
        rest = self._framing.end()
        self._play, self._is_over = None, self._framing.closes
        return rest

    def _refused(self, refusal: Refusal) -> bytes:
        """What came was no request."""
        self._is_over = True
        head, body = response(refusal.status, {"error": {"message": refusal.why, "type": "invalid_request_error"}})
        framing = Framing(_NOBODY)
        framing.open(head, keeps_alive=False)
        return framing.send(body.data) + framing.end()
