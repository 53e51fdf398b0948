"""The upstreams of a lab on the loopback, for clients in any language: one port for each origin of their URLs.

Plays the same events as the transport, as bytes and in real time. Never binds anything but the loopback.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from ipaddress import IPv4Address
from threading import Thread
from typing import Self

from faultlab.adapters.base import Router
from faultlab.adapters.connection import Connection
from faultlab.adapters.http1 import Asked, Asking, Refusal
from faultlab.clock import Clock
from faultlab.errors import HarnessError, Runaway, UnknownHost
from faultlab.trace import Exchange
from faultlab.upstream import Answer
from faultlab.wire import received

__all__ = ["Server"]

_LOOPBACK = "127.0.0.1"

_BACKLOG = 1024
"""Connections that may come at once before anyone looks."""


class Server:
    """Serves the upstreams of a router, each under the path of its own URL.

    With `port` the first origin has that one and each further one the next; without, whichever is free. A client that
    hangs up ends its exchange; `stop` ends all of them, and leaves neither port nor task behind.
    """

    def __init__(self, router: Router, clock: Clock, *, host: str = _LOOPBACK, port: int = 0) -> None:
        address = _loopback(host)
        self._doors = {
            origin: _Door(origin, router, clock, (address, port + number if port else 0))
            for number, origin in enumerate(_origins(router))
        }

    def url_of(self, url: str) -> str:
        """Where a URL of an upstream is served."""
        for origin, door in self._doors.items():
            if url == origin or url.startswith(f"{origin}/"):
                return door.url + url.removeprefix(origin)
        raise HarnessError(f"{url} is not served; what is served lies below: {', '.join(self._doors) or 'nothing'}")

    @property
    def runaway(self) -> Runaway | None:
        """Why nobody is answered any more, once a client asked more often than any plan needs."""
        return next((door.runaway for door in self._doors.values() if door.runaway), None)

    async def start(self) -> None:
        """Open every port."""
        try:
            for door in self._doors.values():
                await door.open()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close every port and every connection; returns when all are gone."""
        for door in self._doors.values():
            await door.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @contextmanager
    def in_thread(self) -> Iterator[Self]:
        """The server running in a thread of its own, for those who have no event loop."""
        loop = asyncio.new_event_loop()
        thread = Thread(target=loop.run_forever, name="faultlab server")
        thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self.start(), loop).result()
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self.stop(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


class _Door:
    """One origin, the port at which it is served, and who is there."""

    def __init__(self, origin: str, router: Router, clock: Clock, address: tuple[str, int]) -> None:
        self.runaway: Runaway | None = None
        self.url = ""
        self._origin = origin
        self._router = router
        self._clock = clock
        self._address = address
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._is_empty = asyncio.Event()

    async def open(self) -> None:
        """Take a port, and let clients in."""
        loop = asyncio.get_running_loop()
        listener = socket.create_server(self._address, backlog=_BACKLOG)
        self._server = await loop.create_server(lambda: Connection(self), sock=listener)
        host, port = listener.getsockname()
        self.url = f"http://{host}:{port}"

    async def close(self) -> None:
        """Let nobody in any more, and put everybody out."""
        if self._server:
            self._server.close()
        for connection in tuple(self._connections):
            connection.abort()
        while self._connections:
            self._is_empty.clear()
            await self._is_empty.wait()

    # What a connection asks.

    def entered(self, connection: Connection) -> None:
        """Somebody is there."""
        self._connections.add(connection)

    def left(self, connection: Connection) -> None:
        """Somebody is gone."""
        self._connections.discard(connection)
        self._is_empty.set()

    def answer(self, asked: Asked) -> Answer | Refusal:
        """What the upstream that a request is for makes of it; the trace has it under the upstream's own URL."""
        if asked.head.method == "CONNECT":
            return Refusal(501, "no tunnel leads on from here")
        url, headers = _addressed(self._origin, asked.head)
        try:
            return self._router.answer(*received(asked.head.method, url, headers, asked.body))
        except UnknownHost as error:
            return Refusal(404, str(error))
        except Runaway as error:
            self.runaway = error
            return Refusal(400, str(error))

    def keeps_alive(self) -> bool:
        """Whether what comes next can come on a connection that is already there."""
        return True

    def ended(self, exchange: Exchange) -> None:
        """An exchange is over."""
        exchange.ended_s = self._clock.now_s


def _loopback(host: str) -> str:
    """The address, if nobody from outside can reach it."""
    try:
        if IPv4Address(host).is_loopback:
            return host
    except ValueError:
        pass
    raise HarnessError(f"a fake provider is served on the loopback (127.0.0.1) only, not on {host!r}")


def _origins(router: Router) -> list[str]:
    urls = [url for upstream in router.upstreams for url in (upstream.base_url, upstream.token_url) if url]
    return list(dict.fromkeys("/".join(url.split("/", 3)[:3]) for url in urls))


# A client sends the same head again and again.
@lru_cache(maxsize=64)
def _addressed(origin: str, asking: Asking) -> tuple[str, tuple[tuple[bytes, bytes], ...]]:
    """The URL and the headers of a request as they would be if the upstream's own host had been asked."""
    url = origin + asking.target if asking.target.startswith("/") else asking.target
    host = origin.partition("://")[2].encode("ascii")
    headers = ((name, host if name.lower() == b"host" else value) for name, value in asking.headers)
    return url, tuple(headers)
