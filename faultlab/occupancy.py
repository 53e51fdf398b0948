"""Who has the process: its time and its connections can belong to one thread's labs at once.

Labs of one thread stack. Knows neither what is taken nor how; only by whom, and since where.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from faultlab.errors import LabBusy

__all__ = ["occupying"]

_OURS = ("faultlab", "contextlib")
_PYTEST = "_pytest"

_lock = threading.Lock()
_holdings: list[_Holding] = []


class _Holding:
    """What one thread has, and the line that took it."""

    def __init__(self, what: str) -> None:
        thread = threading.current_thread()
        self.what = what
        self.ident = thread.ident
        self.told = f"thread {thread.name!r} has {what} ({_place(inspect.currentframe())})"


@contextmanager
def occupying(what: str) -> Iterator[None]:
    """Meanwhile other threads get LabBusy if they ask for this or anything else of the process; this one may again."""
    holding = _Holding(what)
    with _lock:
        other = next((each for each in _holdings if each.ident != holding.ident), None)
        if other is not None:
            raise LabBusy(what, other.told)
        _holdings.append(holding)
    try:
        yield
    finally:
        with _lock:
            _holdings.remove(holding)


def _place(frame: FrameType | None) -> str:
    """The nearest line that is none of ours, or what stands for it."""
    while frame is not None and _package(frame) in _OURS:
        frame = frame.f_back
    if frame is None or _package(frame) == _PYTEST:
        return "by a fixture of the test that it runs"
    return f"since {frame.f_code.co_filename}:{frame.f_lineno}"


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__")).partition(".")[0]
