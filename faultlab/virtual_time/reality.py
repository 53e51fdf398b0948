"""Who lives by the machine's own time also in a thread whose time is virtual: the test runner, a child's parent, we."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from faultlab.virtual_time.governor import GOVERNOR

__all__ = ["asks_for_real", "in_real_time", "is_real"]

_REAL = {
    "_pytest",
    "coverage",
    "debugpy",
    "execnet",
    "faultlab",
    "hypothesis",
    "multiprocessing",
    "pluggy",
    "pydevd",
    "pytest",
    "pytest_benchmark",
    "pytest_timeout",
    "subprocess",
    "xdist",
}

_REAL_PARTS = frozenset({"trio._core._run"})
"""Modules of others: trio's own clock is real as long as its waits are."""

_known: dict[str, bool] = {}


def is_real(module: object) -> bool:
    """Whether the module of this name keeps the machine's own time."""
    name = str(module)
    found = _known.get(name)
    if found is None:
        found = _known[name] = name.partition(".")[0] in _REAL or name in _REAL_PARTS
    return found


def asks_for_real(frame: FrameType | None) -> bool:
    """Whether the code of this frame does."""
    return frame is not None and is_real(frame.f_globals.get("__name__"))


@contextmanager
def in_real_time() -> Iterator[None]:
    """Meanwhile this thread lives by the machine's own time, and virtual time waits for it."""
    flow = GOVERNOR.known()
    if flow is None:
        yield
        return
    flow.elsewhere += 1
    try:
        yield
    finally:
        flow.elsewhere -= 1
