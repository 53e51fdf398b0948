"""What the commands share: exit codes, what a command has come to so far, and the files that its paths mean."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from faultlab.errors import ScenarioError
from faultlab.loader import Loader, files_below
from faultlab.reports.base import printable
from faultlab.runner import Run
from faultlab.scenario import Scenario
from faultlab.verdict import Outcome

__all__ = [
    "COULD_NOT_RUN",
    "DID_NOT_HOLD",
    "HELD",
    "STOPPED",
    "Session",
    "files",
    "named",
    "refuse_unwritable",
    "unreadable",
    "write",
]

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
    print(printable(str(error)), file=sys.stderr)


def named(paths: Sequence[str], read: Loader, session: Session) -> list[Scenario]:
    """All scenarios that these paths name; a file that cannot be read is told of, and the others go on."""
    found: list[Scenario] = []
    for path in paths:
        file, _, name = path.partition("::")
        for each in files(file, session):
            try:
                found += _chosen(read.load(each), each, name)
            except ScenarioError as error:
                unreadable(error, session)
    return found


def _chosen(scenarios: list[Scenario], file: str, name: str) -> list[Scenario]:
    chosen = [scenario for scenario in scenarios if name in ("", scenario.id)]
    if not chosen:
        raise ScenarioError(f"no scenario called {name!r:.60}", path=file, allowed=[each.id for each in scenarios])
    return chosen


def refuse_unwritable(*paths: Path | None, within: Path | None = None) -> None:
    """Raise ScenarioError for the first of these files that could not be written: before the work, and not after it.

    `within` is a folder that will be made.
    """
    for path in filter(None, paths):
        is_there = path.exists()
        if is_there and not (path.is_file() or path.is_dir()):  # a device, or a pipe that somebody else reads
            continue
        if within is not None and path.parent.absolute() == within.absolute() and not within.exists():
            continue
        try:
            path.open("ab").close()
            if not is_there:
                path.unlink()
        except OSError as error:
            raise _unwritten(path, error) from None


def write(path: Path, text: str) -> None:
    """Write a report. Raises ScenarioError where that is not possible."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _unwritten(path, error) from None


def _unwritten(path: Path, error: OSError) -> ScenarioError:
    return ScenarioError(f"cannot be written: {error.strerror}", path=path)
