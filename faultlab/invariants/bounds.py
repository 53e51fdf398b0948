"""I5, I9 and I10: how often anything may happen, how long it may go on, and how a turn may end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from faultlab.contract import OUTCOMES
from faultlab.invariants.base import Case, Check
from faultlab.verdict import Violation

__all__ = ["CHECKS"]

_COMPRESSIONS: Final = 3
_UNCOUNTED: Final = 2
"""Attempts of a model call that spend no budget: one before a renewal, one before a lowered output."""


def _within_budget(case: Case) -> Iterator[Violation]:
    for call in case.calls():
        most = _most(case.history.policy.attempts, call.compressions)
        if len(call.attempts) > most:
            over = call.attempts[most].exchange.n
            yield Violation("I5", f"at most {most} requests", f"{len(call.attempts)} requests", call.turn, over)


def _most(budget: int, compressions: int) -> int:
    return budget * (1 + compressions) + compressions + _UNCOUNTED


def _once_per_tool_call(case: Case) -> Iterator[Violation]:
    seen: set[tuple[str, str]] = set()
    for run in case.history.trace.tool_calls:
        call = (run.session, run.call_id)
        if call in seen:
            yield Violation("I9", f"one run of {run.name} for {run.call_id}", "a second run", run.turn)
        seen.add(call)


def _every_turn_ends(case: Case) -> Iterator[Violation]:
    policy = case.history.policy
    most = _most(policy.attempts, _COMPRESSIONS) * 2 * (policy.max_turns + 3)
    for number, turn in enumerate(case.history.trace.turns, 1):
        if turn.end.outcome not in OUTCOMES:
            yield Violation("I10", f"an outcome: {', '.join(OUTCOMES)}", turn.end.outcome, number)
        if turn.end.outcome == "failed" and turn.end.failure is None:
            yield Violation("I10", "a failed turn names its failure", "none", number)
        asked = [each for each in case.history.attempts if each.turn == number]
        if len(asked) > most:
            yield Violation("I10", f"at most {most} requests", f"{len(asked)}", number, asked[most].exchange.n)
    yield from _within_time(case)


def _within_time(case: Case) -> Iterator[Violation]:
    limit_s = case.history.policy.time_limit_s
    for call in case.calls():
        start = call.attempts[0].exchange.started_s
        for attempt in call.attempts:
            late = attempt.exchange.started_s - start
            if round(late - limit_s, 3) > 0:
                expected = f"no attempt more than {limit_s:g} s after the first of its model call"
                yield Violation("I10", expected, f"one after {late:g} s", call.turn, attempt.exchange.n)


CHECKS: Final[dict[str, Check]] = {"I5": _within_budget, "I9": _once_per_tool_call, "I10": _every_turn_ends}
