"""Time as an object that can be held: the machine's own, or one that costs nothing.

The only home of `time`. Knows nothing of requests, faults or agents.
"""

from __future__ import annotations

import heapq
import itertools
import math
import time
from collections.abc import Callable
from threading import Event, RLock
from typing import Protocol

from faultlab.errors import WaitsForEver

__all__ = ["START", "Clock", "Pace", "SystemClock", "VirtualClock"]

START = 1_767_225_600.0
"""2026-01-01T00:00:00Z, where virtual time begins."""

_GRACE_S = 0.2
"""Real seconds that other threads get to end a sleep after an action woke them: an interrupt may take so long (C17)."""

_POLL_S = 0.02
"""How often an asynchronous wait in real time looks whether it was interrupted."""


class Clock(Protocol):
    """What the harness asks of a clock. `sleep` is the code under test waiting, `advance` is time just passing."""

    @property
    def now_s(self) -> float:
        """Seconds since the clock's start."""

    def time(self) -> float:
        """Seconds since 1970."""

    def monotonic(self) -> float:
        """Seconds that never go back."""

    def sleep(self, seconds: float, interrupted: Event | None = None) -> None:
        """Wait so long, or until `interrupted` is set; counted among the waits."""

    def advance(self, seconds: float, interrupted: Event | None = None) -> None:
        """Let so much time pass, or less if `interrupted` is set; nobody's wait."""

    async def advance_async(self, seconds: float, interrupted: Event | None = None) -> None:
        """As `advance`, without holding up an event loop."""

    def stir(self) -> None:
        """Something happens: who asks for the time meanwhile does not ask to see it pass."""


class Pace(Protocol):
    """Who decides when a virtual clock moves, while whole threads live by it."""

    def wait(self, seconds: float, interrupted: Event | None) -> bool:
        """Wait until then, as one of those threads; False: this is none of them, and has to move the clock itself."""

    async def wait_async(self, seconds: float, interrupted: Event | None) -> bool:
        """As `wait`, without holding up an event loop."""

    def moved(self) -> None:
        """The clock was moved by somebody else."""


class _Waits:
    """The waits of the code under test, in order; `without_end` counts others, which nothing could end."""

    def __init__(self) -> None:
        self._waits: list[float] = []
        self.without_end = 0
        self.stirred = 0

    @property
    def waits(self) -> tuple[float, ...]:
        """Every wait above zero, in seconds."""
        return tuple(self._waits)

    @property
    def slept_s(self) -> float:
        """Their sum."""
        return sum(self._waits)

    def count(self, waited_s: float) -> None:
        """Somebody has waited so long."""
        if waited_s > 0:
            self._waits.append(waited_s)

    def stir(self) -> None:
        """Something happens: who asks for the time meanwhile does not ask to see it pass."""
        self.stirred += 1


class SystemClock(_Waits):
    """The machine's own time."""

    def __init__(self) -> None:
        super().__init__()
        self._started = time.monotonic()

    @property
    def now_s(self) -> float:
        """Seconds since the clock's start."""
        return time.monotonic() - self._started

    def time(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float, interrupted: Event | None = None) -> None:
        """Wait so long, or until `interrupted` is set."""
        before = self.now_s
        self.advance(seconds, interrupted)
        self.count(self.now_s - before)

    def advance(self, seconds: float, interrupted: Event | None = None) -> None:
        """Really wait so long, or until `interrupted` is set."""
        (interrupted or Event()).wait(None if math.isinf(seconds) else max(seconds, 0.0))

    async def advance_async(self, seconds: float, interrupted: Event | None = None) -> None:
        """As `advance`, without holding up the event loop; cancelled with its task."""
        import asyncio  # takes as long as all the rest, and most runs are in virtual time

        end = self.now_s + seconds
        while not (interrupted and interrupted.is_set()):
            left = end - self.now_s
            if left <= 0:
                return
            await asyncio.sleep(min(left, _POLL_S))


class VirtualClock(_Waits):
    """Time that moves only when somebody sleeps or advances it, and then at once. Safe in several threads."""

    def __init__(self, start: float = START) -> None:
        super().__init__()
        self._start = start
        self._now = 0.0
        self._lock = RLock()
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self.pace: Pace | None = None

    @property
    def now_s(self) -> float:
        """Seconds since the clock's start."""
        return self._now

    def time(self) -> float:
        """Seconds since 1970."""
        return self._start + self._now

    def monotonic(self) -> float:
        """Seconds since the clock's start."""
        return self._now

    def at(self, t_s: float, action: Callable[[], object]) -> Callable[[], None]:
        """Call `action` when time passes `t_s` (since the clock's start), during a sleep too; returns how to cancel it.

        It runs in the thread that moves the clock. What is due already runs with the next move.
        """
        entry = (t_s, next(self._order), action)
        with self._lock:
            heapq.heappush(self._due, entry)
        return lambda: self._cancel(entry)

    def sleep(self, seconds: float, interrupted: Event | None = None) -> None:
        """Move the clock by so much, or to the action that sets `interrupted`; counted among the waits."""
        self.count(self._move(seconds, interrupted))

    def advance(self, seconds: float, interrupted: Event | None = None) -> None:
        """Move the clock by so much, or to the action that sets `interrupted`."""
        try:
            self._move(seconds, interrupted)
        except WaitsForEver:
            self.without_end += 1
            raise

    async def advance_async(self, seconds: float, interrupted: Event | None = None) -> None:
        """As `advance`: virtual time holds up nothing."""
        try:
            if self.pace is None or not await self.pace.wait_async(seconds, interrupted):
                self._move(seconds, interrupted)
        except WaitsForEver:
            self.without_end += 1
            raise

    @property
    def due_s(self) -> float:
        """When the next action is due."""
        with self._lock:
            return self._due[0][0] if self._due else math.inf

    def _move(self, seconds: float, interrupted: Event | None) -> float:
        start = self._now
        if self.pace is None or not self.pace.wait(seconds, interrupted):
            self._move_alone(start + max(seconds, 0.0), interrupted)
            if self.pace is not None:
                self.pace.moved()
        return self._now - start

    def _move_alone(self, end: float, interrupted: Event | None) -> None:
        while not (interrupted and interrupted.is_set()):
            action = self.step(end)
            if action is None:
                break
            # Outside the lock: an action may wait for a thread that asks this clock for the time.
            action()
            if interrupted:
                interrupted.wait(_GRACE_S)

    def step(self, end: float) -> Callable[[], object] | None:
        """Move to the next action up to `end` and return it, or to `end` itself. Raises WaitsForEver at no end."""
        with self._lock:
            if self._due and self._due[0][0] <= end:
                t_s, _, action = heapq.heappop(self._due)
                self._now = max(self._now, t_s)
                return action
            if math.isinf(end):
                raise WaitsForEver("nothing ends this wait: the client has no time-out, and nobody interrupts it")
            self._now = max(self._now, end)
            return None

    def _cancel(self, entry: tuple[float, int, Callable[[], object]]) -> None:
        with self._lock:
            if entry in self._due:
                self._due.remove(entry)
                heapq.heapify(self._due)
