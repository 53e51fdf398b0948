"""Virtual time for code that is not ours: what it sleeps, times out and reads moves a clock, and costs nothing.

Most parts are loaded when time is made virtual for the first time: they need asyncio. What is the machine's own is
noted early, before anybody else replaces it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from faultlab.clock import SystemClock, VirtualClock
from faultlab.occupancy import occupying
from faultlab.virtual_time import machine  # noqa: F401  # see above

__all__ = ["PATIENCE_S", "in_real_time", "trio_clock", "virtual_time"]


PATIENCE_S = 10.0
"""Real seconds without any movement after which those who wait are told so."""


@contextmanager
def virtual_time(clock: VirtualClock | SystemClock, *, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Meanwhile this thread, and those that it starts, live by this clock; they do anyway by the machine's own.

    Raises LabBusy if another thread's lab has the time of this process, HarnessError if it runs in an event loop that
    cannot be virtualised. Whoever waits while nothing moves for `patience_s` real seconds gets NothingMoves.
    """
    if isinstance(clock, SystemClock):
        yield
        return
    from faultlab.virtual_time import process

    with occupying("virtual time"):
        process.enter(clock, patience_s)
        try:
            yield
        finally:
            process.leave(clock)


def in_real_time() -> AbstractContextManager[None]:
    """For what has to take the machine's own time meanwhile, in this thread; virtual time waits for it."""
    from faultlab.virtual_time import reality

    return reality.in_real_time()


def trio_clock(clock: VirtualClock) -> Any:
    """For `trio.run(..., clock=...)`: trio's tasks live by this clock."""
    from faultlab.virtual_time import process

    return process.trio_clock(clock)
