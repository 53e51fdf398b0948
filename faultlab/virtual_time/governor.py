"""The rule: time jumps to the next deadline when every flow waits, and nothing real is on its way.

One flow is woken at a time, so that equal deadlines come in the order in which the flows were started. Knows no
library: who waits, and for what, is told by the other modules of this folder.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable

from faultlab.clock import VirtualClock
from faultlab.errors import NothingMoves
from faultlab.virtual_time.flows import Flow, Wait
from faultlab.virtual_time.machine import monotonic
from faultlab.virtual_time.standstill import account

__all__ = ["GOVERNOR", "PATIENCE_S", "Governor"]

PATIENCE_S = 10.0
"""Real seconds without any movement after which those who wait are told so."""

_LOOK_S = 0.015
"""How often one who waits looks, in real time, whether something ended its wait that nobody tells of."""

_JUMPS = 1_000_000
"""So often time jumps while somebody waits without a deadline, before that counts as a wait that nothing ends."""

_LONG_S = 3600.0
"""What is left of a wait, once virtual time is over, is waited for in spells of this length."""


class Governor:
    """Whose time is virtual, on which clock, and when it moves. All of its state is under one lock."""

    def __init__(self) -> None:
        # Reentrant: a finalizer of somebody's may notify somebody while it is held.
        self.lock = threading.RLock()
        self.flows: dict[int, Flow] = {}
        self.clocks: list[VirtualClock] = []
        self.pending: list[Callable[[], bool]] = []
        self.patience_s = PATIENCE_S
        self.holds = 0
        self._order = itertools.count(1)
        self._acting = 0
        self._jumps = 0
        self._moved_s = 0.0
        self._busy_s = 0.0

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
            self._moved_s = monotonic()
        return flow

    def begin(self, flow: Flow) -> None:
        """This thread is that flow from now on."""
        flow.begin()
        with self.lock:
            if self.flows.pop(-flow.n, None) is flow:
                self.flows[flow.ident] = flow
                self._moved_s = monotonic()

    def abandon(self) -> None:
        """Nobody's time is virtual: for a process that was just forked."""
        self.lock, self.flows, self.clocks = threading.RLock(), {}, []

    def forget(self, flow: Flow) -> None:
        """It is about to end, or never came to begin: time no longer waits for it."""
        with self.lock:
            self.flows.pop(-flow.n, None)
            flow.is_over = True
            if self.flows.get(flow.ident) is flow:
                flow.wait = Wait(flow, self.clock, math.inf)
                self.settle()
                self.flows.pop(flow.ident, None)
                self._moved_s = monotonic()

    def enter(self, clock: VirtualClock) -> None:
        """This clock rules from now on."""
        with self.lock:
            self.clocks.append(clock)
            self._moved_s = monotonic()

    def leave(self, clock: VirtualClock) -> None:
        """This clock rules no longer: who still waits on it does so on the one that does, or really."""
        with self.lock:
            self.clocks.pop(len(self.clocks) - 1 - self.clocks[::-1].index(clock))
            waits = [flow.wait for flow in self.flows.values() if flow.wait is not None]
            for wait in waits if clock not in self.clocks else ():
                self._hand_over(wait, max(0.0, wait.deadline_s - clock.now_s))
            if not self.clocks:
                self.flows.clear()
            self._moved_s = monotonic()

    def _hand_over(self, wait: Wait, left_s: float) -> None:
        if self.clocks:
            wait.clock, wait.deadline_s = self.clock, self.clock.now_s + left_s
        else:
            wait.left_s = monotonic() + left_s
            if wait.ring is not None:
                wait.ring()

    def wait(
        self,
        flow: Flow,
        seconds: float,
        begin: Callable[[Wait], bool] | None = None,
        doze: Callable[[Wait, float], object] | None = None,
    ) -> bool:
        """Wait so long: True if something ended it before that time ran out.

        `begin` looks, under the lock, whether there is something to wait for; `doze` lets so many real seconds pass, or
        less when the wait's `ring`, or something that it knows, ends them.
        """
        with self.lock:
            wait = Wait(flow, self.clock, self.clock.now_s + max(seconds, 0.0), self._jumps)
            if begin is not None and not begin(wait):
                return True
            flow.reads = flow.polls = 0
            flow.wait = wait
            self._moved_s = monotonic()
            try:
                self.settle()
            except BaseException:
                self.end(wait)
                raise
        try:
            while not wait.is_over:
                self._pass_real_time(wait, doze or self._at_the_gate)
        finally:
            self.end(wait)
        if wait.error is not None:
            raise wait.error
        return not wait.ran_out

    def end(self, wait: Wait, *, ran_out: bool = False) -> None:
        """Its flow runs again."""
        with self.lock:
            if wait.is_over:
                return
            wait.is_over, wait.ran_out = True, ran_out
            if wait.flow.wait is wait:
                wait.flow.wait = None
            if wait.flow.activity is not None:
                wait.flow.activity.begin_anew()
            wait.wake()
            self._moved_s = monotonic()

    def settle(self) -> None:
        """Move time until some flow runs, or nothing is left that could move it. Under the lock."""
        while self._all_wait(None) and self._step(math.inf):
            pass

    def creep(self, flow: Flow, seconds: float) -> None:
        """Time passes for one who only asks for it, if nobody else has anything to do."""
        with self.lock:
            if self._all_wait(flow):
                self._step(self.clock.now_s + seconds)

    def _all_wait(self, but: Flow | None) -> bool:
        """Whether every flow waits, `but` for one, and nothing real is on its way."""
        if self._acting or self.holds or not self.clocks:
            return False
        for flow in list(self.flows.values()):
            wait = flow.wait
            if wait is None:
                if flow is not but and not flow.is_blocked(monotonic()):
                    return False
            elif wait.ready is not None and wait.ready():
                self.end(wait)
                return False
        return not any(is_pending() for is_pending in self.pending)

    def _step(self, limit_s: float) -> bool:
        """Move to whatever comes first: an action of the clock, a deadline, the limit. False: there is nothing."""
        clock = self.clock
        waits = [flow.wait for flow in self.flows.values() if flow.wait is not None and flow.wait.clock is clock]
        first = min(waits, key=lambda wait: (wait.deadline_s, wait.flow.n), default=None)
        end_s = min(limit_s, first.deadline_s if first else math.inf)
        if math.isinf(min(end_s, clock.due_s)):
            hopeless = next((wait.without_hope for wait in waits if wait.without_hope is not None), None)
            if hopeless is not None:
                hopeless()
            return hopeless is not None
        action = clock.step(end_s)
        if action is not None:
            self._act(action)
        elif first is not None and first.deadline_s <= clock.now_s:
            self._jumps += 1
            self.end(first, ran_out=True)
        return True

    def _act(self, action: Callable[[], object]) -> None:
        """Run it outside the lock, since it may wait for others; meanwhile this thread's flow runs."""
        flow = self.flows.get(threading.get_ident())
        own = flow.wait if flow else None
        if flow:
            flow.wait = None
        self._acting += flow is None
        self.lock.release()
        try:
            action()
        finally:
            self.lock.acquire()
            self._acting -= flow is None
            if flow and own and not own.is_over:
                flow.wait = own

    def _at_the_gate(self, wait: Wait, seconds: float) -> None:
        with self.lock:
            if wait.is_over:
                return
            gate = wait.gate
            if gate is None:
                gate = wait.gate = threading.Lock()
                gate.acquire()
        gate.acquire(timeout=seconds)

    def _pass_real_time(self, wait: Wait, doze: Callable[[Wait, float], object]) -> None:
        if wait.left_s is None:
            doze(wait, _LOOK_S)
            with self.lock:
                if self.clocks and not wait.is_over:
                    self._look(wait)
            return
        left_s = wait.left_s - monotonic()
        if left_s <= 0:
            self.end(wait, ran_out=True)
        else:
            doze(wait, min(left_s, _LONG_S))

    def _look(self, wait: Wait) -> None:
        """What nobody tells of: a flow that is held up, a wait that ended, a standstill. Under the lock."""
        now_s = monotonic()
        at_work = [flow.is_at_work(now_s) for flow in self.flows.values() if flow.wait is None]
        if any(at_work) or self.holds:
            self._busy_s = now_s
        self.settle()
        if wait.is_over:
            return
        if now_s - max(self._moved_s, self._busy_s) >= self.patience_s:
            self._give_up(f"nobody has moved for {self.patience_s:g} real seconds, and yet somebody waits")
        elif now_s - self._moved_s >= self.patience_s:
            self._let_pass(now_s - self._moved_s)
        elif self._jumps - wait.jumps > _JUMPS and math.isinf(wait.deadline_s):
            self._give_up(f"time has jumped {_JUMPS} times, and somebody has waited all the while")

    def _let_pass(self, real_s: float) -> None:
        """Somebody has been at work for long: who would have slept less than that goes on, or both might never end."""
        clock = self.clock
        if any(flow.wait and flow.wait.deadline_s <= clock.now_s + real_s for flow in self.flows.values()):
            self._step(clock.now_s + real_s)

    def _give_up(self, why: str) -> None:
        told = account(self.flows.values(), why)
        for wait in [flow.wait for flow in self.flows.values() if flow.wait is not None]:
            wait.error = NothingMoves(told)
            self.end(wait)


GOVERNOR = Governor()
