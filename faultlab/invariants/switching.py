"""I1 to I4: when a session may go to the fallback, and that it stays there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from faultlab.calls import Attempt
from faultlab.invariants.base import Case, Check, is_of_size
from faultlab.policy import FALLBACK, PRIMARY
from faultlab.trace import Turn
from faultlab.verdict import Violation

__all__ = ["CHECKS"]

_NEVER_SWITCH: Final = frozenset({"context_overflow", "output_too_large", "payload_too_large", "internal"})
"""Failure kinds that end a turn although a fallback is there (contract C7, I4)."""


def _one_switch(case: Case) -> Iterator[Violation]:
    for attempts in case.sessions().values():
        switches = [b for a, b in pairwise(attempts) if (a.upstream, b.upstream) == (PRIMARY, FALLBACK)]
        for second in switches[1:]:
            yield _found("I1", "one switch per session", "a second switch", second)
    told: set[str] = set()
    for number, turn in enumerate(case.history.trace.turns, 1):
        if turn.end.switch_reason and turn.session in told:
            yield Violation("I1", "one switch per session", "the agent reports a second switch", number)
        if turn.end.switch_reason:
            told.add(turn.session)


def _no_way_back(case: Case) -> Iterator[Violation]:
    turns = case.history.trace.turns
    for session, attempts in case.sessions().items():
        told = [number for number, turn in enumerate(turns, 1) if turn.session == session and turn.end.switch_reason]
        switched = False
        for attempt in attempts:
            if attempt.upstream == PRIMARY and (switched or (told and attempt.turn > told[0])):
                yield _found("I2", "no request to the primary after the switch", "one more", attempt)
                break
            switched = switched or attempt.upstream == FALLBACK


def _never_for_size(case: Case) -> Iterator[Violation]:
    for attempts in case.sessions().values():
        first = next((attempt for attempt in attempts if attempt.upstream == FALLBACK), None)
        if first is None:
            continue
        # All of them failed, as the call went on: a whole answer too, if it was none that can be used.
        failed = [each for each in attempts if (each.call, each.upstream) == (first.call, PRIMARY)]
        if failed and all(map(is_of_size, failed)):
            names = ", ".join(sorted({name for each in failed for name in each.exchange.faults}))
            yield _found("I3", "no switch when only the size was wrong", f"a switch after {names}", first)


def _fallback_first(case: Case) -> Iterator[Violation]:
    if not case.history.policy.usable_fallback:
        return
    tried: set[str] = set()
    for number, turn in enumerate(case.history.trace.turns, 1):
        asked = {each.upstream for each in case.history.attempts if each.turn == number}
        if FALLBACK in asked or turn.end.switch_reason:
            tried.add(turn.session)
        if _gave_up(turn) and turn.session not in tried:
            found = f"failed with {turn.end.failure}, and the fallback was never asked"
            step = turn.last if turn.last >= turn.first else None
            yield Violation("I4", "no turn fails before the fallback was tried", found, number, step)


def _gave_up(turn: Turn) -> bool:
    return turn.end.outcome == "failed" and turn.end.failure not in _NEVER_SWITCH


def _found(what: str, expected: str, found: str, attempt: Attempt) -> Violation:
    return Violation(what, expected, found, attempt.turn, attempt.exchange.n)


CHECKS: Final[dict[str, Check]] = {
    "I1": _one_switch,
    "I2": _no_way_back,
    "I3": _never_for_size,
    "I4": _fallback_first,
}
