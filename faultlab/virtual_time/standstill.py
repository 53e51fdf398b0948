"""Tells of a standstill: who waits for what, where each flow stands, and what may be the reason."""

from __future__ import annotations

import linecache
import math
from collections.abc import Iterable, Iterator
from sys import _current_frames as frames_of_threads
from types import FrameType

from faultlab.virtual_time.flows import Flow

__all__ = ["account"]

_FRAMES = 12
_RUNNERS = frozenset({"_pytest", "pluggy"})
"""Whose frames tell nothing of the test that they run."""

_OUT_OF_REACH = """\
Virtual time does not reach: uvloop and other event loops in C; time-outs of plain locks (`lock.acquire(timeout=...)`);
threads that ran before the lab was entered, and queues in C that were made before; whatever sleeps in a C extension or
in another process. A wait without a deadline whose waker waits as well is a deadlock of the program itself."""


def account(flows: Iterable[Flow], why: str) -> str:
    """Every flow with its stack, and what cannot be virtualised."""
    frames = frames_of_threads()
    told = [f"virtual time stands still: {why}"]
    for flow in flows:
        told.append(f"thread {flow.thread.name!r} {_doing(flow)}:")
        told += _stack(frames.get(flow.ident))
    return "\n".join([*told, _OUT_OF_REACH])


def _doing(flow: Flow) -> str:
    wait = flow.wait
    if wait is None:
        return "is held up by something that is not virtual" if flow.activity else "has not begun yet"
    if math.isinf(wait.deadline_s):
        return "waits without a deadline"
    return f"waits until {wait.deadline_s:g} s of virtual time"


def _stack(frame: FrameType | None) -> Iterator[str]:
    """Its innermost frames outside this folder, the innermost last."""
    shown: list[str] = []
    while frame is not None and len(shown) < _FRAMES:
        code, line = frame.f_code, frame.f_lineno
        module = frame.f_globals.get("__name__", "")
        if module.partition(".")[0] in _RUNNERS:
            break
        if module.rpartition(".")[0] != "faultlab.virtual_time":
            text = linecache.getline(code.co_filename, line).strip()
            shown.append(f"  {code.co_filename}:{line} in {code.co_name}: {text}")
        frame = frame.f_back
    return reversed(shown)
