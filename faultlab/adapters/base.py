"""What every adapter shares: whom a request is for, and how the events of its answer are played.

Knows no HTTP library and no socket, and never waits itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from threading import Event as Flag
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from faultlab.clock import Clock
from faultlab.dialects import DIALECTS
from faultlab.errors import UnknownHost
from faultlab.upstream import Answer, Upstream
from faultlab.wire import FOR_EVER, Data, Drop, DropKind, Head, Pause, Request

__all__ = ["Answering", "Ending", "Failing", "Play", "Router", "Timeouts", "origin_of"]


class Answering(Protocol):
    """Whoever has an answer to a request: a router, or what stands before one."""

    def answer(self, request: Request, credential: str | None = None) -> Answer:
        """What comes of a request; `credential` is the key that came with it."""


class Router:
    """Which upstream a request is for: by token endpoint or base URL, then by model, then by key.

    A request for a host that nobody stands for raises `UnknownHost` and is remembered in `refused`, since clients
    like to swallow what a transport raises.
    """

    def __init__(self, upstreams: Iterable[Upstream]) -> None:
        self.upstreams: tuple[Upstream, ...] = ()
        self._exact: dict[str, list[Upstream]] = {}
        self._by_origin: dict[tuple[str | None, int | None], list[Upstream]] = {}
        self.refused: list[str] = []
        for upstream in upstreams:
            self.add(upstream)

    def add(self, upstream: Upstream) -> None:
        """One more; whoever has this router reaches it from now on."""
        self.upstreams = (*self.upstreams, upstream)
        for url in (*(upstream.base_url + dialect.path for dialect in DIALECTS.values()), upstream.token_url):
            self._exact.setdefault(url or "", []).append(upstream)
        for origin in {origin_of(url) for url in (upstream.base_url, upstream.token_url) if url}:
            self._by_origin.setdefault(origin, []).append(upstream)

    def stands_for(self, url: str) -> bool:
        """Whether an upstream is on the host of a URL."""
        return origin_of(url) in self._by_origin

    def answer(self, request: Request, credential: str | None = None) -> Answer:
        """What the upstream that the request is for answers; `credential` is the key that came with it."""
        if request.url not in self._exact and (url := self._as_written(request.url)) != request.url:
            request = replace(request, url=url)
        return self.route(request, credential).answer(request, credential)

    def _as_written(self, url: str) -> str:
        """A URL with the name by which an upstream knows its own host, whichever name it was asked by."""
        asked, origin = urlsplit(url), origin_of(url)
        there = [one.base_url for one in self._by_origin.get(origin, ()) if origin_of(one.base_url) == origin]
        hosts = [urlsplit(each).netloc for each in there]
        return url if not hosts or asked.netloc in hosts else asked._replace(netloc=hosts[0]).geturl()

    def route(self, request: Request, credential: str | None = None) -> Upstream:
        """The upstream that the request is for."""
        candidates = self._exact.get(request.url) or self._same_host(request.url)
        if len(candidates) == 1:
            return candidates[0]
        model = request.json.get("model") if isinstance(request.json, dict) else None
        candidates = _narrowed(candidates, lambda one: one.model == model)
        return _narrowed(candidates, lambda one: one.owns(request, credential))[0]

    def _same_host(self, url: str) -> list[Upstream]:
        """Those on the host of a URL; those above its path, if there are any."""
        candidates = self._by_origin.get(origin_of(url))
        if candidates is None:
            self.refused.append(url)
            raise UnknownHost(url, sorted({one.base_url for one in self.upstreams}))
        return _narrowed(candidates, lambda one: url.startswith(f"{one.base_url}/"))


def _narrowed(candidates: list[Upstream], fits: Callable[[Upstream], bool]) -> list[Upstream]:
    """Those that fit; all of them if none does."""
    return [one for one in candidates if fits(one)] or candidates


_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@lru_cache(maxsize=1024)
def origin_of(url: str) -> tuple[str | None, int | None]:
    """Host and port of a URL; of the loopback's names one stands for all."""
    parts = urlsplit(url)
    host = parts.hostname and parts.hostname.removesuffix(".")  # as a name may end that is complete
    return "localhost" if host in _LOOPBACK else host, parts.port or _PORTS.get(parts.scheme)


