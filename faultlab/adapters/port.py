"""A port of the loopback that stays ours, whether anybody listens there or not, and that tells when somebody knocks.

A running server cannot refuse one connection: the kernel has let it in before anyone is asked. But Linux can be told
to leave those who knock without an answer, and says that somebody did and from where. So nothing is closed before its
time.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Collection
from collections.abc import Set as AbstractSet
from contextlib import suppress
from ipaddress import IPv4Address

from faultlab.adapters.knocks import knocking_at
from faultlab.errors import HarnessError

__all__ = ["LOOPBACK", "Port", "loopback", "ports_here"]

LOOPBACK = "127.0.0.1"

_held: set[int] = set()
"""The numbers of all ports that this process holds."""

_BACKLOG = 1024
"""Connections that may come at once before anyone looks."""

_ATTACH_FILTER, _DETACH_FILTER, _MEMORY = 26, 27, 55
"""SO_ATTACH_FILTER, SO_DETACH_FILTER and SO_MEMINFO of Linux, which the standard library does not name."""

_INSTRUCTION = struct.Struct("HBBI")
_NOTHING_PASSES = _INSTRUCTION.pack(0x06, 0, 0, 0)
"""A filter of one instruction: of every packet, keep nothing."""

_ALL_OF_IT_PASSES = _INSTRUCTION.pack(0x06, 0, 0, 0xFFFF_FFFF)
_LOOK_AT_WHO_SENDS = _INSTRUCTION.pack(0x28, 0, 0, 0)
"""Takes the first two bytes of TCP's head: the sender's port."""

_MOST_IGNORED = 1024
"""Ports that one filter names: the kernel takes 4096 instructions."""

_MEMORY_FIELDS = struct.Struct("9I")
_DROPS = 8


class Port:
    """Held from the first moment until `close`, whether there is a `listener` or not."""

    def __init__(self, host: str = LOOPBACK, number: int = 0) -> None:
        self.listener: socket.socket | None = None
        self._is_ignoring = False
        self._forgotten = 0
        self.host = loopback(host)
        self._held = _bound(self.host, number)
        self.number: int = self._held.getsockname()[1]
        _held.add(self.number)

    def listen(self) -> socket.socket:
        """From now on let those in who come."""
        listener = self._made()
        if self._is_ignoring:
            listener.setsockopt(socket.SOL_SOCKET, _DETACH_FILTER, 0)
            self._is_ignoring = False
        listener.listen(_BACKLOG)
        return listener

    def ignore(self, only: Collection[int] = ()) -> bool:
        """From now on leave those who come without an answer; false if this system has no way to do that.

        `only`: those alone who come from these ports.
        """
        listener = self._made()
        try:
            if not self._is_ignoring:
                self.forget()
            _attach(listener, _all_but(only) if 0 < len(only) <= _MOST_IGNORED else _NOTHING_PASSES)
            self.knocking()  # whether that is told as well
            self._is_ignoring = self.ignored >= 0
        except OSError:
            self._is_ignoring = False
        listener.listen(_BACKLOG)
        return self._is_ignoring

    def accept(self) -> socket.socket:
        """Whoever came first; BlockingIOError when nobody has."""
        if self.listener is None:
            raise BlockingIOError
        try:
            connection, _ = self.listener.accept()
        except (InterruptedError, ConnectionAbortedError) as error:
            raise BlockingIOError from error
        connection.setblocking(False)
        # Else the kernel holds back a small event of a stream until the one before it was acknowledged.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def refuse(self) -> None:
        """From now on refuse those who come."""
        if self.listener:
            self.listener.close()
        self.listener, self._is_ignoring = None, False

    def close(self) -> None:
        """Give the port back."""
        self.refuse()
        _held.discard(self.number)
        self._held.close()

    @property
    def ignored(self) -> int:
        """How often somebody knocked in vain that is not forgotten."""
        return self._drops() - self._forgotten

    def forget(self) -> None:
        """Those who have knocked so far were seen to."""
        self._forgotten = self._drops()

    def knocking(self) -> tuple[int, ...]:
        """The ports of those who wait to be let in."""
        return knocking_at(self.number)

    def is_there(self, number: int) -> bool:
        """Whether whoever knocked from the port of this number still waits: it is free as soon as he has gone."""
        try:
            _bound(self.host, number, is_shared=False).close()
        except OSError:
            return True
        return False

    def _drops(self) -> int:
        memory = self._made().getsockopt(socket.SOL_SOCKET, _MEMORY, _MEMORY_FIELDS.size)
        drops: int = _MEMORY_FIELDS.unpack(memory)[_DROPS]
        return drops

    def _made(self) -> socket.socket:
        if self.listener is None:
            self._forgotten = 0
            self.listener = _bound(self.host, self.number)
            self.listener.setblocking(False)
        return self.listener


def ports_here() -> AbstractSet[int]:
    """The numbers of the ports that are held in this process: who goes there goes to one of its own fake providers."""
    return _held


def _attach(listener: socket.socket, program: bytes) -> None:
    """In place of the filter that was there, with no moment in between."""
    kept = ctypes.create_string_buffer(program)
    attached = struct.pack("HP", len(program) // _INSTRUCTION.size, ctypes.addressof(kept))
    listener.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, attached)


def _all_but(ports: Collection[int]) -> bytes:
    """A filter that all pass but who comes from one of these ports."""
    # Each port: go on if it is this one, else jump over the refusal.
    named = b"".join(_INSTRUCTION.pack(0x15, 0, 1, port) + _NOTHING_PASSES for port in ports)
    return _LOOK_AT_WHO_SENDS + named + _ALL_OF_IT_PASSES


def loopback(host: str) -> str:
    """The address, if nobody from outside can reach it."""
    with suppress(ValueError):  # a name is no address
        if IPv4Address(host).is_loopback:
            return host
    raise HarnessError(f"a fake provider is served on the loopback ({LOOPBACK}) only, not on {host!r}")


def _bound(host: str, number: int, *, is_shared: bool = True) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, is_shared)
        made.bind((host, number))
    except BaseException:
        made.close()
        raise
    return made
