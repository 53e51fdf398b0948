"""What a policy of one's own says of a target that is no agent of this project: what can be seen from the wire.

Only the first turn, and of it only what its first failures decide: how a target goes about it is its own business.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


def told_of_others(scenario: Scenario, rules: Rules) -> Iterator[Expectation]:
    """The lines of the policy that this scenario puts to the test."""
    if scenario.cassette is not None or scenario.primary.limits is not None or not scenario.turns:
        return
    entries = scenario.primary.faults
    rows = [_row(entry, scenario, rules) for entry in entries]
    row = rows[0] if rows else rules.row(NO_FAILURE)
    if row is None:
        return
    alike = len(list(takewhile(lambda each: each is row, rows)))
    count = _count(entries[:alike])
    is_last = all(each is row for each in rows)
    place = rules.place(row.name)
    for key, value in _keys(row, count, scenario, is_last=is_last):
        yield Expectation(key, value, place, 1)


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


def _count(entries: Sequence[Entry]) -> int | None:
    """How many requests these entries are used up by; None: all that ever come."""
    times = [entry.times for entry in entries]
    return None if None in times else sum(each or 0 for each in times)


def _row(entry: Entry, scenario: Scenario, rules: Rules) -> Row | None:
    """The line for what this entry is, by a fault's own name sooner than by its kind."""
    own = [fault.name for fault in entry.faults if fault.name not in FAILURES]
    backend, how = scenario.policy.primary, scenario.target
    dialect = how.call if isinstance(how, SdkTarget) else backend.dialect
    ways = (how.stream,) if isinstance(how, SdkTarget) else (False, True)
    kinds = {kind_of(entry.faults, backend.provider, dialect, streamed=streamed, has_calls=False) for streamed in ways}
    kind = kinds.pop() if len(kinds) == 1 else None
    return rules.row(*own, *([kind] if kind else []))
