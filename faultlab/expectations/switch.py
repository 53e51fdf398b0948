"""Whether the fallback fired: the reason from the agent's result, everything else from the wire."""

from __future__ import annotations

from typing import Final

from faultlab.expectations.base import Difference, Judge, Scope, Switched, plural
from faultlab.policy import FALLBACK, PRIMARY

__all__ = ["JUDGES", "NEVER"]

NEVER: Final = "never"


def _fallback(value: str | Switched, scope: Scope) -> Difference | None:
    found, step = _switch(scope)
    if isinstance(value, Switched):
        return None if found is not None and _fits(value, found) else _difference(value, found, step, scope)
    return None if found is None else _difference(None, found, step, scope)


def _fits(value: Switched, found: Switched) -> bool:
    same_reason = value.reason in (None, found.reason)
    return same_reason and value.after_calls in (None, found.after_calls)


def _switch(scope: Scope) -> tuple[Switched | None, int | None]:
    """The switch in this scope as the wire and the agent's result show it, and the first request after it."""
    step = _first_of_fallback(scope)
    reason = next((turn.end.switch_reason for turn in scope.turns if turn.end.switch_reason), None)
    if step is None and reason is None:
        return None, None
    asked = [each for each in scope.attempts if each.upstream == PRIMARY and (step is None or each.exchange.n < step)]
    return Switched(reason, len(asked)), step


def _first_of_fallback(scope: Scope) -> int | None:
    """The first request to the fallback in a session, if it is in this scope."""
    seen: set[str] = set()
    for number, turn in enumerate(scope.history.trace.turns, 1):
        asked = (each.n for each in scope.exchanges(turn) if each.upstream == FALLBACK and not each.side)
        first = None if turn.session in seen else next(asked, None)
        if first is not None:
            seen.add(turn.session)
            if scope.number in (None, number):
                return first
    return None


def _difference(value: Switched | None, found: Switched | None, step: int | None, scope: Scope) -> Difference:
    expected = str(value) if value else "no switch"
    if found is None:
        asked = sum(attempt.upstream == PRIMARY for attempt in scope.attempts)
        return Difference(expected, f"no switch, {plural(asked, 'call')} to the primary", _early(value, scope))
    steps = [each for each in (step, _early(value, scope)) if each is not None]
    return Difference(expected, str(found), min(steps, default=None))


def _early(value: Switched | None, scope: Scope) -> int | None:
    """The request in whose place the fallback should have been asked."""
    after = value.after_calls if value else None
    numbers = [attempt.exchange.n for attempt in scope.attempts]
    if after is not None and after < len(numbers):
        return numbers[after]
    return numbers[-1] if numbers else None


JUDGES: Final[dict[str, Judge]] = {"fallback": _fallback}
