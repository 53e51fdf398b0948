"""How often something happened: requests, compressions, renewals, tool runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import zip_longest
from typing import Final

from faultlab.expectations.base import Difference, Judge, Scope, plural

__all__ = ["JUDGES"]


def _calls(value: tuple[tuple[str, int], ...], scope: Scope) -> Difference | None:
    found = Counter(attempt.upstream for attempt in scope.attempts)
    wrong = [(name, count) for name, count in value if found[name] != count]
    if not wrong:
        return None
    return Difference(_listed(value), _listed((name, found[name]) for name, _ in value), _first_over(wrong[0], scope))


def _first_over(wrong: tuple[str, int], scope: Scope) -> int | None:
    """The request that was one too many; with too few, the last one before the missing."""
    name, count = wrong
    asked = [attempt.exchange.n for attempt in scope.attempts if attempt.upstream == name]
    return asked[count] if len(asked) > count else _last_step(scope)


def _order(value: str, scope: Scope) -> Difference | None:
    found = "".join(attempt.upstream[0].upper() for attempt in scope.attempts)
    if found == value:
        return None
    at = next(n for n, (want, got) in enumerate(zip_longest(value, found)) if want != got)
    step = scope.attempts[at].exchange.n if at < len(found) else _last_step(scope)
    return Difference(value or "no request", found or "no request", step)


def _compressions(value: int, scope: Scope) -> Difference | None:
    return _count(value, [each.exchange.n for each in scope.attempts if each.compressed], "compression", scope)


def _refreshes(value: int, scope: Scope) -> Difference | None:
    return _count(value, [side.n for side in scope.sides if side.renewal], "renewal", scope)


def _count(value: int, steps: list[int], noun: str, scope: Scope) -> Difference | None:
    if len(steps) == value:
        return None
    step = steps[value] if len(steps) > value else _last_step(scope)
    return Difference(plural(value, noun), plural(len(steps), noun), step)


def _tool_runs(value: int | tuple[tuple[str, int], ...], scope: Scope) -> Difference | None:
    found: Counter[str] = Counter()
    for turn in scope.turns:
        found.update(turn.end.tool_runs)
    if isinstance(value, int):
        total = found.total()
        return None if total == value else Difference(plural(value, "run"), plural(total, "run"), _last_step(scope))
    if all(found[name] == count for name, count in value):
        return None
    return Difference(_listed(value), _listed((name, found[name]) for name, _ in value), _last_step(scope))


def _listed(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts)


def _last_step(scope: Scope) -> int | None:
    return scope.attempts[-1].exchange.n if scope.attempts else None


JUDGES: Final[dict[str, Judge]] = {
    "calls": _calls,
    "order": _order,
    "compressions": _compressions,
    "refreshes": _refreshes,
    "tool_runs": _tool_runs,
}
