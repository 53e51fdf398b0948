"""What the machine itself knows: its own time, and what a thread of this process really does.

Taken before anything is replaced, so that it stays real. Knows no clock that is ours.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

__all__ = ["TIME", "Activity", "monotonic", "sleep"]

_NAMES = (
    *("sleep", "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"),
    *("gmtime", "localtime", "ctime", "strftime"),
)

TIME: dict[str, Any] = {name: getattr(time, name) for name in _NAMES}
"""The functions of `time` that tell the time, or let it pass."""

monotonic = time.monotonic
sleep = time.sleep

_QUIET_S = 0.04
"""A thread that has used no processor for so long, and is not waiting for one, waits in a way that nobody sees."""

_LOOKS = 3
"""So many looks in a row have to find it asleep: one that waits for the interpreter wakes every few milliseconds."""

_TASKS = Path("/proc/self/task")


class Activity:
    """What the thread that makes it does from then on; asked from other threads."""

    def __init__(self) -> None:
        self._stat = _TASKS / str(threading.get_native_id()) / "stat"
        self._watched = self._stat.exists()
        self._cpu_clock = time.pthread_getcpuclockid(threading.get_ident()) if self._watched else 0
        self._cpu_s = -1.0
        self._since_s = 0.0
        self._looks = 0

    def look(self, now_s: float) -> bool:
        """Whether it has done anything since the last look; `now_s` is the machine's time."""
        if self._is_as_it_was() and self._is_asleep():
            self._looks += 1
            return False
        self._cpu_s, self._since_s, self._looks = self._used_s(), now_s, 0
        return True

    def is_blocked(self, now_s: float) -> bool:
        """Whether it waits, in a way that nobody sees, and has done so for a while."""
        is_quiet = self._looks >= _LOOKS and now_s - self._since_s >= _QUIET_S
        return is_quiet and self._is_as_it_was() and self._is_asleep()

    def begin_anew(self) -> None:
        """Something has just set it going."""
        self._looks = 0

    def _is_as_it_was(self) -> bool:
        return self._used_s() == self._cpu_s

    def _used_s(self) -> float:
        try:
            return time.clock_gettime(self._cpu_clock) if self._watched else time.process_time()
        except OSError:  # it is gone
            return self._cpu_s

    def _is_asleep(self) -> bool:
        """Not running, nor waiting for a processor. Where nobody tells, the time that it used has to do."""
        if not self._watched:
            return True
        try:
            return self._stat.read_bytes().rpartition(b") ")[2][:1] in b"SD"
        except OSError:  # it is gone
            return True
