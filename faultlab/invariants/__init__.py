"""The invariants I1 to I11 of the contract: pure checks of a finished run, the same for every scenario."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from faultlab.invariants import bounds, identity, leaks, switching, waits
from faultlab.invariants.base import Case, Check
from faultlab.verdict import Violation

__all__ = ["INVARIANTS", "ON_THE_WIRE", "Case", "violated"]

INVARIANTS: Final[dict[str, Check]] = {
    "I1": switching.CHECKS["I1"],
    "I2": switching.CHECKS["I2"],
    "I3": switching.CHECKS["I3"],
    "I4": switching.CHECKS["I4"],
    "I5": bounds.CHECKS["I5"],
    "I6": waits.CHECKS["I6"],
    "I7": identity.CHECKS["I7"],
    "I8": identity.CHECKS["I8"],
    "I9": bounds.CHECKS["I9"],
    "I10": bounds.CHECKS["I10"],
    "I11": leaks.CHECKS["I11"],
}

ON_THE_WIRE: Final = ("I7", "I11")
"""What holds for every client; the others are the contract of this project's own agent."""


def violated(case: Case, names: Iterable[str] = tuple(INVARIANTS)) -> tuple[Violation, ...]:
    """The first violation of each of these invariants."""
    found = (next(INVARIANTS[name](case), None) for name in names)
    return tuple(violation for violation in found if violation is not None)
