"""Who intercepts now, whom a place belongs to, and how methods of others are replaced and put back.

Knows no HTTP library.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, MutableSet
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit
from weakref import WeakSet

from faultlab.adapters.base import Router, origin_of
from faultlab.adapters.port import ports_here
from faultlab.clock import Clock
from faultlab.errors import HarnessError, UnknownHost, not_intercepted
from faultlab.upstream import Answer
from faultlab.wire import Request

__all__ = [
    "LOOPBACK",
    "Connection",
    "Interception",
    "Patches",
    "Place",
    "current",
    "is_name",
    "standing",
    "unbracketed",
]

LOOPBACK = "loopback"
"""The one name of all names and addresses of this machine's loopback."""

_KNOWN_HERE = frozenset({"", "localhost", "127.0.0.1", "::1"})
"""What the system knows the address or the name of by itself."""

_standing: list[Interception] = []


def current() -> Interception | None:
    """The innermost one; None while nobody intercepts."""
    return _standing[-1] if _standing else None


def standing() -> list[Interception]:
    """All of them, the innermost last: to be added to and taken from."""
    return _standing


class Place(NamedTuple):
    """Where somebody wants to go; all of the loopback is one host."""

    host: str
    port: int | None

    @classmethod
    def of(cls, host: str, port: int | None = None) -> Place:
        """As it was named, by name or by address."""
        return cls(_known_as(host), port)

    def __str__(self) -> str:
        host = "localhost" if self.host == LOOPBACK else self.host
        shown = f"[{host}]" if ":" in host else host
        return shown if self.port is None else f"{shown}:{self.port}"


class Connection(Protocol):
    """One that was laid to the lab, and may be kept by its client for later."""

    def abandon(self) -> None:
        """The lab has gone: whoever kept it finds that it was closed."""


class Interception:
    """What one lab does about requests meanwhile: its upstreams answer, what is allowed goes through, no more."""

    def __init__(self, router: Router, clock: Clock, allow: Collection[str], *, allow_loopback: bool) -> None:
        self.clock = clock
        self.laid: MutableSet[Connection] = WeakSet()
        self._router = router
        self._allowed = {_allowed(each) for each in ([allow] if isinstance(allow, str) else allow)}
        if allow_loopback:
            self._allowed.add(Place(LOOPBACK, None))

    def has(self, url: str) -> bool:
        """Whether the lab answers what is asked there: an upstream does, or a refusal."""
        host, port = origin_of(url)
        return self._router.stands_for(url) or not self.allows(Place.of(host or "", port))

    def allows(self, place: Place) -> bool:
        """Whether it may be reached; ports that this process serves always may."""
        if place.host == LOOPBACK and place.port in ports_here():
            return True
        return place in self._allowed or place._replace(port=None) in self._allowed

    def may_resolve(self, host: str) -> bool:
        """Whether the system may be asked for the addresses of a name, or for the name of an address."""
        known = _known_as(host)
        # Of the rest of the loopback the system knows no names, and asks the network.
        return unbracketed(host) in _KNOWN_HERE or any(known == each.host != LOOPBACK for each in self._allowed)

    def learn(self, host: str, addresses: Iterable[str]) -> None:
        """Where a name is: if it may be reached, so may its addresses."""
        known = _known_as(host)
        ports = {each.port for each in self._allowed if each.host == known != LOOPBACK}
        self._allowed |= {Place.of(address, port) for address in addresses for port in ports}

    def answer(self, request: Request, credential: str | None = None) -> Answer:
        """What the upstream that the request is for answers. Raises UnknownHost where there is none."""
        try:
            return self._router.answer(request, credential)
        except UnknownHost as error:
            host, port = origin_of(error.url)
            place = Place.of(host or "", port)
            raise UnknownHost(error.url, self._known, _how_to_allow(place), str(place)) from None

    def end(self) -> None:
        """Nothing that was laid to this lab is used any more."""
        for connection in tuple(self.laid):
            connection.abandon()

    def refusal(self, wanted: str, place: Place | None) -> UnknownHost:
        """The error for what no upstream can answer; remembered, since it may be swallowed.

        `place` None: where that leads nobody can tell, so it cannot be allowed either.
        """
        self._router.refused.append(wanted)
        remedy = not_intercepted(wanted, self._known)
        if remedy or place is None:
            return UnknownHost(wanted, self._known, remedy)
        return UnknownHost(wanted, self._known, _how_to_allow(place), str(place))

    @property
    def _known(self) -> list[str]:
        return sorted({upstream.base_url for upstream in self._router.upstreams})


class Patches:
    """Attributes of others that were replaced, and go back to what they were."""

    def __init__(self) -> None:
        self._kept: list[tuple[Any, str, bool, Any]] = []

    def put(self, owner: Any, name: str, made_of: Callable[[Any], Any]) -> None:
        """Replace it by what is made of what it was. Who kept the new one must still be served when it is undone."""
        is_own = name in vars(owner)
        self._kept.append((owner, name, is_own, vars(owner).get(name)))
        setattr(owner, name, made_of(getattr(owner, name)))

    def undo(self) -> None:
        """All of them, last things first."""
        while self._kept:
            owner, name, is_own, was = self._kept.pop()
            if is_own:
                setattr(owner, name, was)
            else:
                delattr(owner, name)


def unbracketed(host: str) -> str:
    """A host without what surrounds an IPv6 address in a URL, and without the dot of a name that is complete."""
    return host.strip("[]").rstrip(".").lower()


@lru_cache(maxsize=1024)
def is_name(host: str) -> bool:
    """Whether it takes a query to know where that is."""
    try:
        ip_address(host)
    except ValueError:
        return host not in {"", "<broadcast>"}
    return False


@lru_cache(maxsize=1024)
def _known_as(host: str) -> str:
    host = unbracketed(host)
    if host == "localhost":  # names below it are for the network to know, as others are
        return LOOPBACK
    try:
        address = ip_address(host)
    except ValueError:
        return host or LOOPBACK  # nothing at all is any address of this machine
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    # Who asks for the address that is none reaches his own machine.
    return LOOPBACK if address.is_loopback or address.is_unspecified else str(address)


def _allowed(text: str) -> Place:
    """What is let through: a host, or a host and its port."""
    if ":" in text and not is_name(text):
        return Place.of(text)
    parts = urlsplit(text if "://" in text else f"//{text}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or "*" in host or " " in host:
        raise HarnessError(f"allow takes hosts, as 'localhost:8000' or 'example.com', and not {text!r}")
    return Place.of(host, port)


def _how_to_allow(place: Place) -> str:
    loopback = ", or all of the loopback by lab.intercept(allow_loopback=True)" if place.host == LOOPBACK else ""
    return f"to let it through, lab.intercept(allow=[{str(place)!r}]){loopback}"
