"""Whether all that a scenario plans comes about with an agent that does what is foretold of it.

Else it would be no success when the agent is mended: a fault that is never met, or an answer that nobody has.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from faultlab.policy import FALLBACK, PRIMARY
from faultlab.scenario import Scenario
from faultlab.schedule import Entry

__all__ = ["comes_about"]


def comes_about(scenario: Scenario) -> bool:
    """Whether it does, by the requests that are foretold; yes where they are not foretold of each turn."""
    orders = [each.value for each in scenario.expectations if each.key == "order" and each.turn is not None]
    if len(orders) < len(scenario.turns):
        return True
    asked = Counter("".join(orders))
    sides = (
        (asked[PRIMARY[0].upper()], scenario.primary.faults),
        (asked[FALLBACK[0].upper()], scenario.fallback.faults),
    )
    met = [min(count, _faulty(entries, count)) for count, entries in sides]
    is_met = all(_promised(entries) <= count for count, entries in sides)
    return is_met and (
        scenario.cassette is not None or asked.total() - sum(met) <= len(scenario.says) + _limited(scenario)
    )


def _promised(entries: tuple[Entry, ...]) -> int:
    """So many requests it takes to meet each fault that is promised, as one that lasts for ever is not."""
    total = promised = 0
    for entry in entries:
        if entry.times is None:
            break
        total += entry.times
        promised = total if entry.faults else promised
    return promised


def _faulty(entries: tuple[Entry, ...], count: int) -> int:
    """How many of the first requests meet a fault that leaves the answer standing for the next."""
    met = asked = 0
    for entry in entries:
        times = count - asked if entry.times is None else min(entry.times, count - asked)
        met += times if any(fault.name not in _LATE for fault in entry.faults) else 0
        asked += times
    return met


_LATE: Final = frozenset({"slow", "drip"})
"""The answer comes all the same, and is used up."""


def _limited(scenario: Scenario) -> float:
    """How many requests more may be refused; nobody counts them here where there are limits."""
    return 0 if scenario.primary.limits is None and scenario.fallback.limits is None else float("inf")
