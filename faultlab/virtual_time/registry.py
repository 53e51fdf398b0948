"""Which threads live by virtual time, and on which clock. Decides nothing about when it moves."""

from __future__ import annotations

import itertools
import threading

from faultlab.clock import VirtualClock
from faultlab.virtual_time.flows import Flow, Wait
from faultlab.virtual_time.machine import monotonic

__all__ = ["Registry"]


class Registry:
    """The flows of this process, and the clocks that rule one within the other. All of it is under one lock."""

    def __init__(self) -> None:
        # Reentrant: a finalizer of somebody's may notify somebody while it is held.
        self.lock = threading.RLock()
        self.flows: dict[int, Flow] = {}
        self.clocks: list[VirtualClock] = []
        self.moved_s = 0.0
        self._order = itertools.count(1)

    @property
    def clock(self) -> VirtualClock:
        """The clock that rules."""
        return self.clocks[-1]

    def flow(self) -> Flow | None:
        """The flow of this thread; None if its time is the machine's, for now or for good."""
        flow = self.flows.get(threading.get_ident())
        return None if flow is None or flow.elsewhere else flow

    def known(self) -> Flow | None:
        """The flow of this thread, whatever it lives by just now."""
        return self.flows.get(threading.get_ident())

    def expect(self, thread: threading.Thread) -> Flow:
        """A flow whose thread is about to start: time waits for it."""
        with self.lock:
            flow = Flow(next(self._order), thread)
            self.flows[-flow.n] = flow
            self.moved_s = monotonic()
        return flow

    def begin(self, flow: Flow) -> None:
        """This thread is that flow from now on."""
        flow.begin()
        with self.lock:
            if self.flows.pop(-flow.n, None) is flow:
                self.flows[flow.ident] = flow
                self.moved_s = monotonic()

    def abandon(self) -> None:
        """Nobody's time is virtual: for a process that was just forked."""
        self.lock, self.flows, self.clocks = threading.RLock(), {}, []

    def enter(self, clock: VirtualClock) -> None:
        """This clock rules from now on."""
        with self.lock:
            self.clocks.append(clock)
            self.moved_s = monotonic()

    def leave(self, clock: VirtualClock) -> None:
        """This clock rules no longer: who still waits on it does so on the one that does, or really."""
        with self.lock:
            self.clocks.pop(len(self.clocks) - 1 - self.clocks[::-1].index(clock))
            waits = [flow.wait for flow in self.flows.values() if flow.wait is not None]
            for wait in waits if clock not in self.clocks else ():
                self._hand_over(wait, max(0.0, wait.deadline_s - clock.now_s))
            if not self.clocks:
                self.flows.clear()
            self.moved_s = monotonic()

    def _hand_over(self, wait: Wait, left_s: float) -> None:
        if self.clocks:
            wait.clock, wait.deadline_s = self.clock, self.clock.now_s + left_s
        else:
            wait.left_s = monotonic() + left_s
            if wait.ring is not None:
                wait.ring()
