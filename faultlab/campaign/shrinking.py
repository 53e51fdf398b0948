"""What broke is made small where runs are played, and written here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from faultlab.campaign.smallest import Broke
from faultlab.campaign.work import Work, unpacked
from faultlab.errors import FaultlabError, HarnessError
from faultlab.found_file import found_file, write_found
from faultlab.passes.base import Range
from faultlab.results import Found, Results
from faultlab.shrink import Shrunk, shrink
from faultlab.trial import Breach, Trial

__all__ = ["Shrinking", "kept"]

_MOST_S: Final = 600.0
"""Of real time, for one breach: many times what its tries take where time is virtual."""


@dataclass(frozen=True, slots=True)
class Shrinking:
    """One breach of one run."""

    work: Work
    part: Range
    breach: Breach
    most_s: float = _MOST_S

    def __call__(self) -> list[tuple[str, Shrunk]]:
        """Make it small here; what cannot be made small stays as it is."""
        try:
            return [(self.breach.what, shrink(self.work.begun(), self._trial(), self.breach.what))]
        except FaultlabError as error:
            return self.otherwise(str(error))

    def parts(self) -> list[Shrinking]:
        """It is one thing."""
        return [self]

    def otherwise(self, why: str) -> list[tuple[str, Shrunk]]:
        """As it was found."""
        return [(self.breach.what, Shrunk(self._trial().scenario, self.breach, 0, f"not made smaller: {why}"))]

    def _trial(self) -> Trial:
        return next(iter(self.part.trials(unpacked(self.work.subject))))


def kept(results: Results, what: str, shrunk: Shrunk, broke: Broke, runs: int) -> None:
    """Write the file, and then what the results say of it."""
    folder, (number, *_) = results.path.parent, broke.part.numbers
    of = broke.part.of
    try:
        file = found_file(shrunk, of=of, number=number, runs=runs, found_by=results.about.command, folder=folder)
    except HarnessError as error:
        why = f"{shrunk.stopped}; no file can hold it: {error}"
        results.add_found(Found(what, of, number, runs, shrunk.scenario.name, "", "", "", 0, why))
        return
    path = write_found(folder, file)
    results.add_found(
        Found(what, of, number, runs, file.item, str(path), file.text, file.command(path), file.entries, shrunk.stopped)
    )
