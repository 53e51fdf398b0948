"""Flows of control, and what each of them waits for. Values that the governor moves; they decide nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from faultlab.clock import VirtualClock
from faultlab.virtual_time.machine import Activity

__all__ = ["Flow", "Wait"]


class Flow:
    """A thread whose time is virtual. `n` is its place among those that were started: the earlier goes first."""

    __slots__ = (
        "activity",
        "bell",
        "elsewhere",
        "held_up",
        "ident",
        "is_over",
        "n",
        "polls",
        "reads",
        "stirred",
        "thread",
        "wait",
    )

    def __init__(self, n: int, thread: threading.Thread) -> None:
        self.n = n
        self.thread = thread
        self.ident = 0
        self.activity: Activity | None = None
        self.wait: Wait | None = None
        self.is_over = False
        # How often it asked for the time, and its event loop had something to do, since it waited or something
        # happened; and how often that was.
        self.reads = self.polls = self.stirred = 0
        # How many calls deep it is in what takes the machine's own time: a child process, a server that starts.
        self.elsewhere = 0
        # While it is inside a call to a socket: whether time waits for that.
        self.held_up: Callable[[], bool] | None = None
        # What wakes it from a wait for file descriptors.
        self.bell: Any = None

    def begin_anew(self, stirred: int) -> None:
        """It waits, or something happened: how often it asked so far tells nothing of what it is about."""
        self.reads = self.polls = 0
        self.stirred = stirred

    def notice(self, stirred: int) -> None:
        """So often something has happened by now: if that is news, counting begins anew."""
        if self.stirred != stirred:
            self.begin_anew(stirred)

    def begin(self) -> None:
        """This thread is the flow."""
        self.ident = threading.get_ident()
        self.activity = Activity()

    @property
    def is_busy_with_the_machine(self) -> bool:
        """Whether it is about to start, or waits for something real; it is not taken for one that is held up."""
        return self.activity is None or self.elsewhere > 0 or (self.held_up is not None and self.held_up())

    def is_at_work(self, now_s: float) -> bool:
        """Whether it has done something since this was asked last; asked while it runs, as far as was told."""
        has_moved = self.activity is not None and self.activity.look(now_s)
        return has_moved or self.is_busy_with_the_machine

    def is_blocked(self, now_s: float) -> bool:
        """Whether it runs, as far as was told, and yet waits."""
        return self.activity is not None and not self.is_busy_with_the_machine and self.activity.is_blocked(now_s)


class Wait:
    """One flow's waiting: until when on which clock, and what else may end it."""

    __slots__ = (
        "clock",
        "deadline_s",
        "error",
        "flow",
        "gate",
        "is_over",
        "jumps",
        "left_s",
        "ran_out",
        "ready",
        "ring",
        "without_hope",
    )

    def __init__(self, flow: Flow, clock: VirtualClock, deadline_s: float, jumps: int = 0) -> None:
        self.flow = flow
        self.clock = clock
        self.deadline_s = deadline_s
        self.is_over = False
        # Whether its time did, rather than that something woke it.
        self.ran_out = False
        # Whether something that tells nobody has ended it: a file descriptor, a flag.
        self.ready: Callable[[], bool] | None = None
        # Wakes its thread, where that does not sleep at the gate.
        self.ring: Callable[[], object] | None = None
        self.gate: Any = None
        # What it is told when every flow waits and none has a deadline.
        self.without_hope: Callable[[], object] | None = None
        self.error: BaseException | None = None
        # How often time had jumped when it began.
        self.jumps = jumps
        # The machine's time at which it ends, once virtual time is over.
        self.left_s: float | None = None

    def wake(self) -> None:
        """Its thread goes on, wherever it sleeps."""
        if self.gate is not None:
            self.gate.release()
            self.gate = None
        if self.ring is not None:
            self.ring()
