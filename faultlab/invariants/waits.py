"""I6: every wait is the one that the contract asks for (C2, C3, C15), worked out anew from what was on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from faultlab.calls import Attempt
from faultlab.clock import START
from faultlab.invariants.base import Case, Check, is_of_size
from faultlab.invariants.hints import stated_wait_s
from faultlab.trace import Exchange, Turn
from faultlab.verdict import Violation

__all__ = ["CHECKS"]

_COMPRESSION_PAUSE_S: Final = 2.0
_LONGEST_BACKOFF_S: Final = 60.0
_LONGEST_WAIT_S: Final = 120.0


def _waits(case: Case) -> Iterator[Violation]:
    trace = case.history.trace
    asked = _asked(case.history.attempts)
    for number, turn in enumerate(trace.turns, 1):
        exchanges = trace.exchanges[turn.first - 1 : turn.last]
        for before, after in pairwise(exchanges):
            found = round(after.started_s - before.ended_s, 3)
            yield from _judged(asked.get(after.n, (0.0,)), found, number, before)
        if exchanges:
            yield from _at_the_end(case, exchanges[-1], turn, number)


def _judged(allowed: tuple[float, ...], found: float, turn: int, before: Exchange) -> Iterator[Violation]:
    if found not in allowed:
        expected = " or ".join(f"a wait of {wait:g} s" if wait else "no wait" for wait in allowed)
        yield Violation("I6", expected, f"{found:g} s", turn, before.n)
    elif found > _LONGEST_WAIT_S:
        yield Violation("I6", f"no wait above {_LONGEST_WAIT_S:g} s", f"{found:g} s", turn, before.n)


def _at_the_end(case: Case, last: Exchange, turn: Turn, number: int) -> Iterator[Violation]:
    """After the last exchange only a wait that was cut short may stand."""
    found = round(turn.ended_s - last.ended_s, 3)
    if found <= 0:
        return
    if turn.end.outcome != "interrupted":
        yield Violation("I6", "no wait after the last attempt", f"{found:g} s", number, last.n)
        return
    asked = [each for each in case.history.attempts if each.turn == number and each.exchange.n <= last.n]
    most = max(_retry_wait_s(asked), _COMPRESSION_PAUSE_S) if asked else 0.0
    if found > most:
        yield Violation("I6", f"a wait of at most {most:g} s", f"{found:g} s", number, last.n)


def _asked(attempts: tuple[Attempt, ...]) -> dict[int, tuple[float, ...]]:
    """The waits that the contract allows before each attempt, by its exchange's number."""
    allowed: dict[int, tuple[float, ...]] = {}
    for index, attempt in enumerate(attempts):
        before = attempts[:index]
        repeats = bool(before) and (before[-1].call, before[-1].upstream) == (attempt.call, attempt.upstream)
        allowed[attempt.exchange.n] = _allowed(attempt, before) if repeats else _allowed_at_first(attempt, before)
    return allowed


def _allowed_at_first(attempt: Attempt, before: tuple[Attempt, ...]) -> tuple[float, ...]:
    """No wait. But an answer cut before its first word may be a full window (contract 3): then this is no new call."""
    same = bool(before) and before[-1].upstream == attempt.upstream
    again = same and before[-1].said.messages[-1:] == attempt.said.messages[-1:]
    return (_COMPRESSION_PAUSE_S, 0.0) if again and attempt.compressed else (0.0,)


def _allowed(attempt: Attempt, before: tuple[Attempt, ...]) -> tuple[float, ...]:
    """No wait after what counts no attempt; a compression may also stand ahead of any repeated request."""
    pause = (_COMPRESSION_PAUSE_S,) if attempt.compressed else ()
    if attempt.compressed and is_of_size(before[-1]) and not attempt.lowered:
        return pause
    if attempt.renewed or attempt.lowered:
        return (*pause, 0.0)
    return (*pause, _retry_wait_s(list(before)))


def _retry_wait_s(attempts: list[Attempt]) -> float:
    """The wait after the last of these attempts, by its number in its budget and by what it states."""
    last = attempts[-1].exchange
    backoff = min(2.0 ** _failed(attempts), _LONGEST_BACKOFF_S)
    stated = stated_wait_s(last, START + last.ended_s)
    return round(max(backoff, stated or 0.0), 3)


def _failed(attempts: list[Attempt]) -> int:
    """How many attempts the budget has counted: those since the call's start or its last compression.

    An attempt that was followed by a renewal or a lowered output does not count.
    """
    last = attempts[-1]
    count = 0
    for attempt in reversed(attempts):
        if (attempt.call, attempt.upstream) != (last.call, last.upstream):
            break
        count += 1
        if attempt.compressed:
            break
        if attempt.renewed or attempt.lowered:
            count -= 1
    return count


CHECKS: Final[dict[str, Check]] = {"I6": _waits}
