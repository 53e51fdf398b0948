"""What broke is made small where runs are played, and written here: a file for each run's breaches that go together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from faultlab.campaign.work import Work, unpacked
from faultlab.errors import FaultlabError, HarnessError
from faultlab.found_file import found_file, write_found
from faultlab.passes.base import Range
from faultlab.policies import Rules
from faultlab.results import Found, Results
from faultlab.shrink import Shrunk, shrink
from faultlab.trial import Breach, Trial
from faultlab.verdict import Place

__all__ = ["Shrinking", "Small", "kept"]

_MOST_S: Final = 600.0
"""Of real time, for what one run broke: many times what its tries take where time is virtual."""


@dataclass(frozen=True, slots=True)
class Small:
    """What is left of a run, and which of its breaches it shows, in the order in which they broke."""

    part: Range
    shrunk: Shrunk
    shows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shrinking:
    """The breaches of one run. What is left of one mostly shows others too: these need no file of their own."""

    work: Work
    part: Range
    breaches: tuple[Breach, ...]
    most_s: float = _MOST_S

    def __call__(self) -> list[Small]:
        """Make it small here, as often as there is something that was not shown yet."""
        made: list[Small] = []
        left = self.breaches
        while left:
            made.append(self._small(left))
            left = tuple(each for each in left if each.what not in made[-1].shows)
        return made

    def parts(self) -> list[Shrinking]:
        """Each of the breaches alone."""
        return [replace(self, breaches=(each,)) for each in self.breaches]

    def otherwise(self, why: str) -> list[Small]:
        """As it was found."""
        first, *others = self.breaches
        shrunk = Shrunk(self._trial().scenario, first, 0, f"not made smaller: {why}", tuple(others))
        return [Small(self.part, shrunk, tuple(each.what for each in self.breaches))]

    def _small(self, breaches: tuple[Breach, ...]) -> Small:
        try:
            shrunk = shrink(self.work.begun(), self._trial(), breaches[0].what)
        except FaultlabError as error:
            return replace(self, breaches=breaches[:1]).otherwise(str(error))[0]
        broken = {shrunk.breach.what, *(each.what for each in shrunk.also)}
        return Small(self.part, shrunk, tuple(each.what for each in breaches if each.what in broken))

    def _trial(self) -> Trial:
        return next(iter(self.part.trials(unpacked(self.work.subject))))


def kept(results: Results, small: Small, runs: Mapping[str, int], rules: Rules | None) -> None:
    """Write the file, and then what the results say of each breach that it shows; `runs` had it."""
    folder, (number, *_), of = results.path.parent, small.part.numbers, small.part.of
    shrunk, first = small.shrunk, small.shows[0]
    told = replace(shrunk, also=tuple(each for each in shrunk.also if each.what in small.shows))
    try:
        file = found_file(told, of=of, number=number, runs=runs[first], found_by=results.about.command, folder=folder)
    except HarnessError as error:
        left = (shrunk.scenario.name, "", "", "", 0, f"{shrunk.stopped}; no file can hold it: {error}")
    else:
        path = write_found(folder, file)
        left = (file.item, str(path), file.text, file.command(path), file.entries, shrunk.stopped)
    results.add_found([Found(what, of, number, runs[what], *left, _line(what, rules)) for what in small.shows])


def _line(what: str, rules: Rules | None) -> Place | None:
    """Where the policy says what did not hold; None: what has no line there is an invariant."""
    row = rules.row(what.rpartition(".")[0]) if rules else None
    return Place(rules.file, row.line) if rules and row else None
