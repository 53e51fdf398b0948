"""A door on the loopback to a real provider: what comes in goes on to it, what comes back goes back as it comes.

Both ways are recorded. Listens on nothing but the loopback.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Condition, Thread
from typing import Any, Final, Self
from urllib.parse import urlsplit

from faultlab.adapters.cassette.recorder import Recorder, Sent
from faultlab.adapters.cassette.unpacking import Headers, unpackable
from faultlab.adapters.framing import CONTINUE, Framing
from faultlab.adapters.http1 import Asked, Asking, Reader, Refusal
from faultlab.adapters.port import LOOPBACK
from faultlab.adapters.transport import installed_library
from faultlab.errors import HarnessError
from faultlab.providers.base import response
from faultlab.wire import Head

__all__ = ["forwarding"]

_PIECE: Final = 65_536
_CONNECT_S: Final = 30.0
"""How long a real host may take to be there; how long it may think, whoever asks it decides."""

_HEARD_OUT_S: Final = 1.0
"""How long an answer may take that is still on its way when whoever asked has ended."""

_LOOK_S: Final = 0.02
"""How often it is looked whether nobody is to come in any more."""

_NOBODY: Final = Asking("GET", "*", ())

_OURS: Final = frozenset(
    {"connection", "content-length", "expect", "host", "keep-alive", "proxy-connection", "te", "trailer"}
    | {"transfer-encoding", "upgrade"}
)
"""Headers of one connection, not of what is asked: there are two connections."""


@contextmanager
def forwarding(urls: Collection[str], recorder: Recorder) -> Iterator[list[str]]:
    """Meanwhile each of these base URLs is also reached on the loopback: where, in the same order."""
    library = installed_library()
    with ExitStack() as open_ones:
        # Whoever asks has a time-out of his own; when he gives up, so do we.
        time_out = library.Timeout(None, connect=_CONNECT_S)
        client = open_ones.enter_context(library.Client(timeout=time_out, follow_redirects=False))
        doors = [open_ones.enter_context(_Door(url, client, recorder)) for url in urls]
        yield [door.url for door in doors]


class _Door(ThreadingTCPServer):
    """The way to one origin."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, url: str, client: Any, recorder: Recorder) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise HarnessError(f"{url!r:.200} is no URL of a provider: https://host/path is")
        super().__init__((LOOPBACK, 0), _Guest)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.url = f"http://{LOOPBACK}:{self.server_address[1]}{parts.path.rstrip('/')}"
        self.client, self.recorder = client, recorder
        self._guests: set[socket.socket] = set()
        self._changed = Condition()
        self._thread = Thread(target=self.serve_forever, args=(_LOOK_S,), name="faultlab record", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self._hear_out()
        self.server_close()

    def _hear_out(self) -> None:
        """Nobody may ask any more; what was asked has a moment to come to its end."""
        with self._changed:
            for guest in self._guests:
                with suppress(OSError):  # it has gone by itself
                    guest.shutdown(socket.SHUT_RD)
            self._changed.wait_for(lambda: not self._guests, _HEARD_OUT_S)
            for guest in self._guests:
                self.recorder.lose()
                with suppress(OSError):
                    guest.shutdown(socket.SHUT_RDWR)

    def entered(self, guest: socket.socket) -> None:
        """Somebody is there."""
        with self._changed:
            self._guests.add(guest)

    def left(self, guest: socket.socket) -> None:
        """He is gone."""
        with self._changed:
            self._guests.discard(guest)
            self._changed.notify_all()


class _Guest(BaseRequestHandler):
    """One connection of a client: its requests one after the other, in a thread of its own."""

    server: _Door
    request: socket.socket

    def setup(self) -> None:
        """Let it in."""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.entered(self.request)

    def finish(self) -> None:
        """It is gone."""
        self.server.left(self.request)

    def handle(self) -> None:
        """Until it leaves, or what it says is no HTTP."""
        with suppress(OSError):  # it has hung up, as it may
            self._hear()

    def _hear(self) -> None:
        reader = Reader()
        while piece := self.request.recv(_PIECE):
            reader.feed(piece)
            while asked := reader.next():
                if isinstance(asked, Refusal):
                    self._refuse(_NOBODY, asked.status, asked.why)
                    return
                if not self._forward(asked):
                    return
            if reader.is_waited_for():
                self.request.sendall(CONTINUE)

    def _forward(self, asked: Asked) -> bool:
        """Whether the client may ask again on this connection."""
        server, order = self.server, self.server.recorder.begin()
        headers = [(name.decode("latin-1"), text.decode("latin-1")) for name, text in asked.head.headers]
        sent = Sent(asked.head.method, server.origin + asked.head.target, _forwarded(headers), asked.body)
        if not asked.head.target.startswith("/"):
            return self._refuse(asked.head, 400, "a path is asked for here, no URL")
        library = installed_library()
        try:
            request = library.Request(sent.method, sent.url, headers=sent.headers, content=sent.body or None)
            answer = server.client.send(request, stream=True)
        except (library.TransportError, library.InvalidURL) as error:
            server.recorder.lose()
            why = f"faultlab record could not reach {server.origin}: {type(error).__name__}: {error}"
            return self._refuse(asked.head, 502, why)
        with closing(answer):
            return self._relay(asked.head, answer, order, sent)

    def _relay(self, asking: Asking, answer: Any, order: int, sent: Sent) -> bool:
        """Every piece goes on as it comes; recorded is what came whole and was taken whole."""
        headers = [(name.decode("latin-1"), text.decode("latin-1")) for name, text in answer.headers.raw]
        framing, body = Framing(asking), bytearray()
        framing.open(Head(answer.status_code, tuple(headers)), keeps_alive=True)
        self._send(framing.flush())
        try:
            for piece in answer.iter_raw():
                body += piece
                self._send(framing.send(piece))
            self._send(framing.end())
        except (OSError, installed_library().TransportError):
            self.server.recorder.lose()
            return False
        came = Sent(
            "", "", [(name, text) for name, text in headers if name.lower() != "transfer-encoding"], bytes(body)
        )
        self.server.recorder.add(order, sent, came, (answer.status_code, answer.reason_phrase))
        return not framing.closes

    def _send(self, data: bytes) -> None:
        if data:
            self.request.sendall(data)

    def _refuse(self, asking: Asking, status: int, why: str) -> bool:
        head, body = response(status, {"error": {"message": why, "type": "faultlab_record", "code": None}})
        framing = Framing(asking)
        framing.open(head, keeps_alive=False)
        self._send(framing.send(body.data) + framing.end())
        return False


def _forwarded(headers: Headers) -> Headers:
    """What is asked for stays as it was, but for packing that nobody here could look into."""
    kept = [(name, text) for name, text in headers if name.lower() not in _OURS]
    return [(name, _readable(text) if name.lower() == "accept-encoding" else text) for name, text in kept]


def _readable(accepted: str) -> str:
    codings = [coding.strip() for coding in accepted.split(",")]
    return ", ".join(each for each in codings if unpackable([each.partition(";")[0].strip().lower()])) or "identity"
