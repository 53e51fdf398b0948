"""What a policy of one's own says of a target that is no agent of this project: what can be seen from the wire.

Of a turn only what its first failures decide: how a target goes about it is its own business. A later turn is told of
where it is known with what the provider begins it: after a turn of the client by itself, which asks once and remembers
nothing, and while the same goes on for ever and nobody switches. What an application keeps in mind, nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Any

from faultlab.contract import FAILURES
from faultlab.expectations import NEVER, Expectation, Switched
from faultlab.policies import Row, Rules, kind_of
from faultlab.policies.rules import NO_FAILURE
from faultlab.policy import PRIMARY
from faultlab.scenario import Scenario, SdkTarget, Side
from faultlab.schedule import Entry

__all__ = ["told_of_others"]

_Left = tuple[tuple[Row | None, int | None], ...]
"""What the primary still has before it, by the lines of the policy; None: for ever."""


def told_of_others(scenario: Scenario, rules: Rules) -> Iterator[Expectation]:
    """The lines of the policy that this scenario puts to the test."""
    if scenario.cassette is not None or scenario.primary.limits is not None or not scenario.turns:
        return
    left: _Left | None = tuple((_row(entry, scenario, rules), entry.times) for entry in scenario.primary.faults)
    for number in range(1, len(scenario.turns) + 1):
        row = left[0][0] if left else rules.row(NO_FAILURE)
        if left is None or row is None or number > max(1, len(scenario.says)):
            return
        alike = _times_of(row, left)
        count = None if None in alike else sum(each or 0 for each in alike)
        is_last = len(alike) == len(left)
        for key, value in _keys(row, count, scenario, is_last=is_last):
            yield Expectation(key, value, rules.place(row.name), number)
        left = _left_after(row, count, left, scenario, is_last=is_last)


def _times_of(row: Row, left: _Left) -> list[int | None]:
    """How often what comes first of this kind happens, entry by entry."""
    return [times for _, times in takewhile(lambda each: each[0] is row, left)]


def _left_after(row: Row, count: int | None, left: _Left, scenario: Scenario, *, is_last: bool) -> _Left | None:
    """What the next turn begins with; None: nobody knows."""
    is_client = isinstance(scenario.target, SdkTarget)
    if row.name == NO_FAILURE:
        return left if is_client else None
    if count is None:
        return left if row.never or is_client or not scenario.policy.usable_fallback else None
    if not is_client or row.never or row.after_calls is None:
        return None
    if count < row.after_calls:
        return () if is_last else None
    return _without(row.after_calls, left)


def _without(number: int, left: _Left) -> _Left:
    """After so many requests, each of which uses up one; none of those that fail for ever is among them."""
    (row, times), *further = left
    if times is None or times > number:
        return ((row, times and times - number), *further)
    return _without(number - times, tuple(further)) if number > times else tuple(further)


def _keys(row: Row, count: int | None, scenario: Scenario, *, is_last: bool) -> Iterator[tuple[str, Any]]:
    """`count`: so many failures of this kind come first (None: without end), `is_last`: after which all is well."""
    if row.name == NO_FAILURE:
        yield "outcome", "completed"
        yield "fallback", NEVER
    elif row.never:
        yield from [("fallback", NEVER)] if is_last else []
    elif count is None or (row.after_calls is not None and count >= row.after_calls):
        yield from _gives_way(row, scenario)
    elif is_last and row.after_calls is not None:
        yield "outcome", "completed"
        yield "fallback", NEVER


def _gives_way(row: Row, scenario: Scenario) -> Iterator[tuple[str, Any]]:
    """To the fallback, where there is one; else to whoever called."""
    if scenario.policy.usable_fallback and not isinstance(scenario.target, SdkTarget):
        yield "fallback", Switched(None, row.after_calls)
        yield from [("outcome", "completed")] if _is_well(scenario.fallback) else []
        return
    yield "outcome", "failed"
    yield from [("calls", ((PRIMARY, row.after_calls),))] if row.after_calls is not None else []


def _is_well(side: Side) -> bool:
    return not side.faults and side.limits is None


def _row(entry: Entry, scenario: Scenario, rules: Rules) -> Row | None:
    """The line for what this entry is, by a fault's own name sooner than by its kind."""
    own = [fault.name for fault in entry.faults if fault.name not in FAILURES]
    backend, how = scenario.policy.primary, scenario.target
    dialect = how.call if isinstance(how, SdkTarget) else backend.dialect
    ways = (how.stream,) if isinstance(how, SdkTarget) else (False, True)
    kinds = {kind_of(entry.faults, backend.provider, dialect, streamed=streamed, has_calls=False) for streamed in ways}
    kind = kinds.pop() if len(kinds) == 1 else None
    return rules.row(*own, *([kind] if kind else []))
