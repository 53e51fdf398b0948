"""Of all runs that broke the same thing, the smallest: it is the one that is worth shrinking."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from faultlab.passes.base import Range
from faultlab.results import Results
from faultlab.trial import Breach

__all__ = ["Broke", "Smallest", "breaches_in"]


@dataclass(frozen=True, slots=True)
class Broke:
    """A run that broke something: fewest entries first, then the earliest pass and number. `part` makes its trial."""

    size: tuple[int, int, int]
    part: Range

    def breaches(self, results: Results, names: Collection[str]) -> tuple[Breach, ...]:
        """How it broke these, in the order in which it did."""
        (record,) = results.records(self.part.of, self.part.numbers)
        return tuple({each.what: each for each in reversed(record.breaches) if each.what in names}.values())[::-1]


class Smallest:
    """The smallest run so far of each breach. It depends on what was played, and not on the order of that."""

    def __init__(self) -> None:
        self._broke: dict[str, Broke] = {}
        self.runs: dict[str, int] = {}

    def look(self, results: Results, place: int, part: Range) -> None:
        """Look through the runs of a range; `place` is that of its pass."""
        for number, entries, breaches in results.broken(part.of, part.numbers):
            for breach in dict.fromkeys(breaches):
                self.runs[breach] = self.runs.get(breach, 0) + 1
                size = (entries, place, number)
                if breach not in self._broke or size < self._broke[breach].size:
                    self._broke[breach] = Broke(size, part.cut(range(number, number + 1)))

    def broke(self, told: Collection[str]) -> list[tuple[Broke, set[str]]]:
        """Each run that is the smallest for anything that is not told yet, and what that is."""
        runs: dict[tuple[int, int, int], tuple[Broke, set[str]]] = {}
        for what, broke in self._broke.items():
            if what not in told:
                runs.setdefault(broke.size, (broke, set()))[1].add(what)
        return [runs[size] for size in sorted(runs)]


def breaches_in(results: Results, of: str) -> set[str]:
    """All that was broken in a pass."""
    return {breach for _, _, breaches in results.broken(of) for breach in breaches}