class Failing(StrEnum):
    """How an exchange fails for the client."""

    DNS_FAILURE = "dns_failure"
    REFUSED = "refused"
    TLS_CUT = "tls_cut"
    CERTIFICATE_INVALID = "certificate_invalid"
    HOSTNAME_MISMATCH = "hostname_mismatch"
    PLAIN_HTTP = "plain_http"
    PROXY_407 = "proxy_407"
    PROXY_403 = "proxy_403"
    PROXY_502 = "proxy_502"
    CONNECT_TIMEOUT = "connect_timeout"
    READ_TIMEOUT = "read_timeout"
    WRITE_TIMEOUT = "write_timeout"
    POOL_TIMEOUT = "pool_timeout"
    RESET = "reset"
    DISCONNECTED = "disconnected"
    INCOMPLETE = "incomplete"
    NOT_HTTP = "not_http"
    WRITE_ERROR = "write_error"
    CLOSE_ERROR = "close_error"
    LOCAL_PROTOCOL = "local_protocol"
    PROXY_ERROR = "proxy_error"
    UNSUPPORTED_PROTOCOL = "unsupported_protocol"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    CLIENT_CLOSED = "client_closed"


class Ending(NamedTuple):
    """The end of an exchange that did not end well; `received` and `announced` are bytes of the body."""

    how: Failing
    received: int = 0
    announced: int | None = None


class Timeouts(NamedTuple):
    """Seconds after which the client gives up."""

    connect: float = FOR_EVER
    read: float = FOR_EVER
    write: float = FOR_EVER
    pool: float = FOR_EVER


_SEEN_AS = {
    DropKind.PROXY_REFUSED: Failing.REFUSED,
    DropKind.CLOSED: Failing.DISCONNECTED,
    DropKind.HALF_CLOSED: Failing.DISCONNECTED,
    DropKind.UPLOAD_RESET: Failing.DISCONNECTED,
    DropKind.CLOSED_AT_ONCE: Failing.RESET,
}
"""What a client cannot tell from something else before the head; any other failure has the name of its drop."""

_CLOSING = frozenset({DropKind.CLOSED, DropKind.HALF_CLOSED})
"""What is an answer cut short, once its head was sent."""

_OUT_OF_PATIENCE = {
    DropKind.CONNECT_TIMEOUT: "connect",
    DropKind.WRITE_TIMEOUT: "write",
    DropKind.POOL_TIMEOUT: "pool",
}
"""Drops that last until the client gives up, and by which of its time-outs."""

_NOT_GZIP = (Head(200, (("content-encoding", "gzip"), ("content-length", "8"))), Data(b"not gzip"))
"""What no client can unpack: it fails by itself, and in a stream not before it reads the body."""


class Play:
    """One exchange as its client meets it: what comes next, and the moment at which it was over.

    `step` gives a `Pause` to be waited out, a `Head`, `Data`, the `Ending` of an exchange that failed, or None at a
    clean end. Once `closed` is set, the client has hung up.
    """

    def __init__(self, answer: Answer, clock: Clock, timeouts: Timeouts, closed: Flag) -> None:
        self._exchange = answer.exchange
        self._events = iter(answer.events)
        self._clock = clock
        self._timeouts = timeouts
        self._closed = closed
        self._silent_s = 0.0
        self._gives_up: Failing | None = None
        self._head: Head | None = None
        self._received = 0
        self._over = False

    def step(self) -> Pause | Head | Data | Ending | None:
        """What comes next."""
        self._clock.stir()
        if gone := Failing.CLIENT_CLOSED if self._closed.is_set() else self._gives_up:
            return self._ended(gone)
        match next(self._events, None):
            case None:
                self.end()
                return None
            case Pause(seconds):
                return self._pause(seconds)
            case Drop(kind):
                return self._drop(kind)
            case Head() as head:
                self._head, self._exchange.status, self._silent_s = head, head.status, 0.0
                return head
            case Data() as data:
                self._silent_s = 0.0
                self._received += len(data.data)
                return data

    def end(self) -> None:
        """The exchange is over: played to its end, failed, or hung up by the client."""
        if not self._over:
            self._over = True
            self._exchange.ended_s = self._clock.now_s

    def _pause(self, seconds: float) -> Pause:
        """As much silence as the client bears; several pauses in a row are one silence."""
        patience_s = self._timeouts.read - self._silent_s
        if seconds > patience_s:
            self._gives_up = Failing.READ_TIMEOUT
            return Pause(patience_s)
        self._silent_s += seconds
        return Pause(seconds)

    def _drop(self, kind: DropKind) -> Pause | Head | Ending:
        if kind is DropKind.DECODING:
            head, body = _NOT_GZIP
            self._events = iter((body,))
            return head
        how = _SEEN_AS.get(kind) or Failing(kind)
        if patience := _OUT_OF_PATIENCE.get(kind):
            self._gives_up = how
            return Pause(getattr(self._timeouts, patience))
        return self._ended(Failing.INCOMPLETE if self._head and kind in _CLOSING else how)

    def _ended(self, how: Failing) -> Ending:
        self.end()
        announced = self._head.header("content-length") if self._head else None
        return Ending(how, self._received, None if announced is None else int(announced))
