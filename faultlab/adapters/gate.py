"""Who knocks at a port is let in, or turned away when that is what has to happen next."""

from __future__ import annotations

import asyncio
import socket
from typing import Final, Protocol

from faultlab.adapters.port import Port
from faultlab.trace import Exchange
from faultlab.wire import DropKind

__all__ = ["KEPT_OUT", "Gate", "House"]

KEPT_OUT: Final = frozenset({DropKind.REFUSED, DropKind.PROXY_REFUSED, DropKind.CONNECT_TIMEOUT})
"""What happens to those who are not let in."""

_AT_ONCE = 64
"""Connections that are let in until those that are there have their turn."""

_NO_ROOM_S = 0.1
"""How long nobody is let in when there is no room, in the house or in the system."""

_LOOK_S = 0.01
"""How often it is looked whether somebody knocks."""

_GONE_S = 0.001
"""How often it is looked whether he has gone; who comes back sooner is taken for the same."""

_LOOKS = 25
"""After how many of these looks the kernel is asked, which takes as long as all of them."""


class House(Protocol):
    """What the gate asks of those whose gate it is."""

    def has_room(self) -> bool:
        """Whether one more can be let in."""

    def let_in(self, connection: socket.socket) -> None:
        """Somebody has come."""

    def keeps_out(self) -> DropKind | None:
        """How whoever comes next is to be turned away, if at all."""

    def turned_away(self) -> Exchange | None:
        """Somebody was; his line in the trace."""

    def ended(self, exchange: Exchange) -> None:
        """Nothing more will come of it."""


class Gate:
    """Open from `open` to `close`, but for those times when somebody is turned away.

    Where the system cannot tell that somebody knocks, all are refused for `closed_for_s`.
    """

    def __init__(self, port: Port, house: House, closed_for_s: float) -> None:
        self._port = port
        self._house = house
        self._closed_for_s = closed_for_s
        self._heard: socket.socket | None = None
        self._later: asyncio.Handle | None = None
        self._turning: asyncio.Task[None] | None = None
        self._lets_others_in = False

    def open(self) -> None:
        """Let in whoever may come in."""
        self._port.listen()
        self._hear()

    def look(self) -> None:
        """What comes next may have changed."""
        if not self._house.keeps_out() or (self._turning and not self._lets_others_in):
            return
        # At once: who knows the port, or was just answered, may come before the task has its turn.
        self._port.ignore()
        self._lets_others_in = False
        self._turning = self._turning or asyncio.get_running_loop().create_task(self._turn_away())

    async def close(self) -> None:
        """Let nobody in any more."""
        if self._turning:
            self._turning.cancel()
            await asyncio.wait([self._turning])
        self._shut()
        self._port.close()

    # Letting in.

    def _hear(self) -> None:
        """Be told when somebody has come."""
        self._shut()
        self._heard = self._port.listener
        if self._heard:
            asyncio.get_running_loop().add_reader(self._heard, self._come)

    def _shut(self) -> None:
        if self._heard:
            asyncio.get_running_loop().remove_reader(self._heard)
        if self._later:
            self._later.cancel()
        self._heard = self._later = None

    def _come(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                connection = self._port.accept() if self._house.has_room() else None
            except BlockingIOError:
                return
            except OSError:  # no file is left for it
                connection = None
            if connection is None:
                self._shut()
                self._later = asyncio.get_running_loop().call_later(_NO_ROOM_S, self._hear)
                return
            self._house.let_in(connection)

    # Turning away.

    async def _turn_away(self) -> None:
        """One after the other, as long as that is what comes next."""
        try:
            while kind := self._house.keeps_out():
                if self._port.ignore():
                    await self._turn_away_next(kind)
                else:
                    await self._close_for_a_while()
            self._port.listen()
            self._hear()
        finally:
            self._turning = None

    async def _turn_away_next(self, kind: DropKind) -> None:
        """Those who had come before are still let in."""
        self._hear()
        knocking = self._port.knocking()
        while not knocking and not self._port.ignored:
            await asyncio.sleep(_LOOK_S)
            if self._house.keeps_out() is not kind:
                return
        knocking = knocking or self._port.knocking()
        exchanges = [self._house.turned_away() for _ in knocking or (0,) if self._house.keeps_out() is kind]
        if kind is DropKind.CONNECT_TIMEOUT:
            knocking = knocking[: len(exchanges)]
            self._let_others_in(knocking)
        else:
            self._refuse()
        try:
            await self._until_gone(knocking)
            self._port.forget()
        finally:
            self._lets_others_in = False
            self._end(exchanges)

    def _let_others_in(self, knocking: tuple[int, ...]) -> None:
        """Who comes next may do so the moment that these give up, before it is seen that they did."""
        if knocking and not self._house.keeps_out():
            self._lets_others_in = self._port.ignore(knocking)

    async def _until_gone(self, knocking: tuple[int, ...]) -> None:
        """That their ports are free is seen at once, and now and then that somebody else has them by now."""
        looks = 0
        while any(self._port.is_there(number) for number in knocking):
            await asyncio.sleep(_GONE_S)
            looks += 1
            if looks % _LOOKS == 0:
                still = self._port.knocking()
                knocking = tuple(number for number in knocking if number in still)

    async def _close_for_a_while(self) -> None:
        exchanges = [self._house.turned_away()]
        self._refuse()
        try:
            await asyncio.sleep(self._closed_for_s)
        finally:
            self._end(exchanges)

    def _refuse(self) -> None:
        self._shut()
        self._port.refuse()

    def _end(self, exchanges: list[Exchange | None]) -> None:
        for exchange in exchanges:
            if exchange:
                self._house.ended(exchange)
