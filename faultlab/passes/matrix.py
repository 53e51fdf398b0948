"""The pass `matrix`: every fault that a provider can send, at each place of the budget, on each side, by each entrance.

What there is to try stands in `cells`; here it becomes scenarios, with a conversation that has what each fault needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from faultlab.passes.base import Range, Rounds
from faultlab.passes.cells import Cell, LeftOut, cells, left_out
from faultlab.passes.ground import rules_of
from faultlab.passes.rehearsal import answers, staged
from faultlab.scenario import ENTRIES, HermesTarget, Scenario
from faultlab.subject import Subject
from faultlab.trial import Trial

__all__ = ["Matrix"]

_NAME: Final = "matrix"
_RANGE: Final = 50
"""Trials of a range: enough to be worth a journey to another machine."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """All cells, once, by these entrances. What means nothing is left out, for the reasons in `cells.LeftOut`."""

    entries: tuple[str, ...] = ENTRIES
    name: str = _NAME

    def rounds(self, subject: Subject) -> Rounds:
        """One round with all of them."""
        total = self.expected(subject)
        yield [_Part(self.entries, range(start, min(start + _RANGE, total))) for start in range(0, total, _RANGE)]
        if not total:
            return "the primary cannot be asked, so nothing can go wrong there"
        return f"all {total:,} cells; {sum(self.left_out(subject).values()):,} more would mean nothing"

    def expected(self, subject: Subject) -> int:
        """How many cells there are."""
        return len(_cells(subject, self.entries))

    def left_out(self, subject: Subject) -> Mapping[LeftOut, int]:
        """How many cells mean nothing, by the reason."""
        return left_out(subject.healthy, rules_of(subject), _entrances(subject, self.entries))


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of them, by their numbers."""

    entries: tuple[str, ...]
    numbers: range
    of: str = _NAME

    def cut(self, numbers: range) -> Range:
        return replace(self, numbers=numbers)

    def trials(self, subject: Subject) -> Iterator[Trial]:
        found = _cells(subject, self.entries)
        return (_trial(subject.healthy, found[number], number) for number in self.numbers)


def _cells(subject: Subject, entries: tuple[str, ...]) -> tuple[Cell, ...]:
    return cells(subject.healthy, rules_of(subject), _entrances(subject, entries))


def _entrances(subject: Subject, entries: tuple[str, ...]) -> tuple[str, ...]:
    """Those that were asked for; another target has one way in."""
    return entries if isinstance(subject.healthy.target, HermesTarget) else ("",)


def _trial(healthy: Scenario, cell: Cell, number: int) -> Trial:
    entry = cell.scene.entry
    labels = (
        ("fault", cell.fault),
        ("at", cell.at),
        ("times", cell.times),
        ("side", cell.side),
        *((("entry", entry),) if entry else ()),
    )
    words = {"exhausted": "until exhausted", "forever": "for ever"}.get(cell.times, cell.times)
    name = f"{cell.fault}, {cell.at} attempt, {words}, {cell.side}" + (f", by {entry}" if entry else "")
    bare = _talked(healthy, cell)
    planned = replace(
        bare,
        id=f"{_NAME}-{number}",
        name=name,
        primary=replace(bare.primary, faults=cell.primary),
        fallback=replace(bare.fallback, faults=cell.fallback),
    )
    return Trial(_NAME, number, planned, labels)


def _talked(healthy: Scenario, cell: Cell) -> Scenario:
    """With a conversation that has what the fault needs; somebody else's program has its own."""
    if not isinstance(healthy.target, HermesTarget):
        return replace(healthy, expectations=(), says=(*healthy.says, *answers(len(healthy.turns) + 2)))
    bare = staged(healthy, cell.scene)
    return replace(bare, turns=bare.turns[: cell.turns])
