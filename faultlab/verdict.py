"""What a run was worth: violations, or none. Values only; who judges and who reports is not known here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Outcome", "Place", "Verdict", "Violation"]


class Outcome(StrEnum):
    """How a scenario ended. An error is never a verdict on what is under test."""

    HELD = "held"
    FAILED = "failed"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file; lines and columns count from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that did not hold.

    `what` is the expectation's key or the invariant's number, `turn` counts from 1 (None: the whole file), `step` is
    the number of the exchange in which the run first differs, `place` the expectation's line (None: an invariant).
    """

    what: str
    expected: str
    found: str
    turn: int | None = None
    step: int | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Violations and signs of a run.

    `signs` are what was planned and did not come about: faults not reached, answers missing, faults that could not
    apply. They make an error only of a run that held otherwise. `trouble` is why a run could not be judged at all.
    """

    violations: tuple[Violation, ...] = ()
    signs: tuple[str, ...] = ()
    trouble: str | None = None

    @property
    def outcome(self) -> Outcome:
        """Failed if something was violated, an error if it could not be judged or was not what was planned."""
        if self.trouble is not None:
            return Outcome.ERROR
        if self.violations:
            return Outcome.FAILED
        return Outcome.ERROR if self.signs else Outcome.HELD
