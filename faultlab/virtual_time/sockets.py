"""Talk over sockets of this machine: time waits for an answer that is on its way.

A flow that a connection's other end keeps waiting, and a request of an event loop's that nobody answered yet, hold time
up. An idle connection does not; nor does one whose other end is a flow that got all that was sent, and waits itself.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from faultlab.virtual_time.governor import GOVERNOR
from faultlab.virtual_time.machine import monotonic
from faultlab.virtual_time.replacing import Replaced

__all__ = ["is_pending", "replace"]

_AFTERWARDS_S = 0.05
"""So long after an event loop received something more may follow, in real seconds."""

_INTERNET = (socket.AF_INET, socket.AF_INET6)
_SENDS = ("send", "sendall", "sendmsg")
_RECEIVES = ("recv", "recv_into", "recvmsg")

_accepted: WeakSet[socket.socket] = WeakSet()
_asked: WeakKeyDictionary[socket.socket, float | None] = WeakKeyDictionary()
"""Sockets of event loops: when something was received last; None while an answer is due."""

_read: set[object] = set()
"""Addresses of those whose bytes another flow has all received, and not answered yet."""


def replace(replaced: Replaced) -> None:
    """From now on what flows send and receive is followed."""
    _asked.clear()
    _read.clear()
    for kind in (socket.socket, ssl.SSLSocket):
        replaced.put(kind, "connect", _connecting(kind.connect))
        for name in (*_SENDS, "write") if kind is ssl.SSLSocket else _SENDS:
            replaced.put(kind, name, _sending(getattr(kind, name)))
        for name in (*_RECEIVES, "read") if kind is ssl.SSLSocket else _RECEIVES:
            replaced.put(kind, name, _receiving(getattr(kind, name)))
    replaced.put(socket.socket, "accept", _accepting(socket.socket.accept))


def is_pending() -> bool:
    """Whether an event loop waits for an answer that is on its way."""
    now_s = monotonic()
    for each, received_s in list(_asked.items()):
        if each.fileno() < 0 or (received_s is not None and now_s - received_s > _AFTERWARDS_S):
            _asked.pop(each, None)
        elif received_s is not None or _own_address(each) not in _read:
            return True
    return False


def _connecting(real: Callable[..., Any]) -> Callable[..., Any]:
    def connect(self: socket.socket, address: Any) -> Any:
        return _held_up(self, real, address) if self.family in _INTERNET else real(self, address)

    return connect


def _sending(real: Callable[..., Any]) -> Callable[..., Any]:
    def send(self: socket.socket, *arguments: Any) -> Any:
        if GOVERNOR.flow() is None or self.family not in _INTERNET:
            return real(self, *arguments)
        if self in _accepted:
            _read.discard(_address(self.getpeername))
        elif self.gettimeout() == 0:
            _asked[self] = None
        return _held_up(self, real, *arguments)

    return send


def _receiving(real: Callable[..., Any]) -> Callable[..., Any]:
    def receive(self: socket.socket, *arguments: Any) -> Any:
        if GOVERNOR.flow() is None or self.family not in _INTERNET:
            return real(self, *arguments)
        if self not in _accepted:
            received = _held_up(self, real, *arguments)
            if self in _asked:
                _heard(self)
            return received
        received = real(self, *arguments)
        if received:
            _read.add(_address(self.getpeername))
        return received

    return receive


def _heard(self: socket.socket) -> None:
    """An event loop has received something; more may follow, unless the other end tells of that itself."""
    other = _address(self.getpeername)
    if other is None or other[1] in GOVERNOR.holding_ports:
        _asked.pop(self, None)
    else:
        _asked[self] = monotonic()


def _accepting(real: Callable[..., Any]) -> Callable[..., Any]:
    def accept(self: socket.socket) -> Any:
        connection, address = real(self)
        if GOVERNOR.flow() is not None:
            _accepted.add(connection)
        return connection, address

    return accept


def _held_up(self: socket.socket, real: Callable[..., Any], *arguments: Any) -> Any:
    """The call itself; while it lasts time waits for what is on its way."""
    flow = GOVERNOR.flow()
    if flow is None or flow.held_up is not None:
        return real(self, *arguments)
    flow.begin_anew(flow.stirred)
    flow.held_up = lambda: _own_address(self) not in _read
    try:
        return real(self, *arguments)
    finally:
        flow.held_up = None


def _own_address(self: socket.socket) -> tuple[str, int] | None:
    return _address(self.getsockname)


def _address(tell: Callable[[], Any]) -> tuple[str, int] | None:
    """Host and port; None for a socket that is gone."""
    try:
        host, port = tell()[:2]
    except (OSError, ValueError):
        return None
    return host, port
