"""Threads whose time is virtual: who they are, and how they wait for each other.

A condition makes itself a lock for each wait; that lock is ours here, and so every wait of `threading`, `queue` and
`concurrent.futures` is. Private names of CPython 3.11 to 3.14: `threading._allocate_lock`, `Thread._bootstrap_inner`,
`queue._PySimpleQueue`.
"""

from __future__ import annotations

import _thread
import math
import queue
import threading
from sys import _getframe as frame_above
from typing import Any

from faultlab.virtual_time.flows import Flow, Wait
from faultlab.virtual_time.governor import GOVERNOR
from faultlab.virtual_time.reality import asks_for_real, in_real_time
from faultlab.virtual_time.replacing import Replaced

__all__ = ["QUEUES", "replace"]

_Thread: Any = threading.Thread
_start = _Thread.start
_join = _Thread.join
_bootstrap_inner = _Thread._bootstrap_inner
_starting: dict[threading.Thread, Flow] = {}


class _SimpleQueue(queue._PySimpleQueue):  # type: ignore[misc, name-defined]  # typeshed has the public one
    """As `queue.SimpleQueue`, which is written in C and waits where nobody sees it."""

    __slots__ = ()


QUEUES: dict[Any, Any] = {queue.SimpleQueue: _SimpleQueue}
"""What stands in for a queue that is made meanwhile."""


def replace(replaced: Replaced) -> None:
    """From now on: threads that a flow starts are flows, and their waits for each other are virtual."""
    replaced.put(threading, "_allocate_lock", _lock)
    replaced.put_all(threading.Thread, {"start": _start_flow, "join": _join_flow, "_bootstrap_inner": _run_flow})
    for real, stand_in in QUEUES.items():
        replaced.put(queue, real.__name__, stand_in)


class _Waiter:
    """A lock that one flow waits at, until somebody else releases it."""

    __slots__ = ("_is_held", "_wait")

    def __init__(self) -> None:
        self._is_held = False
        self._wait: Wait | None = None

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if not self._is_held:
            self._is_held = True
            return True
        flow = GOVERNOR.flow() if blocking else None
        return flow is not None and GOVERNOR.wait(flow, math.inf if timeout < 0 else timeout, self._begin)

    def release(self) -> None:
        with GOVERNOR.lock:
            if not self._is_held:
                raise RuntimeError("release unlocked lock")
            self._is_held = False
            if self._wait is not None:
                GOVERNOR.end(self._wait)

    def _begin(self, wait: Wait) -> bool:
        self._wait = wait
        return self._is_held


def _lock() -> Any:
    return _thread.allocate_lock() if GOVERNOR.flow() is None else _Waiter()


def _start_flow(self: threading.Thread) -> None:
    if GOVERNOR.flow() is None or asks_for_real(frame_above(1)):
        _start(self)
        return
    flow = _starting[self] = GOVERNOR.expect(self)
    try:
        _start(self)
    except BaseException:
        _starting.pop(self, None)
        GOVERNOR.forget(flow)
        raise


def _run_flow(self: threading.Thread) -> None:
    flow = _starting.pop(self, None)
    if flow is None:
        _bootstrap_inner(self)
        return
    GOVERNOR.begin(flow)
    try:
        _bootstrap_inner(self)
    finally:
        GOVERNOR.forget(flow)


def _join_flow(self: threading.Thread, timeout: float | None = None) -> None:
    me = GOVERNOR.flow()
    if me is None or not self.is_alive() or self is threading.current_thread():
        _join(self, timeout)
        return
    other = GOVERNOR.flows.get(self.ident or 0)
    if other is None:  # it lives by the machine's own time
        with in_real_time():
            _join(self, timeout)
    elif GOVERNOR.wait(me, math.inf if timeout is None else timeout, lambda wait: _is_to_end(wait, other)):
        _join(self)


def _is_to_end(wait: Wait, other: Flow) -> bool:
    wait.ready = lambda: other.is_over
    return not other.is_over
