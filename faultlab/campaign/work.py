"""What is handed to whoever plays: a piece of a pass, which knows all that it needs, in whichever process it is."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Final

from faultlab.errors import HarnessError
from faultlab.passes.base import Range
from faultlab.playing import play
from faultlab.results import Row, row
from faultlab.runner import OUT_OF_MEMORY
from faultlab.scenario import CommandTarget, Scenario
from faultlab.subject import Subject
from faultlab.trial import Record, Standing, Trial

__all__ = ["Piece", "Seen", "entries_of", "most_s", "our_version"]

_MOST_S: Final = 60.0
"""Of real time, for a run whose time is virtual: a thousand times what it needs."""

_MOST_TURNS: Final = 16
"""Of a program in real time, which has a bound of its own for each."""


@cache
def our_version() -> str:
    """Of this package, wherever it is installed."""
    return version("faultlab")


def most_s(subject: Subject) -> float:
    """How long a run of it may take in real time before it counts as hanging."""
    target = subject.healthy.target
    return _MOST_S + (_MOST_TURNS * target.timeout_s if isinstance(target, CommandTarget) else 0.0)


def entries_of(scenario: Scenario) -> int:
    """How many faults it plans."""
    return len(scenario.primary.faults) + len(scenario.fallback.faults)


@dataclass(frozen=True, slots=True)
class Seen:
    """A run as it goes into the results, and what those who watch would like to know of it."""

    row: Row
    state: str | None = None
    cells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """Some trials of a pass. `subject` is pickled once for all of them; `by` is the version that wrote it."""

    subject: bytes
    part: Range
    by: str

    def play(self) -> list[Seen]:
        """Play them here. Raises MemoryError when one of them has found no more."""
        if self.by != our_version():
            raise HarnessError(
                f"faultlab {our_version()} plays here, and {self.by} has handed it out: install the same"
            )
        about = _unpacked(self.subject)
        return [_played(about, trial) for trial in self.part.trials(about)]

    def trouble(self, why: str) -> list[Seen]:
        """What there is to say when they could not be played."""
        return [_trouble(trial, why) for trial in self.part.trials(_unpacked(self.subject))]

    def singly(self) -> Iterator[Piece]:
        """Each of the trials alone."""
        return (Piece(self.subject, self.part.cut(range(n, n + 1)), self.by) for n in self.part.numbers)


@lru_cache(maxsize=1)
def _unpacked(subject: bytes) -> Subject:
    found: Subject = pickle.loads(subject)  # noqa: S301  # from the process that has started this one
    return found


def _played(subject: Subject, trial: Trial) -> Seen:
    try:
        record = play(subject, trial)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  # a fault of the harness ends one run, and not ten thousand
        return _trouble(trial, f"faultlab itself failed, please report it: {type(error).__name__}: {error}")
    if OUT_OF_MEMORY in record.reasons:
        raise MemoryError
    return _seen(trial, record)


def _trouble(trial: Trial, why: str) -> Seen:
    return _seen(trial, Record(trial.of, trial.number, Standing.TROUBLE, trial.labels, reasons=(why,)))


def _seen(trial: Trial, record: Record) -> Seen:
    state = record.edge.after if record.edge else None
    return Seen(row(record, entries_of(trial.scenario)), state, record.covered)
