"""What all reports of a campaign count: one look at every run, none of which is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from faultlab.subject import Finding
from faultlab.trial import Breach, Ending, Record, Standing
from faultlab.weak_spots import WeakSpot, WeakSpots

__all__ = ["ENDINGS", "NO_FAMILY", "Broken", "Group", "Tally", "group_of", "tallied", "title"]

ENDINGS: Final[dict[Ending, str]] = {
    Ending.PRIMARY: "at once",
    Ending.WAITED: "after waits",
    Ending.FALLBACK: "fallback",
    Ending.COMPRESSED: "compressed",
    Ending.PARTIAL: "partial",
    Ending.FAILED: "failed",
    Ending.INTERRUPTED: "interrupted",
    Ending.NONE: "no turn",
}
"""What each is called in a table, from the best to the worst that a user can meet."""

NO_FAMILY: Final = "nothing went wrong"
_JUDGED: Final = frozenset({Standing.HELD, Standing.BROKEN})


@dataclass(slots=True)
class Group:
    """Runs of one kind: how they stood, how they ended, how long their users waited.

    Only a run with a verdict counts among the endings and the seconds. `worst` is the (pass, number) of the longest.
    """

    standings: Counter[Standing] = field(default_factory=Counter)
    endings: Counter[Ending] = field(default_factory=Counter)
    seconds: Counter[float] = field(default_factory=Counter)
    waits: Counter[int] = field(default_factory=Counter)
    worst: tuple[str, int] | None = None

    @property
    def runs(self) -> int:
        """How many there were."""
        return self.standings.total()

    @property
    def median_s(self) -> float | None:
        """What one user in two waits at most; None where nobody's wait is known."""
        seen, half = 0, self.seconds.total() / 2
        for seconds, count in sorted(self.seconds.items()):
            seen += count
            if seen >= half:
                return seconds
        return None

    @property
    def worst_s(self) -> float | None:
        """What the user with the least luck waits."""
        return max(self.seconds, default=None)

    def add(self, record: Record) -> None:
        """Count a run."""
        self.standings[record.standing] += 1
        if record.standing not in _JUDGED:
            return
        worst_s = self.worst_s
        if worst_s is None or record.took_s > worst_s:
            self.worst = record.of, record.number
        self.endings[record.ending] += 1
        self.seconds[record.took_s] += 1
        if record.ending is Ending.WAITED:
            self.waits[record.waits] += 1


@dataclass(slots=True)
class Broken:
    """One thing that did not hold somewhere: the run that broke it first, and how many did."""

    of: str
    number: int
    first: Breach
    runs: int = 0


@dataclass(slots=True)
class Tally:
    """A campaign in numbers."""

    all: Group = field(default_factory=Group)
    passes: dict[str, Group] = field(default_factory=dict)
    families: dict[str, Group] = field(default_factory=dict)
    groups: dict[tuple[str, str], Group] = field(default_factory=dict)
    broken: dict[str, Broken] = field(default_factory=dict)
    not_reached: Counter[str] = field(default_factory=Counter)
    trouble: Counter[str] = field(default_factory=Counter)
    covered: Counter[str] = field(default_factory=Counter)
    weak_spots: list[WeakSpot] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Count a run everywhere that it belongs."""
        groups: Iterable[Group] = (
            self.all,
            self.passes.setdefault(record.of, Group()),
            self.families.setdefault(record.family or NO_FAMILY, Group()),
            self.groups.setdefault((record.of, group_of(record)), Group()),
        )
        for group in groups:
            group.add(record)
        for breach in {breach.what: breach for breach in reversed(record.breaches)}.values():
            self.broken.setdefault(breach.what, Broken(record.of, record.number, breach)).runs += 1
        if record.standing is Standing.NOT_REACHED:
            self.not_reached.update(record.reasons)
        if record.standing is Standing.TROUBLE:
            self.trouble.update(record.reasons)
        self.covered.update(record.covered)


def tallied(records: Iterable[Record], findings: Iterable[Finding] = ()) -> Tally:
    """All of them, counted, families with most runs first; weak spots where there are findings to look for."""
    tally, weak = Tally(), WeakSpots(findings)
    for record in records:
        tally.add(record)
        weak.add(record)
    tally.weak_spots = weak.told()
    tally.families = dict(sorted(tally.families.items(), key=lambda each: (-each[1].runs, each[0])))
    return tally


def group_of(record: Record) -> str:
    """What a run is one of many of: its fault where its pass names one, else the family of its first."""
    return dict(record.labels).get("fault") or record.family or NO_FAMILY


def title(counts: Mapping[Standing, int]) -> str:
    """How many stood how, in words."""
    told = [f"{counts[each]:,} {each.value.replace('_', ' ')}" for each in Standing if counts.get(each)]
    return ", ".join(told) or "nothing was run"
