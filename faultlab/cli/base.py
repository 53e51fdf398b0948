"""What the commands share: exit codes, what a command has come to so far, and the files that its paths mean."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from faultlab.errors import ScenarioError
from faultlab.loader import files_below
from faultlab.runner import Run
from faultlab.verdict import Outcome

__all__ = ["COULD_NOT_RUN", "DID_NOT_HOLD", "HELD", "STOPPED", "Session", "files", "unreadable"]

HELD: Final = 0
DID_NOT_HOLD: Final = 1
COULD_NOT_RUN: Final = 2
STOPPED: Final = 130


@dataclass(slots=True)
class Session:
    """What one command has come to so far."""

    runs: list[Run] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    stopped: bool = False

    @property
    def exit_code(self) -> int:
        """By what is worst; a failure is a definite answer, an error is none."""
        outcomes = {run.verdict.outcome for run in self.runs}
        if self.stopped:
            return STOPPED
        if Outcome.FAILED in outcomes:
            return DID_NOT_HOLD
        return COULD_NOT_RUN if self.unreadable or Outcome.ERROR in outcomes else HELD


def files(path: str, session: Session) -> Iterator[str]:
    """The file of this path, or every scenario file below it."""
    if not Path(path).is_dir():
        yield path
        return
    try:
        yield from map(str, files_below(Path(path)))
    except ScenarioError as error:
        unreadable(error, session)


def unreadable(error: ScenarioError, session: Session) -> None:
    """Tell of a file that cannot be read; the others go on."""
    session.unreadable.append(str(error))
    print(error, file=sys.stderr)
