"""Who knocks at a port is let in, or turned away when that is what has to happen next."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
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

_GONE_ALREADY = 0
"""The port of somebody who knocked and was gone before it was seen from where: nobody ever has it."""

_CLOSES_AFTER_S = 0.95
"""So long after a knock the port is closed: that client's next one, after a second, finds it so, and few others do."""

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


_Turned = dict[int, Exchange | None]
"""Who was turned away, by the port that he knocked from, and his line in the trace."""


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
        self._has_turned_nobody = False
        self._turned: _Turned = {}

    def open(self) -> None:
        """Let in whoever may come in."""
        self._port.listen()
        self._hear()

    def look(self) -> None:
        """What comes next may have changed."""
        if self._has_turned_nobody:
            self._change_at_once()
            return
        if not self._house.keeps_out():
            if self._port.listener and not self._lets_others_in:
                self._let_others_in(self._turned)
            return
        if self._turning and not self._lets_others_in:
            return
        # At once: who knows the port, or was just answered, may come before the task has its turn.
        self._port.ignore()
        self._lets_others_in = False
        self._turning = self._turning or asyncio.get_running_loop().create_task(self._turn_away())

    def _change_at_once(self) -> None:
        """Whoever comes before the task has its turn would knock in vain, and again after a second."""
        if self._house.keeps_out():
            self._port.ignore()
        else:
            self._port.listen()
            self._hear()

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
        knocking, closes_s = self._port.knocking(), 0.0
        self._has_turned_nobody = True
        try:
            while not knocking and not self._port.ignored:
                closes_s = asyncio.get_running_loop().time() + _CLOSES_AFTER_S
                await asyncio.sleep(_LOOK_S)
                if self._house.keeps_out() is not kind:
                    return
        finally:
            self._has_turned_nobody = False
        self._turned = turned = self._turned_away(kind, knocking or self._port.knocking() or (_GONE_ALREADY,))
        try:
            self._let_others_in(turned)
            if kind is not DropKind.CONNECT_TIMEOUT:
                await self._until_closed(kind, turned, closes_s)
            await self._until_gone(turned)
            self._port.forget()
        finally:
            self._lets_others_in, self._turned = False, {}
            self._end(turned.values())

    def _turned_away(self, kind: DropKind, knocking: Iterable[int]) -> _Turned:
        return {number: self._house.turned_away() for number in knocking if self._house.keeps_out() is kind}

    def _let_others_in(self, turned: _Turned) -> None:
        """Who comes next may do so the moment that these give up, before it is seen that they did."""
        if turned and not self._house.keeps_out():
            self._lets_others_in = self._port.ignore(turned)

    async def _until_closed(self, kind: DropKind, turned: _Turned, closes_s: float) -> None:
        """Until those who wait are about to knock again; meanwhile others may come for whom the same is next."""
        now_s = asyncio.get_running_loop().time
        while now_s() < closes_s and self._wait(turned):
            seen = self._port.ignored
            await asyncio.sleep(_LOOK_S)
            if self._port.ignored > seen and self._house.keeps_out() is kind:
                turned |= self._turned_away(kind, [one for one in self._port.knocking() if one not in turned])
                self._let_others_in(turned)
        if self._wait(turned):
            self._refuse()

    def _wait(self, numbers: Iterable[int]) -> bool:
        return any(self._port.is_there(number) for number in numbers)

    async def _until_gone(self, numbers: Iterable[int]) -> None:
        """That their ports are free is seen at once, and now and then that somebody else has them by now."""
        looks = 0
        while self._wait(numbers):
            await asyncio.sleep(_GONE_S)
            looks += 1
            if looks % _LOOKS == 0:
                still = self._port.knocking()
                numbers = tuple(number for number in numbers if number in still)

    async def _close_for_a_while(self) -> None:
        exchanges = [self._house.turned_away()]
        self._refuse()
        try:
            await asyncio.sleep(self._closed_for_s)
        finally:
            self._end(exchanges)

    def _refuse(self) -> None:
        self._lets_others_in = False
        self._shut()
        self._port.refuse()

    def _end(self, exchanges: Iterable[Exchange | None]) -> None:
        for exchange in exchanges:
            if exchange:
                self._house.ended(exchange)
