"""Virtual time for code that is not ours: what it sleeps moves a clock, and costs nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from faultlab.clock import VirtualClock, sleeping_on
from faultlab.occupancy import occupying

__all__ = ["virtual_time"]


@contextmanager
def virtual_time(clock: VirtualClock) -> Iterator[None]:
    """Meanwhile the time of this process is this clock's. Raises LabBusy if another thread's lab has it."""
    with occupying("virtual time"), sleeping_on(clock):
        yield
