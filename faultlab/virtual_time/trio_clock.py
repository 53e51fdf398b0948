"""A clock for `trio.run`: it jumps when all tasks wait, and all other flows do.

trio asks it how long to wait just before it does so, with nothing left to run: that is where the waiting is done. What
trio waits for is asked of its own internals, of `Runner.io_manager` and `Runner.waiting_for_idle`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

from faultlab.clock import VirtualClock
from faultlab.virtual_time.governor import GOVERNOR
from faultlab.virtual_time.replacing import Replaced
from faultlab.virtual_time.selecting import FileDescriptors, wait_for_files

__all__ = ["TrioClock", "replace_clock_of_trio", "sleeps_of_trio"]


class TrioClock:
    """What `trio.abc.Clock` asks of a clock."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def start_clock(self) -> None:
        """Nothing is to be set up."""

    def current_time(self) -> float:
        """The time of the lab's clock."""
        return self._clock.monotonic()

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Real seconds until then: none, since virtual ones have passed when this returns."""
        runner = _runner()
        if runner.waiting_for_idle:
            return math.inf  # trio itself wakes those who wait until all others do
        seconds = deadline - self.current_time()
        if seconds > 0:
            files = FileDescriptors([_file(runner.io_manager)])
            flow = GOVERNOR.flow()
            if flow is not None:
                wait_for_files(flow, files, seconds)
            elif math.isinf(seconds):
                return seconds
            elif not files.are_ready():
                self._clock.advance(seconds)
        return 0.0


def replace_clock_of_trio(replaced: Replaced) -> None:
    """From now on a flow's `trio.run` that is given no clock lives by the one that rules.

    A trio that is loaded later is not known here: it takes the machine's own time, unless it is given a clock.
    """
    run = sys.modules.get("trio._core._run")
    if run is not None and hasattr(run, "SystemClock"):
        replaced.put(run, "SystemClock", _clock_by_default(run.SystemClock))


def _clock_by_default(real: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: real() if GOVERNOR.flow() is None else TrioClock(GOVERNOR.clock)


@cache
def sleeps_of_trio(trio: Any) -> dict[Any, Any]:
    """What stands in for the function of trio that all its sleeps end in: it counts them."""
    real = trio.sleep_until

    async def sleep_until(deadline: float) -> None:
        clock = GOVERNOR.clock if GOVERNOR.flow() is not None else None
        began_s = clock.now_s if clock else 0.0
        try:
            await real(deadline)
        finally:
            if clock is not None and isinstance(trio.lowlevel.current_clock(), TrioClock):
                clock.count(clock.now_s - began_s)

    return {real: sleep_until}


def _runner() -> Any:
    from trio._core._run import GLOBAL_RUN_CONTEXT

    return GLOBAL_RUN_CONTEXT.runner


def _file(manager: Any) -> Any:
    return manager._epoll if hasattr(manager, "_epoll") else manager._kqueue
