"""Work that a flow gives to a thread that was there before, of a pool: while he does it that thread is a flow as well.

Private names: `concurrent.futures.thread._WorkItem`, and `WorkerThread._handle_job` of trio's thread cache.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import thread as pools
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

from faultlab.virtual_time.governor import GOVERNOR
from faultlab.virtual_time.machine import monotonic
from faultlab.virtual_time.replacing import Replaced

__all__ = ["is_pending", "replace"]

_BEGUN_WITHIN_S = 0.05
"""A thread that is idle takes work up within so many real seconds; after that all of them are busy, or wait."""

_Item: Any = pools._WorkItem
_Pool: Any = pools.ThreadPoolExecutor
_given: WeakSet[Any] = WeakSet()
_sent_s: deque[float] = deque()


def replace(replaced: Replaced) -> None:
    """From now on work takes virtual time whoever does it."""
    _sent_s.clear()
    replaced.put_all(_Item, {"__init__": _giving(_Item.__init__), "run": _doing(_Item.run, _given.__contains__)})
    replaced.put(_Pool, "submit", _sending(_Pool.submit))
    cache: Any = sys.modules.get("trio._core._thread_cache")
    if cache is not None:
        replaced.put(cache.ThreadCache, "start_thread_soon", _sending_in_trio(cache.ThreadCache.start_thread_soon))
        replaced.put(cache.WorkerThread, "_handle_job", _doing(cache.WorkerThread._handle_job, _is_given_in_trio))


def is_pending() -> bool:
    """Whether work was sent that a thread is about to take up."""
    while _sent_s and monotonic() - _sent_s[0] > _BEGUN_WITHIN_S:
        _sent_s.popleft()
    return bool(_sent_s)


class _Given:
    """What a flow wants to have done."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work

    def __call__(self) -> Any:
        return self._work()


def _giving(real: Any) -> Any:
    def init(self: Any, *arguments: Any, **options: Any) -> None:
        real(self, *arguments, **options)
        if GOVERNOR.flow() is not None:
            _given.add(self)

    return init


def _sending(real: Any) -> Any:
    def submit(self: Any, fn: Any, /, *arguments: Any, **options: Any) -> Any:
        if GOVERNOR.flow() is not None and any(each.ident not in GOVERNOR.flows for each in self._threads):
            _sent_s.append(monotonic())
        return real(self, fn, *arguments, **options)

    return submit


def _sending_in_trio(real: Any) -> Any:
    def start_thread_soon(self: Any, fn: Any, *arguments: Any, **options: Any) -> Any:
        if GOVERNOR.flow() is None:
            return real(self, fn, *arguments, **options)
        _sent_s.append(monotonic())
        return real(self, _Given(fn), *arguments, **options)

    return start_thread_soon


def _is_given_in_trio(worker: Any) -> bool:
    return isinstance(worker._job[0], _Given)


def _doing(real: Any, is_given: Callable[[Any], bool]) -> Any:
    def do(self: Any, *arguments: Any) -> Any:
        with _as_a_flow(is_given(self)):
            return real(self, *arguments)

    return do


@contextmanager
def _as_a_flow(is_given: bool) -> Iterator[None]:
    if not is_given or not GOVERNOR.clocks:
        yield
        return
    flow = None if GOVERNOR.known() is not None else GOVERNOR.expect(threading.current_thread())
    if flow is not None:
        GOVERNOR.begin(flow)
    if _sent_s:
        _sent_s.popleft()
    try:
        yield
    finally:
        if flow is not None:
            GOVERNOR.forget(flow)
