"""What a scenario expects of a turn, key by key: each key has one pure judge from a trace to a violation or None."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from faultlab.expectations import counts, requests, result, switch, waits
from faultlab.expectations.base import Contains, Difference, History, Judge, Range, RequestLike, Scope, Switched
from faultlab.expectations.switch import NEVER
from faultlab.verdict import Place, Violation

__all__ = [
    "ANY",
    "DEFAULTS",
    "EXPECTATIONS",
    "NEVER",
    "Contains",
    "Difference",
    "Expectation",
    "History",
    "Range",
    "RequestLike",
    "Scope",
    "Switched",
    "is_waived",
    "judge",
]

EXPECTATIONS: Final[dict[str, Judge]] = {
    **result.JUDGES,
    **switch.JUDGES,
    **counts.JUDGES,
    **waits.JUDGES,
    **requests.JUDGES,
}


@dataclass(frozen=True, slots=True)
class Expectation:
    """One key of an `expect`, what it holds, and where it stands. `turn` counts from 1; None: the whole file."""

    key: str
    value: Any
    place: Place
    turn: int | None = None


DEFAULTS: Final = (("outcome", "completed"), ("fallback", NEVER))
"""What a turn is held to where its `expect` does not say otherwise."""

ANY: Final = "any"
"""In a file, in the place of either: the turn is not held to it, and there is no expectation."""


def is_waived(expectation: Expectation) -> bool:
    """Whether it only says that one of the two defaults does not hold."""
    return expectation.value == ANY and expectation.key in dict(DEFAULTS)


def judge(expectation: Expectation, history: History) -> Violation | None:
    """Whether the trace holds what this key expects."""
    found = EXPECTATIONS[expectation.key](expectation.value, Scope(history, expectation.turn))
    if found is None:
        return None
    return Violation(expectation.key, found.expected, found.found, expectation.turn, found.step, expectation.place)
