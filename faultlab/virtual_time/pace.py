"""How a clock moves while threads live by it: whoever waits on it waits as one of them."""

from __future__ import annotations

import math
import sys
from threading import Event
from typing import Any

from faultlab.clock import VirtualClock
from faultlab.errors import WaitsForEver
from faultlab.virtual_time.flows import Flow, Wait
from faultlab.virtual_time.governor import GOVERNOR
from faultlab.virtual_time.loops import sleep_uncounted
from faultlab.virtual_time.trio_clock import TrioClock

__all__ = ["Governed"]


class Governed:
    """The pace of the clock that rules."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def wait(self, seconds: float, interrupted: Event | None) -> bool:
        """As one of the flows, if this thread is one of them."""
        flow = self._flow()
        if flow is None:
            return False
        GOVERNOR.wait(flow, seconds, lambda wait: _begin(wait, interrupted))
        return True

    async def wait_async(self, seconds: float, interrupted: Event | None) -> bool:
        """As a task of this thread's event loop: what another task waits for comes first if it is due first."""
        if seconds <= 0 or self._flow() is None or (interrupted is not None and interrupted.is_set()):
            return False
        if _running_loop() is not None:
            await sleep_uncounted(seconds)
            return True
        trio = sys.modules.get("trio")
        if trio is None or not trio.lowlevel.in_trio_run():
            return False
        if not isinstance(trio.lowlevel.current_clock(), TrioClock):
            return False
        with trio.move_on_after(seconds):
            await trio.sleep_forever()
        return True

    def moved(self) -> None:
        """Whoever's time has come by that goes on."""
        with GOVERNOR.lock:
            GOVERNOR.settle()

    def _flow(self) -> Flow | None:
        flow = GOVERNOR.flow()
        return flow if flow is not None and GOVERNOR.clock is self._clock else None


def _running_loop() -> Any:
    asyncio = sys.modules.get("asyncio")
    return None if asyncio is None else asyncio._get_running_loop()


def _begin(wait: Wait, interrupted: Event | None) -> bool:
    if interrupted is not None:
        if interrupted.is_set():
            return False
        wait.ready = interrupted.is_set
    if math.isinf(wait.deadline_s):
        wait.without_hope = lambda: _give_up(wait)
    return True


def _give_up(wait: Wait) -> None:
    wait.error = WaitsForEver("nothing ends this wait: the client has no time-out, and nobody interrupts it")
    GOVERNOR.end(wait)
