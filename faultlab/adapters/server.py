"""The upstreams of a lab on the loopback, for clients in any language: one port for each origin of their URLs.

Plays the same events as the transport, as bytes and in real time. Never binds anything but the loopback.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any, Self

from faultlab.adapters.base import Router
from faultlab.adapters.certificates import Certificates, certificates
from faultlab.adapters.control import CONTROL, Control
from faultlab.adapters.door import Door
from faultlab.adapters.playable import hold_playable, why_unplayable
from faultlab.adapters.port import LOOPBACK, Port, loopback
from faultlab.clock import Clock
from faultlab.errors import HarnessError, Runaway
from faultlab.faults import Fault
from faultlab.upstream import Upstream
from faultlab.virtual_time import in_real_time

__all__ = ["Server", "told_to_end"]

_ENDS = (signal.SIGINT, signal.SIGTERM)

_CLOSED_FOR_S = 0.5
"""How long a port is closed where the system cannot tell that somebody was refused: as short as a back-off."""


class Server:
    """Serves the upstreams of a router, each under the path of its own URL.

    With `port` the first origin has that one and each further one the next; without, whichever is free. `tls` names the
    upstreams that are served by https, with a certificate that `ca_pem` vouches for. A client that hangs up ends its
    exchange; `stop` ends all of them, and leaves neither port nor task behind. `closed_for_s`: see `Gate`.
    What comes later, or otherwise, than in process stands in `playable`: a refusal takes a second.
    """

    def __init__(
        self,
        router: Router,
        clock: Clock,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        tls: Collection[str] = (),
        closed_for_s: float = _CLOSED_FOR_S,
        control: Control | None = None,
    ) -> None:
        self._router, self._clock = router, clock
        self._host, self._port, self._closed_for_s = loopback(host), port, closed_for_s
        self._certificates = _certificates(host, router, tls)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._doors: dict[str, Door] = {}
        for upstream in router.upstreams:
            hold_playable(upstream, is_tls=upstream.name in tls)
        for origin, upstreams in _origins(router.upstreams).items():
            is_tls = any(one.name in tls for one in upstreams)
            self._doors[origin] = Door(origin, router, clock, self._certificates if is_tls else None)
        if control:
            control.house = self
            (origin,) = _origins([control])
            self._doors[origin] = Door(origin, Router([control]), clock, None, own_host=False)

    @property
    def control(self) -> str:
        """The URL of the control path."""
        return self.url_of(CONTROL)

    @property
    def has_tls(self) -> bool:
        """Whether some of them are served by https."""
        return self._certificates is not None

    @property
    def ca_pem(self) -> bytes:
        """What a client has to trust."""
        if self._certificates is None:
            raise HarnessError("nothing is served by https: `tls` names what should be")
        return self._certificates.ca_pem

    def url_of(self, url: str) -> str:
        """Where a URL of an upstream is served."""
        for origin, door in self._doors.items():
            if door.url and f"{url}/".startswith(f"{origin}/"):
                return door.url + url.removeprefix(origin)
        served = [origin for origin, door in self._doors.items() if door.url]
        raise HarnessError(f"{url} is not served; what is served lies below: {', '.join(served) or 'nothing'}")

    @property
    def runaway(self) -> Runaway | None:
        """Why nobody is answered any more, once a client asked more often than any plan needs."""
        return next((door.runaway for door in self._doors.values() if door.runaway), None)

    @property
    def refused_requests(self) -> int:
        """How many requests stand in no trace, because they were none that an upstream could answer."""
        return sum(door.refused_requests for door in self._doors.values())

    async def start(self) -> None:
        """Open every port."""
        self._loop = asyncio.get_running_loop()
        try:
            for number, door in enumerate(self._doors.values()):
                self._open(door, number)
        except BaseException:
            await self.stop()
            raise

    def _open(self, door: Door, number: int) -> None:
        door.open(Port(self._host, self._port and self._port + number), self._closed_for_s)

    def take_in(self, upstream: Upstream) -> None:
        """Serve one that the router has been given meanwhile; by plain HTTP, unless others of its origin are not.

        From any thread but the server's own.
        """
        doors = [self._doors[origin] for origin in _origins([upstream]) if origin in self._doors]
        hold_playable(upstream, is_tls=any(door.url.startswith("https") for door in doors))
        if self._loop is None:
            raise HarnessError("this server has not begun")
        _done(self._take_in(upstream), self._loop)

    async def _take_in(self, upstream: Upstream) -> None:
        for origin in _origins([upstream]):
            door = self._doors.get(origin)
            if door is None:
                door = Door(origin, self._router, self._clock, None)
                self._open(door, len(self._doors))
                self._doors = {**self._doors, origin: door}  # somebody may be reading it
            door.know_upstreams()
            door.changed()

    # What the control path asks.

    def why_unplayable(self, upstream: Upstream, fault: Fault) -> str | None:
        """Why a fault cannot be played where this upstream is served, if there is a reason."""
        return why_unplayable(fault, is_tls=self.url_of(upstream.base_url).startswith("https"))

    def look(self) -> None:
        """What comes next may have changed, for all upstreams."""
        for door in self._doors.values():
            door.changed()

    async def stop(self) -> None:
        """Close every port and every connection; returns when all are gone."""
        for door in self._doors.values():
            await door.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def run(self, announce: Callable[[Self], object]) -> None:
        """Serve until SIGINT or SIGTERM; `announce` is called when every port is open."""
        with told_to_end() as told:
            async with self:
                announce(self)
                await told.wait()

    @contextmanager
    def in_thread(self) -> Iterator[Self]:
        """The server in a thread and an event loop of its own, for those who have none."""
        loop = asyncio.new_event_loop()
        thread = Thread(target=loop.run_forever, name="faultlab server")
        thread.start()
        try:
            _done(self.start(), loop)
            yield self
        finally:
            _done(self.stop(), loop)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


def _done(work: Coroutine[Any, Any, object], loop: asyncio.AbstractEventLoop) -> None:
    """Have it done in the loop of another thread; that takes the machine's own time."""
    with in_real_time():
        asyncio.run_coroutine_threadsafe(work, loop).result()


@contextmanager
def told_to_end() -> Iterator[asyncio.Event]:
    """Meanwhile SIGINT and SIGTERM set the event."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for each in _ENDS:
        loop.add_signal_handler(each, told.set)
    try:
        yield told
    finally:
        for each in _ENDS:
            loop.remove_signal_handler(each)


def _origins(upstreams: Iterable[Upstream]) -> dict[str, list[Upstream]]:
    """Every origin, and whose it is."""
    origins: dict[str, list[Upstream]] = {}
    for upstream in upstreams:
        for url in filter(None, (upstream.base_url, upstream.token_url)):
            origins.setdefault("/".join(url.split("/", 3)[:3]), []).append(upstream)
    return origins


def _certificates(host: str, router: Router, tls: Collection[str]) -> Certificates | None:
    unknown = set(tls) - {upstream.name for upstream in router.upstreams}
    if unknown:
        raise HarnessError(f"tls names no upstream: {', '.join(sorted(unknown))}")
    return certificates(host) if tls else None
