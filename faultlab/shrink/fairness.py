"""Whether all that a scenario plans comes about with an agent that does what is foretold of it.

Else it would be no success when the agent is mended: a fault that is never met, or an answer that nobody has.
"""

from __future__ import annotations

from collections import Counter

from faultlab.faults import LEAVES_WHOLE
from faultlab.foretelling import reached
from faultlab.policies import Rules
from faultlab.policy import FALLBACK, PRIMARY
from faultlab.scenario import Scenario
from faultlab.schedule import Entry

__all__ = ["comes_about"]


def comes_about(scenario: Scenario, rules: Rules | None) -> bool:
    """Whether it does; yes as far as nobody can say."""
    if rules is not None and reached(scenario, rules) is False:
        return False
    orders = [each.value for each in scenario.expectations if each.key == "order" and each.turn is not None]
    is_told = len(orders) == len(scenario.turns) and scenario.cassette is None
    return not is_told or _answers_needed(scenario, Counter("".join(orders))) <= len(scenario.says)


def _answers_needed(scenario: Scenario, asked: Counter[str]) -> int:
    """Of so many requests, those that a healthy answer meets; a limit may refuse any of them."""
    if scenario.primary.limits is not None or scenario.fallback.limits is not None:
        return 0
    sides = ((asked[PRIMARY[0].upper()], scenario.primary), (asked[FALLBACK[0].upper()], scenario.fallback))
    return sum(count - _faulty(side.faults, count) for count, side in sides)


def _faulty(entries: tuple[Entry, ...], count: int) -> int:
    """How many of the first requests meet a fault that leaves the answer standing for the next."""
    met = asked = 0
    for entry in entries:
        times = count - asked if entry.times is None else min(entry.times, count - asked)
        met += times if not LEAVES_WHOLE.issuperset(fault.name for fault in entry.faults) else 0
        asked += times
    return met
