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

from faultlab.adapters.intercept.base import LOOPBACK, Interception, Patches, Place, current, is_name, standing
from faultlab.errors import UnknownHost

__all__ = ["AT_HOME", "look_at_name", "look_at_place", "raise_it"]

AT_HOME = frozenset(getattr(socket, name) for name in ("AF_UNIX", "AF_NETLINK", "AF_ALG") if hasattr(socket, name))
"""Families of sockets that reach nothing but this machine."""

_INTERNET = (socket.AF_INET, socket.AF_INET6)
_BARE = "a bare _socket.socket, which resolves names before it tells of them"

_raised: list[bool] = []
_standing = standing()


def raise_it(patches: Patches) -> None:
    """From now on; the methods go back to what they were with the other patches."""
    if not _raised:
        sys.addaudithook(_told)
        _raised.append(True)
    for name in (*_LEADS, "bind"):
        patches.put(socket.socket, name, partial(_looking_first, name))
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        patches.put(socket, name, _learning)


def look_at_place(interception: Interception, host: Any, port: int | None) -> None:
    """Refuse what may not be reached."""
    place = Place.of(_text(host) or "", port)
    if not interception.allows(place):
        raise interception.refusal(f"socket://{place}", place)


def look_at_name(interception: Interception, host: Any, *, is_name_wanted: bool = False) -> None:
    """Refuse a query. What is an address, or nothing, takes none, unless its name is wanted."""
    text = _text(host)
    if text is not None and (is_name_wanted or is_name(text)) and not interception.may_resolve(text):
        place = Place.of(text)
        raise interception.refusal(f"dns://{text}", None if place.host == LOOPBACK else place)


# What Python tells, ahead of each.


def _told(event: str, arguments: tuple[Any, ...]) -> None:
    # Python tells of every file and import too, and goes on to when nobody intercepts: no call before there is need.
    if _standing and event in _WATCHED:
        _WATCHED[event](_standing[-1], *arguments)


def _is_made(interception: Interception, sock: Any, family: int, *_: Any) -> None:
    if type(sock) is _socket.socket and family in (*_INTERNET, -1):
        raise interception.refusal(_BARE, None)


def _connects(interception: Interception, sock: Any, address: Any) -> None:
    try:
        _sends(interception, sock, address)
    except UnknownHost:
        sock.close()  # callers close what the network refused, and nothing that was refused otherwise
        raise


def _sends(interception: Interception, sock: Any, address: Any) -> None:
    """None stands for the address that the socket is connected to."""
    if sock.family in AT_HOME or address is None:
        return
    if sock.family not in _INTERNET or not isinstance(address, tuple):
        raise interception.refusal(f"socket://{address}", Place.of(str(address)))
    look_at_place(interception, *address[:2])


def _resolves(interception: Interception, host: Any, *_: Any) -> None:
    look_at_name(interception, host)


def _resolves_back(interception: Interception, host: Any) -> None:
    look_at_name(interception, host[0] if isinstance(host, tuple) else host, is_name_wanted=True)


_WATCHED: Mapping[str, Callable[..., None]] = {
    "socket.__new__": _is_made,
    "socket.connect": _connects,
    "socket.sendto": _sends,
    "socket.sendmsg": _sends,
    "socket.getaddrinfo": _resolves,
    "socket.gethostbyname": _resolves,
    "socket.gethostbyaddr": _resolves_back,
    "socket.getnameinfo": _resolves_back,
}


# What is replaced.


_LEADS: Mapping[str, Callable[..., None]] = {
    "connect": _connects,
    "connect_ex": _connects,
    "sendto": _sends,
    "sendmsg": _sends,
}
"""What each method does with an address, once no name is in it that may not be resolved."""


def _looking_first(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    """A method that is handed an address: looked at before a name in it is resolved, and before others guard it."""

    def method(sock: socket.socket, *arguments: Any) -> Any:
        interception = current()
        address = arguments[-1] if arguments else None
        if interception is not None and sock.family in _INTERNET and isinstance(address, tuple) and address:
            look_at_name(interception, address[0])
            if name in _LEADS:
                _LEADS[name](interception, sock, address)
        return original(sock, *arguments)

    method.__name__ = name
    return method


def _learning(original: Callable[..., Any]) -> Callable[..., Any]:
    """Where an allowed name is: its addresses are allowed from then on."""

    def resolve(host: Any, *arguments: Any, **options: Any) -> Any:
        interception, name = current(), _text(host)
        if interception is None:
            return original(host, *arguments, **options)
        look_at_name(interception, host)
        found = original(host, *arguments, **options)
        if name is not None and is_name(name):
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
