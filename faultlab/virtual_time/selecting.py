"""Waiting for file descriptors: a time-out there is virtual, and what arrives ends the wait.

All event loops of asyncio come through here, those too that ran before the lab was entered.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import select
import selectors
from collections.abc import Callable, Iterable
from typing import Any

from faultlab.virtual_time.flows import Flow, Wait
from faultlab.virtual_time.governor import GOVERNOR
from faultlab.virtual_time.loops import give_up
from faultlab.virtual_time.replacing import Replaced

__all__ = ["FileDescriptors", "replace", "wait_for_files"]

_SELECTORS = ("EpollSelector", "KqueueSelector", "DevpollSelector", "PollSelector", "SelectSelector")

_MOST_POLLS = 10_000
"""So often in a row an event loop finds something to do before time passes also without a pause."""

_STEP_S = 2.0**-10  # a binary fraction: thousands of them add up to what they should

_DAY_S = 24 * 3600
"""asyncio waits no longer than that at a stretch, whenever its next timer is."""


class FileDescriptors:
    """Some of them, to be asked whether anything has arrived."""

    def __init__(self, files: Iterable[Any]) -> None:
        self._files = list(files)
        self._poll = _poll(self._files)

    @classmethod
    def of(cls, selector: Any) -> FileDescriptors:
        """Those that a selector waits for; where the system keeps them, the one that stands for them all."""
        try:
            return cls([selector.fileno()])
        except AttributeError:
            return cls(key.fd for key in selector.get_map().values())

    def are_ready(self) -> bool:
        """Whether anything has arrived. Under the governor's lock."""
        return bool(self._poll.poll(0))

    def doze(self, wait: Wait, seconds: float) -> None:
        """Real time passes, until something arrives or the wait is over."""
        flow = wait.flow
        with GOVERNOR.lock:
            if wait.is_over:
                return
            if flow.bell is None:
                flow.bell = _Bell()
            wait.ring = flow.bell.ring
        # One of its own: the other is asked meanwhile, from other threads.
        _poll([*self._files, flow.bell.hears]).poll(seconds * 1000)
        flow.bell.hush()


def _poll(files: Iterable[Any]) -> select.poll:
    poll = select.poll()
    for file in files:
        poll.register(file, select.POLLIN)
    return poll


class _Bell:
    """Wakes one thread that waits for file descriptors."""

    def __init__(self) -> None:
        self.hears, self._rings = os.pipe()
        os.set_blocking(self.hears, False)

    def ring(self) -> None:
        os.write(self._rings, b".")

    def hush(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self.hears, 64)

    def __del__(self) -> None:
        os.close(self.hears)
        os.close(self._rings)


def replace(replaced: Replaced) -> None:
    """From now on a flow's time-out at a selector is virtual."""
    for name in _SELECTORS:
        selector = getattr(selectors, name, None)
        if selector is not None:
            replaced.put(selector, "select", _virtual(selector.select))


def wait_for_files(flow: Flow, files: FileDescriptors, seconds: float, without_hope: Any = None) -> bool:
    """Whether one of them is ready before so much virtual time has passed."""

    def begin(wait: Wait) -> bool:
        wait.ready, wait.without_hope = files.are_ready, without_hope
        return True

    return GOVERNOR.wait(flow, seconds, begin, files.doze)


def _virtual(real: Callable[..., Any]) -> Callable[..., Any]:
    def select(self: Any, timeout: float | None = None) -> Any:
        flow = GOVERNOR.flow()
        if flow is None:
            return real(self, timeout)
        if timeout is not None and timeout <= 0:
            _polled(flow)
            return real(self, 0)
        ready = real(self, 0)
        if ready:
            return ready
        loop: Any = asyncio._get_running_loop()
        has_arrived = wait_for_files(flow, FileDescriptors.of(self), _seconds(timeout, loop), give_up(loop))
        return real(self, 0) if has_arrived else []

    return select


def _polled(flow: Flow) -> None:
    """Its loop had something to do once more; past many times in a row time passes, up to the loop's next timer."""
    flow.notice(GOVERNOR.clock.stirred)
    flow.polls += 1
    if flow.polls <= _MOST_POLLS:
        return
    loop: Any = asyncio._get_running_loop()
    left_s = loop._scheduled[0]._when - loop.time() if loop is not None and loop._scheduled else _STEP_S
    if left_s > 0:
        GOVERNOR.creep(flow, min(left_s, _STEP_S))
    if left_s <= _STEP_S:
        flow.polls = 0


def _seconds(timeout: float | None, loop: Any) -> float:
    if timeout is None:
        return math.inf
    if timeout >= _DAY_S and loop is not None and loop._scheduled:
        return float(loop._scheduled[0]._when - loop.time())
    return timeout
