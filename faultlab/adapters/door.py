"""One origin of the upstreams' URLs: who is there, whom a request is for, and what a connection meets before it asks.

Where several upstreams share an origin nobody can tell yet whom a new connection is for: it meets what the first of
them has next that happens to such a one.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from functools import lru_cache, partial
from ssl import SSLContext

from faultlab.adapters.base import Router
from faultlab.adapters.certificates import Certificates
from faultlab.adapters.connection import Connection, Guest
from faultlab.adapters.gate import KEPT_OUT, Gate
from faultlab.adapters.http1 import Asked, Asking, Refusal
from faultlab.adapters.port import Port
from faultlab.adapters.unasked import IN_THE_CLEAR, Unasked
from faultlab.clock import Clock
from faultlab.errors import Runaway, UnknownHost
from faultlab.trace import Exchange
from faultlab.upstream import Answer, Upstream
from faultlab.virtual_time.governor import GOVERNOR
from faultlab.wire import DropKind, Request, received

__all__ = ["Door"]

_MOST_GUESTS = 8192
"""Connections at one time; more of them wait in the kernel."""

_SHOWN = frozenset({DropKind.CERTIFICATE_INVALID, DropKind.HOSTNAME_MISMATCH})
"""What a client that looks at certificates meets; one that does not is let in."""

_HANDSHAKE_S = 60.0
"""How long a TLS handshake may take."""


class Door:
    """Hands requests to the router, and keeps count of who is there. `tls` None: plain HTTP.

    `own_host`: requests name the host of the URL that stands for this one, not the one that they came to.
    """

    def __init__(
        self, origin: str, router: Router, clock: Clock, tls: Certificates | None, *, own_host: bool = True
    ) -> None:
        self.runaway: Runaway | None = None
        self.refused_requests = 0
        self.url = ""
        self._origin = origin
        self._router = router
        self._own_host = own_host
        self._upstreams: tuple[Upstream, ...] = ()
        self.know_upstreams()
        self._clock = clock
        self._tls = tls
        self._gate: Gate | None = None
        self._is_lasting = True
        self._guests: set[Guest] = set()
        self._coming: dict[asyncio.Task[None], socket.socket] = {}
        self._is_empty = asyncio.Event()

    def know_upstreams(self) -> None:
        """The router may have more of them by now."""
        own = f"{self._origin}/"
        self._upstreams = tuple(one for one in self._router.upstreams if f"{one.base_url}/".startswith(own))

    def open(self, port: Port, closed_for_s: float) -> None:
        """Let clients in."""
        self.url = f"{'https' if self._tls else 'http'}://{port.host}:{port.number}"
        GOVERNOR.holding_ports.add(port.number)
        self._gate = Gate(port, self, closed_for_s)
        self._gate.open()
        self.look()

    async def close(self) -> None:
        """Let nobody in any more, and put everybody out; returns when all are gone."""
        if self._gate:
            await self._gate.close()
        for task in tuple(self._coming):
            task.cancel()
        if self._coming:
            await asyncio.wait(tuple(self._coming))
        for guest in tuple(self._guests):
            guest.abort()
        while self._guests:
            self._is_empty.clear()
            await self._is_empty.wait()

    # What the gate asks.

    def has_room(self) -> bool:
        """Whether one more can be let in."""
        return len(self._guests) + len(self._coming) < _MOST_GUESTS

    def keeps_out(self) -> DropKind | None:
        """How whoever comes next is to be turned away, if at all."""
        return self._next(is_kept_out=True)[1]

    def turned_away(self) -> Exchange | None:
        """Somebody was; his line in the trace."""
        answer = self._connect(self._next(is_kept_out=True)[0])
        return answer.exchange if answer else None

    def let_in(self, connection: socket.socket) -> None:
        """Somebody has come: to be heard, or to fail before that."""
        upstream, kind = self._next(is_kept_out=False)
        task = asyncio.get_running_loop().create_task(self._welcome(connection, self._connect(upstream), kind))
        self._coming[task] = connection
        task.add_done_callback(self._came)

    # What a connection asks.

    def entered(self, guest: Guest) -> None:
        """It is there."""
        self._guests.add(guest)

    def left(self, guest: Guest) -> None:
        """It is gone."""
        self._guests.discard(guest)
        self._is_empty.set()

    def answer(self, asked: Asked) -> Answer | Refusal:
        """What the upstream that a request is for makes of it; the trace has it under the upstream's own URL."""
        if asked.head.method == "CONNECT":
            return Refusal(501, "no tunnel leads on from here")
        head, credential = _addressed(self._origin, asked.head, self._own_host)
        request = Request(head.method, head.url, head.headers, asked.body)
        try:
            answer = self._router.answer(request, credential)
        except UnknownHost as error:
            return Refusal(404, str(error))
        except Runaway as error:
            self.runaway = error
            return Refusal(400, str(error))
        if self.runaway:  # he has been given leave again
            self.runaway = None
        self.look()
        GOVERNOR.hold(id(answer.exchange))
        return answer

    def keeps_alive(self) -> bool:
        """Whether what comes next can come on a connection that is already there."""
        return self._is_lasting

    def ended(self, exchange: Exchange) -> None:
        """Nothing more will come of it."""
        exchange.ended_s = self._clock.now_s
        GOVERNOR.let_go(id(exchange))

    def refused(self) -> None:
        """What came was no request that an upstream could answer."""
        self.refused_requests += 1

    # What is done about both.

    def _next(self, *, is_kept_out: bool) -> tuple[Upstream | None, DropKind | None]:
        """Who has something in store for a connection that is new, and what."""
        for upstream in self._upstreams:
            kind = upstream.next_drop()
            if kind and (kind in KEPT_OUT) == is_kept_out:
                return upstream, kind
        return None, None

    def _connect(self, upstream: Upstream | None) -> Answer | None:
        answer = upstream.connect() if upstream else None
        if answer:
            self.look()
        return answer

    def changed(self) -> None:
        """What comes next is not what it was, though nobody has asked."""
        self.look()
        if self._gate and self._is_lasting:
            self._gate.look()

    def look(self) -> None:
        """What comes next may need a connection that is new."""
        self._is_lasting = not any(upstream.next_drop() for upstream in self._upstreams)
        if self._is_lasting:
            return
        for guest in tuple(self._guests):
            if guest.is_idle:
                guest.close()
        if self._gate:
            self._gate.look()

    async def _welcome(self, connection: socket.socket, answer: Answer | None, kind: DropKind | None) -> None:
        """Make the connection, with the certificate that the client is to see."""
        certificate = self._certificate(kind)
        protocol: Callable[[], asyncio.Protocol] = partial(Connection, self)
        if answer and kind and kind not in _SHOWN:
            protocol = partial(Unasked, self, answer.exchange, kind)
        patience_s = _HANDSHAKE_S if certificate else None
        is_there = False
        try:
            # A client that does not trust the certificate, or has gone, is none of our errors.
            with contextlib.suppress(OSError):
                await asyncio.get_running_loop().connect_accepted_socket(
                    protocol, connection, ssl=certificate, ssl_handshake_timeout=patience_s
                )
                is_there = True
        finally:
            # One that is there and will fail ends then.
            if answer and (kind in _SHOWN or not is_there):
                self.ended(answer.exchange)

    def _certificate(self, kind: DropKind | None) -> SSLContext | None:
        if self._tls is None or kind in IN_THE_CLEAR:
            return None
        if kind is DropKind.CERTIFICATE_INVALID:
            return self._tls.untrusted
        return self._tls.mismatched if kind is DropKind.HOSTNAME_MISMATCH else self._tls.good

    def _came(self, task: asyncio.Task[None]) -> None:
        connection = self._coming.pop(task)
        if task.cancelled():
            connection.close()


# A client sends the same head again and again.
@lru_cache(maxsize=64)
def _addressed(origin: str, asking: Asking, own_host: bool) -> tuple[Request, str | None]:
    """A request but for its body, as it would be if the upstream's own host had been asked; and its credential."""
    url = origin + asking.target if asking.target.startswith("/") else asking.target
    host = origin.partition("://")[2].encode("ascii")
    headers = ((name, host if own_host and name.lower() == b"host" else value) for name, value in asking.headers)
    return received(asking.method, url, headers, b"")
