"""The rule: time jumps to the next deadline when every flow waits, and nothing real is on its way.

One flow is woken at a time, so that equal deadlines come in the order in which the flows were started. Knows no
library: who waits, and for what, is told by the other modules of this folder.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

from faultlab.errors import NothingMoves
from faultlab.virtual_time.flows import Flow, Wait
from faultlab.virtual_time.machine import monotonic
from faultlab.virtual_time.registry import Registry
from faultlab.virtual_time.standstill import account

__all__ = ["GOVERNOR", "Governor"]

_LOOK_S = 0.015
"""How often one who waits looks, in real time, whether something ended its wait that nobody tells of."""

_JUMPS = 1_000_000
"""So often time jumps while somebody waits without a deadline, before that counts as a wait that nothing ends."""

_LONG_S = 3600.0
"""What is left of a wait, once virtual time is over, is waited for in spells of this length."""


class Governor(Registry):
    """Moves the clock that rules."""

    def __init__(self) -> None:
        super().__init__()
        # Beside flows, what time waits for: each tells whether something real is on its way.
        self.pending: list[Callable[[], bool]] = []
        # Ports of this machine that hold time up themselves while they have something to say.
        self.holding_ports: set[int] = set()
        self.patience_s = math.inf
        self._holds: set[object] = set()
        self._acting = 0
        self._jumps = 0
        self._busy_s = 0.0
        self._real_since_s: float | None = None

    def forget(self, flow: Flow) -> None:
        """It is about to end, or never came to begin: time no longer waits for it."""
        with self.lock:
            self.flows.pop(-flow.n, None)
            flow.is_over = True
            if self.flows.get(flow.ident) is flow:
                flow.wait = Wait(flow, self.clock, math.inf)
                self.settle()
                self.flows.pop(flow.ident, None)
                self.moved_s = monotonic()

    def hold(self, what: object) -> None:
        """Something real is on its way, until it is let go of."""
        self._holds.add(what)

    def let_go(self, what: object) -> None:
        """It has come, or will never."""
        if what in self._holds:
            with self.lock:
                self._holds.discard(what)
                self.settle()

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
            flow.begin_anew(self.clock.stirred)
            flow.wait = wait
            self.moved_s = monotonic()
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
            self.moved_s = monotonic()

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
        if self._acting or self._holds or not self.clocks:
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
        running = [flow for flow in self.flows.values() if flow.wait is None]
        at_work = [flow.is_at_work(now_s) for flow in running]
        if any(at_work):
            self._busy_s = now_s
        self.settle()
        if wait.is_over or self._keeps_pace(now_s, running):
            return
        if now_s - max(self.moved_s, self._busy_s) >= self.patience_s:
            self._give_up(f"nobody has moved for {self.patience_s:g} real seconds, and yet somebody waits")
        elif now_s - self.moved_s >= self.patience_s:
            # Somebody has been at work for long. Who would have slept less than that goes on: he may be waited for.
            self._let_pass(now_s - self.moved_s)
        elif self._jumps - wait.jumps > _JUMPS and math.isinf(wait.deadline_s):
            self._give_up(f"time has jumped {_JUMPS} times, and somebody has waited all the while")

    def _keeps_pace(self, now_s: float, running: list[Flow]) -> bool:
        """While something real is on its way time passes as the machine's does: what takes too long times out."""
        is_real = any(flow.is_busy_with_the_machine for flow in running if flow.activity is not None) or bool(
            self._holds
        )
        if not is_real and not any(is_pending() for is_pending in self.pending):
            self._real_since_s = None
            return False
        if self._real_since_s is None:
            self._real_since_s = now_s
        self._real_since_s += self._let_pass(now_s - self._real_since_s)
        return is_real

    def _let_pass(self, real_s: float) -> float:
        """If somebody's deadline lies within so many seconds, move to the first one; how far that was."""
        clock, began_s = self.clock, self.clock.now_s
        if any(flow.wait and flow.wait.deadline_s <= began_s + real_s for flow in self.flows.values()):
            self._step(began_s + real_s)
        return clock.now_s - began_s

    def _give_up(self, why: str) -> None:
        told = account(self.flows.values(), why)
        for wait in [flow.wait for flow in self.flows.values() if flow.wait is not None]:
            wait.error = NothingMoves(told)
            self.end(wait)


GOVERNOR = Governor()
