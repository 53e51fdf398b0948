"""One model call as the contract has it: attempts until there is an answer, whoever gives it, or the turn ends.

An independent reading of the clauses C1 to C8, C14, C15, C19 and C20, with the policy's own numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from faultlab.contract import FAILURES
from faultlab.foretelling.account import Account, ForetoldRequest
from faultlab.foretelling.answers import has_bad_arguments
from faultlab.foretelling.clock import Interrupted, RunClock
from faultlab.foretelling.meeting import Met
from faultlab.foretelling.provider import Provider
from faultlab.foretelling.screen import Display
from faultlab.foretelling.setting import Setting, Unforeseen, Whom
from faultlab.foretelling.talk import Talk
from faultlab.policies import UNSAID
from faultlab.policies.kinds import Meant
from faultlab.policies.rules import Row
from faultlab.script import Reply

__all__ = ["Dealings", "ModelCall", "Run", "TurnEnds"]


class TurnEnds(Exception):
    """The turn ends without a whole answer."""

    def __init__(self, outcome: str, failure: str | None, reply: str = "") -> None:
        super().__init__(outcome)
        self.outcome, self.failure, self.reply = outcome, failure, reply


@dataclass(slots=True)
class Dealings:
    """What a turn has learnt and used up with one provider."""

    whom: Whom
    max_tokens: int | None
    window: int | None
    compressions: int = 0

    def learn(self, limit: int | None) -> None:
        """The smallest window that it named, unless the configuration states one."""
        if limit is not None and self.whom.window is None:
            self.window = limit if self.window is None else min(self.window, limit)

    def lower(self, max_tokens: int | None) -> None:
        """For the rest of the turn."""
        if max_tokens is not None:
            self.max_tokens = max_tokens if self.max_tokens is None else min(self.max_tokens, max_tokens)


class Run(Protocol):
    """What a model call needs of the run that it is part of."""

    setting: Setting
    clock: RunClock
    talk: Talk
    account: Account
    dealings: Dealings
    display: Display

    @property
    def provider(self) -> Provider:
        """Who is asked now."""

    @property
    def can_switch(self) -> bool:
        """Whether the one shot is still there."""

    @property
    def is_stale(self) -> bool:
        """Whether its token was replaced by another session."""

    def freshen(self) -> None:
        """Go on with the newest token."""

    def next_number(self) -> int:
        """The number of the next exchange."""

    def switch(self, reason: str) -> None:
        """Go to the fallback."""


class ModelCall:
    """The attempts of one model call; counters are of one provider."""

    def __init__(self, run: Run, room: int, *, bad_arguments_used: bool) -> None:
        self._run, self._bad_arguments_used = run, bad_arguments_used
        limit = run.dealings.max_tokens
        self._begin(None if limit is None else limit * room)

    def _begin(self, max_tokens: int | None) -> None:
        self._max_tokens = max_tokens
        self._failed, self._waited_s = 0, 0.0
        self._first_s: float | None = None
        self._renewed = self._lowered = False
        self._told_whole = False

    def answer(self) -> Reply:
        """The answer. Raises TurnEnds, Interrupted and Unforeseen."""
        while True:
            found = self._attempt()
            self._run.display.show(found, self._run.dealings.whom)
            if found.meant.kind is None and found.reply is not None:
                return found.reply
            self._run.display.withdraw()
            self._recover(found)

    def _attempt(self) -> Met:
        run = self._run
        problem = run.dealings.whom.problem
        if problem is not None:
            return Met(Meant(problem))
        self._compress_ahead()
        if self._first_s is None:
            self._first_s = run.clock.now_s
        estimate = run.talk.estimate
        request = ForetoldRequest(run.dealings.whom.name, self._max_tokens)
        told_from = 0 if self._told_whole else run.account.told_from
        if told_from is not None:
            request.lines, request.told_from = tuple(run.talk.whole), told_from
        self._told_whole, run.account.told_from = False, None
        run.account.requests.append(request)
        number = run.next_number()
        if run.is_stale:
            return Met(Meant("unauthorized"))
        found = run.provider.meet(estimate, self._max_tokens, run.dealings.window, run.clock.now_s, number)
        try:
            run.clock.move(found.took_s)
        except Interrupted:
            run.display.stop(found, run.dealings.whom)
            raise
        return self._judged(found)

    def _judged(self, found: Met) -> Met:
        """Arguments that are no JSON object are told the model once a turn; then they are a failure."""
        reply = found.reply
        if found.meant.kind == UNSAID:
            raise Unforeseen("what comes of a request")
        if reply is None or found.meant.kind or not self._bad_arguments_used or reply.finish == "length":
            return found
        return found._replace(meant=Meant("invalid_response")) if has_bad_arguments(reply) else found

    def _elapsed_s(self) -> float:
        return 0.0 if self._first_s is None else self._run.clock.now_s - self._first_s

    def _row(self, found: Met, kind: str) -> Row:
        rows = self._run.setting.rows
        row = next((rows[name] for name in found.faults if name in rows and name not in FAILURES), rows.get(kind))
        if row is None or row.first is None:
            raise Unforeseen(f"what is to come of {kind}")
        return row

    def _recover(self, found: Met) -> None:
        run = self._run
        meant = self._reread(found.meant)
        run.dealings.learn(meant.limit_tokens)
        kind = str(meant.kind)
        row = self._row(found, kind)
        run.account.decided_by, run.account.words = row.name, found.words
        match row.first:
            case "retry":
                self._retry(found, row, kind)
            case "renew":
                self._renew(row, kind)
            case "switch":
                self._give_way(row, kind)
            case "compress":
                self._compress(row, kind)
            case _:
                self._lower(meant, row, kind)

    def _reread(self, meant: Meant) -> Meant:
        """C20: an output that cannot be lowered is an overflow; where money is short, a bill to pay."""
        if meant.kind != "output_too_large" or self._lower_to(meant) is not None:
            return meant
        return meant._replace(kind="billing" if meant.for_money else "context_overflow")

    def _lower_to(self, meant: Meant) -> int | None:
        present = self._max_tokens
        wanted = meant.fits_max_tokens
        lower = wanted if wanted is not None else (present or 0) // 2
        fits = lower >= 1 and (present is None or lower < present)
        return lower if fits and not self._lowered else None

    def _retry(self, found: Met, row: Row, kind: str) -> None:
        setting = self._run.setting
        wait_s = self._wait_s(found.wait_s)
        last = self._failed + 1 >= setting.attempts
        if last or wait_s is None or self._elapsed_s() + wait_s > setting.call_s:
            self._give_way(row, kind)
            return
        self._failed, self._waited_s = self._failed + 1, self._waited_s + wait_s
        self._wait(wait_s)

    def _wait_s(self, stated_s: float | None) -> float | None:
        """C2 and C3; None for a stated wait that is not begun."""
        waits = self._run.setting.rules.waits
        own_s = min(waits.first_s * waits.factor**self._failed, waits.longest_s)
        if stated_s is None or stated_s <= own_s:
            return own_s
        return stated_s if self._waited_s + stated_s <= waits.stated_s else None

    def _wait(self, seconds: float) -> None:
        clock, waits = self._run.clock, self._run.account.waits
        begun_s = clock.now_s
        try:
            clock.move(seconds)
        finally:
            if clock.now_s > begun_s:
                waits.append(clock.now_s - begun_s)

    def _give_way(self, row: Row, kind: str) -> None:
        run = self._run
        if row.never or not run.can_switch:
            raise TurnEnds(row.ends, kind)
        run.switch(row.reason or "client_error")
        self._begin(run.dealings.max_tokens)
        self._told_whole = True

    def _renew(self, row: Row, kind: str) -> None:
        run, setting = self._run, self._run.setting
        if self._renewed or not run.dealings.whom.renewable or self._elapsed_s() > setting.call_s:
            self._give_way(row, kind)
            return
        self._renewed = True
        if run.is_stale:
            run.freshen()
            return
        run.account.renewals += 1
        run.next_number()
        word = run.provider.renew()
        run.freshen()
        if word == "hangs":
            run.clock.move(setting.rules.timeouts.renewal_s)
        if word != "ok" or self._elapsed_s() > setting.call_s:
            self._give_way(row, kind)

    def _compress(self, row: Row, kind: str) -> None:
        run, setting = self._run, self._run.setting
        rule, dealings = setting.rules.compression, run.dealings
        allowed = setting.can_compress and dealings.compressions < rule.most
        in_time = self._elapsed_s() + rule.pause_s <= setting.call_s
        if not (allowed and in_time and self._shorten()):
            raise TurnEnds(row.ends, kind)
        if row.halves_output and self._max_tokens is not None:
            self._max_tokens = max(1, self._max_tokens // 2)
        dealings.lower(self._max_tokens)
        self._wait(rule.pause_s)

    def _compress_ahead(self) -> None:
        run, setting = self._run, self._run.setting
        window, dealings = run.dealings.window, run.dealings
        if window is None or run.talk.estimate <= setting.threshold * window:
            return
        allowed = setting.can_compress and dealings.compressions < setting.rules.compression.most
        if allowed and self._elapsed_s() <= setting.call_s and self._shorten():
            # What stood last in the request before may be lost by it: then the wire shows no repetition.
            run.account.blurred = run.account.blurred or bool(run.account.requests)

    def _shorten(self) -> bool:
        run, setting = self._run, self._run.setting
        target, window = run.talk.estimate // 2, run.dealings.window
        if window is not None:
            target = min(target, int(setting.threshold * window))
        if not run.talk.shorten(target, setting.rules.compression):
            return False
        run.dealings.compressions += 1
        run.account.compressions += 1
        self._failed, self._waited_s, self._told_whole = 0, 0.0, True
        return True

    def _lower(self, meant: Meant, row: Row, kind: str) -> None:
        lower = self._lower_to(meant)
        if lower is None or self._elapsed_s() > self._run.setting.call_s:
            raise TurnEnds(row.ends, kind)
        self._lowered, self._max_tokens = True, lower
        self._run.dealings.lower(lower)
