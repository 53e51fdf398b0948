"""Beneath every library: sockets and names. What would leave the machine is refused, whoever asks for it.

Python tells an audit hook of each, whoever made the socket; but a name that is handed to one it has resolved by then,
so the methods that resolve are replaced as well. The hook stays for ever: while nobody intercepts it looks at nothing.
"""

from __future__ import annotations

import _socket
import socket
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from faultlab.adapters.intercept.base import Interception, Patches, Place, current, is_name
from faultlab.errors import UnknownHost

__all__ = ["raise_it"]

_AT_HOME = frozenset(getattr(socket, name) for name in ("AF_UNIX", "AF_NETLINK", "AF_ALG") if hasattr(socket, name))
"""Families of sockets that reach nothing but this machine."""

_INTERNET = (socket.AF_INET, socket.AF_INET6)

_raised: list[bool] = []


def raise_it(patches: Patches) -> None:
    """From now on; the methods go back to what they were with the other patches."""
    if not _raised:
        sys.addaudithook(_told)
        _raised.append(True)
    for name in (*_LEADS, "bind"):
        patches.put(socket.socket, name, partial(_looking_first, name))
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        patches.put(socket, name, _learning)


def _told(event: str, arguments: tuple[Any, ...]) -> None:
    """What Python tells, ahead of each."""
    interception = current()
    if interception is not None and event in _WATCHED:
        _WATCHED[event](interception, arguments)


def _connects(interception: Interception, arguments: tuple[Any, ...]) -> None:
    """A connection to an address. Callers close what the network refused, and nothing that was refused otherwise."""
    try:
        _sends(interception, arguments)
    except UnknownHost:
        arguments[0].close()
        raise


def _sends(interception: Interception, arguments: tuple[Any, ...]) -> None:
    """Something for an address; None where the socket is connected already."""
    sock, address = arguments[:2]
    if sock.family in _AT_HOME or address is None:
        return
    if sock.family not in _INTERNET or not isinstance(address, tuple):
        raise interception.refusal(f"socket://{address}", Place.of(str(address)))
    place = Place.of(_text(address[0]) or "", address[1])
    if not interception.allows(place):
        raise interception.refusal(f"socket://{place}", place)


def _resolves(interception: Interception, arguments: tuple[Any, ...]) -> None:
    """A name is looked up; what is an address, or nothing, takes no query."""
    host = _text(arguments[0])
    if host is not None and is_name(host) and not interception.may_resolve(host):
        raise interception.refusal(f"dns://{host}", Place.of(host))


def _resolves_back(interception: Interception, arguments: tuple[Any, ...]) -> None:
    """The name of an address is looked up."""
    host = _text(arguments[0])
    if host is not None and not interception.may_resolve(host):
        raise interception.refusal(f"dns://{host}", Place.of(host))


def _is_made(interception: Interception, arguments: tuple[Any, ...]) -> None:
    """One that resolves names before it tells of them, since it has not our methods: it never comes to be."""
    sock, family = arguments[:2]
    if type(sock) is _socket.socket and family in (*_INTERNET, -1):
        raise interception.refusal("socket://a bare _socket.socket", Place("a bare _socket.socket", None))


_WATCHED: Mapping[str, Callable[[Interception, tuple[Any, ...]], None]] = {
    "socket.__new__": _is_made,
    "socket.connect": _connects,
    "socket.sendto": _sends,
    "socket.sendmsg": _sends,
    "socket.getaddrinfo": _resolves,
    "socket.gethostbyname": _resolves,
    "socket.gethostbyaddr": _resolves_back,
    "socket.getnameinfo": lambda interception, arguments: _resolves_back(interception, arguments[0]),
}


_LEADS = {"connect": _connects, "connect_ex": _connects, "sendto": _sends, "sendmsg": _sends}
"""What each method does with an address, once no name is in it that may not be resolved."""


def _looking_first(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    """A method that is handed an address: looked at before a name in it is resolved, and before others guard it."""

    def method(sock: socket.socket, *arguments: Any) -> Any:
        interception = current()
        address = arguments[-1] if arguments else None
        if interception is not None and sock.family in _INTERNET and isinstance(address, tuple) and address:
            _resolves(interception, address)
            if name in _LEADS:
                _LEADS[name](interception, (sock, address))
        return original(sock, *arguments)

    method.__name__ = name
    return method


def _learning(original: Callable[..., Any]) -> Callable[..., Any]:
    """Where an allowed name is: its addresses are allowed from then on."""

    def resolve(host: Any, *arguments: Any, **options: Any) -> Any:
        interception, name = current(), _text(host)
        if interception is not None:
            _resolves(interception, (host,))
        found = original(host, *arguments, **options)
        if interception is not None and name is not None and is_name(name):
            interception.learn(name, _addresses(found))
        return found

    return resolve


def _addresses(found: Any) -> set[str]:
    """Of what a resolver gives: one address, a list of them behind names, or a row for each."""
    if isinstance(found, str):
        return {found}
    return set(found[2]) if isinstance(found, tuple) else {row[4][0] for row in found}


def _text(host: Any) -> str | None:
    return host.decode("utf-8", "replace") if isinstance(host, (bytes, bytearray)) else host
