"""asyncio: an event loop of a flow takes its time from the clock, and sleeps of coroutines are counted.

Private names of CPython 3.11 to 3.14: `_scheduled`, the timers of a loop, and `_when` of each.
"""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Callable, Coroutine
from typing import Any
from weakref import WeakKeyDictionary

from faultlab.clock import VirtualClock
from faultlab.errors import HarnessError, WaitsForEver
from faultlab.virtual_time.governor import GOVERNOR
from faultlab.virtual_time.machine import monotonic
from faultlab.virtual_time.replacing import Replaced

__all__ = ["OFFSETS", "SLEEPS", "Offsets", "begin", "give_up", "refuse_foreign", "replace", "sleep_uncounted"]

_Loop: Any = asyncio.BaseEventLoop
_time = _Loop.time
_sleep = asyncio.sleep
_run = asyncio.Runner.run


class Offsets:
    """What a loop's own time is ahead of the clock: one that ran before goes on from where it was."""

    def __init__(self) -> None:
        self._ahead_s: WeakKeyDictionary[Any, float] = WeakKeyDictionary()

    def time(self, loop: Any) -> float:
        """The loop's own time."""
        ahead_s = self._ahead_s.get(loop)
        if ahead_s is None:
            ahead_s = self.note(loop) if loop._scheduled else self._ahead_s.setdefault(loop, 0.0)
        return ahead_s + GOVERNOR.clock.now_s

    def note(self, loop: Any) -> float:
        """It has timers of its own time already."""
        ahead_s = monotonic() - GOVERNOR.clock.now_s
        return self._ahead_s.setdefault(loop, ahead_s)

    def change(self, before: VirtualClock, after: VirtualClock) -> None:
        """Another clock rules: each loop's own time goes on."""
        for loop in self._ahead_s:
            self._ahead_s[loop] += before.now_s - after.now_s

    def end(self, clock: VirtualClock) -> None:
        """Virtual time is over: what a loop's timers had left, they have left."""
        for loop, ahead_s in list(self._ahead_s.items()):
            late_s = monotonic() - (ahead_s + clock.now_s)
            for timer in list(loop._scheduled):
                timer._when += late_s
        self._ahead_s.clear()


OFFSETS = Offsets()
"""Of all loops that flows have run since virtual time began."""


def replace(replaced: Replaced) -> None:
    """From now on a flow's loops are virtual. Raises HarnessError if the one that runs here cannot be."""
    loop = asyncio._get_running_loop()
    if loop is not None:
        refuse_foreign(loop)
    replaced.put(_Loop, "time", _virtual_time)
    replaced.put(asyncio.Runner, "run", _run_virtual)
    uvloop = sys.modules.get("uvloop")
    if uvloop is not None:
        replaced.put(uvloop.Loop, "run_forever", _refuse(uvloop.Loop.run_forever))


def begin() -> None:
    """The loop that runs here goes on from where it is."""
    loop = asyncio._get_running_loop()
    if loop is not None:
        OFFSETS.note(loop)


def refuse_foreign(loop: Any) -> None:
    """Raise HarnessError for a loop that takes its time from elsewhere."""
    if not isinstance(loop, _Loop):
        raise HarnessError(
            f"{type(loop).__module__}.{type(loop).__qualname__} cannot be virtualised: its timers are not asyncio's; "
            f"run the test on asyncio's own event loop, or use Lab(virtual_time=False)"
        )


def _virtual_time(self: Any) -> float:
    return _time(self) if GOVERNOR.flow() is None else OFFSETS.time(self)


def _run_virtual(self: asyncio.Runner, coro: Coroutine[Any, Any, Any], *, context: Any = None) -> Any:
    if GOVERNOR.flow() is not None:
        try:
            refuse_foreign(self.get_loop())
        except HarnessError:
            coro.close()
            raise
    return _run(self, coro, context=context)


def _refuse(real: Any) -> Any:
    def run_forever(self: Any) -> Any:
        if GOVERNOR.flow() is not None:
            refuse_foreign(self)
        return real(self)

    return run_forever


async def _sleep_counted(delay: float, result: Any = None) -> Any:
    if delay <= 0 or GOVERNOR.flow() is None:
        return await _sleep(delay, result)
    clock = GOVERNOR.clock
    began_s = clock.now_s
    try:
        return await _sleep(delay, result)
    finally:
        clock.count(clock.now_s - began_s)


SLEEPS: dict[Any, Any] = {_sleep: _sleep_counted}
"""What stands in for the function of asyncio that sleeps."""

_endless: WeakKeyDictionary[Any, list[asyncio.Future[None]]] = WeakKeyDictionary()


async def sleep_uncounted(seconds: float) -> None:
    """Nobody's wait, on the running loop. Raises WaitsForEver if it has no end and nothing else ends it."""
    if not math.isinf(seconds):
        await _sleep(seconds)
        return
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    futures = _endless.setdefault(loop, [])
    futures.append(future)
    try:
        await future
    finally:
        futures.remove(future)


def give_up(loop: Any) -> Callable[[], object] | None:
    """What tells those who wait in this loop that nothing ends their wait; None if nobody does."""
    waiting = [future for future in _endless.get(loop, ()) if not future.done()] if loop is not None else []
    if not waiting:
        return None
    return lambda: loop.call_soon_threadsafe(_disappoint, waiting)


def _disappoint(waiting: list[asyncio.Future[None]]) -> None:
    for future in waiting:
        if not future.done():
            future.set_exception(
                WaitsForEver("nothing ends this wait: the client has no time-out, and nobody cancels it")
            )
