"""What is handed to whoever plays: a piece of a pass, which knows all that it needs, in whichever process it is."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Final, Protocol, TypeVar, runtime_checkable

from faultlab.errors import HarnessError
from faultlab.passes.base import Range
from faultlab.playing import play
from faultlab.results import Row, row
from faultlab.runner import OUT_OF_MEMORY
from faultlab.scenario import CommandTarget
from faultlab.subject import Subject
from faultlab.trial import Edge, Record, Standing, Trial

__all__ = ["Job", "Piece", "Seen", "Work", "most_s", "our_version", "unpacked"]

_MOST_S: Final = 60.0
"""Of real time, for a run whose time is virtual: a thousand times what it needs."""

_MOST_TURNS: Final = 16
"""Of a program in real time, which has a bound of its own for each."""

_T_co = TypeVar("_T_co", covariant=True)


@runtime_checkable
class Job(Protocol[_T_co]):
    """Something to be done in another process: small, picklable, and bounded in real time."""

    @property
    def most_s(self) -> float:
        """How long each of its parts may take."""

    def __call__(self) -> Sequence[_T_co]:
        """Do it here. Raises MemoryError when there is no more."""

    def parts(self) -> Sequence[Job[_T_co]]:
        """What it consists of, each of which may fail alone."""

    def otherwise(self, why: str) -> Sequence[_T_co]:
        """What there is to say when it could not be done."""


@dataclass(frozen=True, slots=True)
class Work:
    """What all jobs of a campaign know: its subject, pickled once, the version that wrote it, and their bound."""

    subject: bytes
    by: str
    most_s: float

    @classmethod
    def on(cls, subject: Subject, patience_s: float | None = None) -> Work:
        """Work on a subject; `patience_s` None: as long as a run of it may take."""
        return cls(pickle.dumps(subject), our_version(), most_s(subject) if patience_s is None else patience_s)

    def begun(self) -> Subject:
        """The subject, here. Raises HarnessError where another version would come to other results."""
        if self.by != our_version():
            raise HarnessError(
                f"faultlab {our_version()} plays here, and {self.by} has handed it out: install the same"
            )
        return unpacked(self.subject)


@cache
def our_version() -> str:
    """Of this package, wherever it is installed."""
    return version("faultlab")


def most_s(subject: Subject) -> float:
    """How long a run of it may take in real time before it counts as hanging."""
    target = subject.healthy.target
    return _MOST_S + (_MOST_TURNS * target.timeout_s if isinstance(target, CommandTarget) else 0.0)


@dataclass(frozen=True, slots=True)
class Seen:
    """A run as it goes into the results, and what those who watch would like to know of it."""

    row: Row
    edge: Edge | None = None
    cells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """Some trials of a pass."""

    work: Work
    part: Range

    @property
    def most_s(self) -> float:
        """The bound of a run."""
        return self.work.most_s

    def __call__(self) -> list[Seen]:
        """Play them here."""
        subject = self.work.begun()
        return [_played(subject, trial) for trial in self.part.trials(subject)]

    def parts(self) -> list[Piece]:
        """Each of the trials alone."""
        return [replace(self, part=self.part.cut(range(number, number + 1))) for number in self.part.numbers]

    def otherwise(self, why: str) -> list[Seen]:
        """A record of trouble for each."""
        return [_trouble(trial, why) for trial in self.part.trials(unpacked(self.work.subject))]


@lru_cache(maxsize=1)
def unpacked(subject: bytes) -> Subject:
    """The subject of some work."""
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
    return Seen(row(record, trial.scenario.entries), record.edge, record.covered)
