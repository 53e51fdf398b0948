"""All that makes the time of a process virtual, put in place with the first clock and taken out with the last."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

from faultlab.clock import VirtualClock
from faultlab.virtual_time import children, dates, errands, loops, readings, selecting, sockets, threads
from faultlab.virtual_time.governor import GOVERNOR
from faultlab.virtual_time.names import Names
from faultlab.virtual_time.pace import Governed
from faultlab.virtual_time.replacing import Replaced
from faultlab.virtual_time.trio_clock import TrioClock, replace_clock_of_trio, sleeps_of_trio

__all__ = ["enter", "leave", "trio_clock"]

_names = Names(readings.READINGS | loops.SLEEPS | threads.QUEUES)
_replaced = Replaced()

GOVERNOR.pending += [sockets.is_pending, errands.is_pending]
if hasattr(os, "register_at_fork"):
    # A child lives by the machine's own time.
    os.register_at_fork(after_in_child=GOVERNOR.abandon)


def enter(clock: VirtualClock, patience_s: float) -> None:
    """This clock rules from now on, and this thread lives by it."""
    GOVERNOR.patience_s = patience_s
    if GOVERNOR.clocks:
        loops.OFFSETS.change(GOVERNOR.clock, clock)
        GOVERNOR.enter(clock)
    else:
        _put_in_place(clock)
    clock.pace = Governed(clock)


def leave(clock: VirtualClock) -> None:
    """The clock before rules again, or the machine's own time."""
    if len(GOVERNOR.clocks) == 1:
        loops.OFFSETS.end(clock)
        _take_out()
    GOVERNOR.leave(clock)
    if clock not in GOVERNOR.clocks:
        clock.pace = None
    if GOVERNOR.clocks:
        loops.OFFSETS.change(clock, GOVERNOR.clock)


def trio_clock(clock: VirtualClock) -> Any:
    """A `trio.abc.Clock`; trio's sleeps are counted from now on."""
    import trio

    trio.abc.Clock.register(TrioClock)
    if GOVERNOR.clocks:
        _names.put_back()
        _know_trio()
        _names.exchange()
    return TrioClock(clock)


def _know_trio() -> None:
    trio = sys.modules.get("trio")
    if trio is not None and hasattr(trio, "sleep_until"):
        _names.add(sleeps_of_trio(trio))


def _put_in_place(clock: VirtualClock) -> None:
    GOVERNOR.enter(clock)
    try:
        loops.replace(_replaced)
        for part in (readings, threads, errands, selecting, sockets, children):
            part.replace(_replaced)
        dates.take_over()
        replace_clock_of_trio(_replaced)
        _know_trio()
        _names.exchange()
        GOVERNOR.begin(GOVERNOR.expect(threading.current_thread()))
        loops.begin()
    except BaseException:
        _take_out()
        GOVERNOR.leave(clock)
        raise


def _take_out() -> None:
    _replaced.undo()
    dates.give_back()
    _names.put_back()
