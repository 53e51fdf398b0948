"""The pass `matrix`: every fault that a provider can send, at each place of the budget, on each side, by each entrance.

What there is to try stands in `cells`; here it becomes scenarios, with a conversation that has what each fault needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from faultlab.made_up import text
from faultlab.passes.base import Range, Rounds
from faultlab.passes.cells import Cell, LeftOut, cells, left_out
from faultlab.passes.ground import Ground, ground_of
from faultlab.policy import FALLBACK, PRIMARY
from faultlab.scenario import (
    ENTRIES,
    DrawnHistory,
    HermesTarget,
    Scenario,
    ScriptedTool,
    Side,
    ToolOutput,
    TurnPlan,
)
from faultlab.script import Reply, ToolCall
from faultlab.subject import Subject
from faultlab.trial import Trial

__all__ = ["Matrix"]

_NAME: Final = "matrix"
_RANGE: Final = 50
"""Trials of a range: enough to be worth a journey to another machine."""

_CHARACTERS: Final = 90
"""Of an answer: enough pieces for a stream to break in its middle."""
_HISTORY: Final = DrawnHistory(80, 8000)
_TOOL: Final = ScriptedTool("read_file", (ToolOutput("Nothing of note."),))
_CALL: Final = Reply(tool_calls=(ToolCall("read_file", '{"path": "notes.txt"}'),))
_USERS: Final = ("What is in my notes?", "And what else?")


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
        ground = _ground(subject)
        return {} if ground is None else left_out(ground, _entrances(subject, self.entries))


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
    ground = _ground(subject)
    return () if ground is None else cells(ground, _entrances(subject, entries))


def _entrances(subject: Subject, entries: tuple[str, ...]) -> tuple[str, ...]:
    """Those that were asked for; another target has one way in."""
    return entries if isinstance(subject.healthy.target, HermesTarget) else ("",)


def _ground(subject: Subject) -> Ground | None:
    """Renewals work, so that a 401 is told from one that stays."""
    ground = ground_of(subject.healthy)
    return ground and replace(ground, renewals=tuple((name, ("ok",)) for name, _ in ground.renewals))


def _trial(healthy: Scenario, cell: Cell, number: int) -> Trial:
    labels = (
        ("fault", cell.fault),
        ("at", cell.at),
        ("times", cell.times),
        ("side", cell.side),
        *((("entry", cell.entry),) if cell.entry else ()),
    )
    words = {"exhausted": "until exhausted", "forever": "for ever"}.get(cell.times, cell.times)
    name = f"{cell.fault}, {cell.at} attempt, {words}, {cell.side}" + (f", by {cell.entry}" if cell.entry else "")
    planned = replace(
        healthy,
        id=f"{_NAME}-{number}",
        name=name,
        expectations=(),
        primary=_side(healthy, PRIMARY, cell),
        fallback=_side(healthy, FALLBACK, cell),
    )
    return Trial(_NAME, number, _talked(planned, cell), labels)


def _side(healthy: Scenario, upstream: str, cell: Cell) -> Side:
    backend = healthy.policy.backend(upstream)
    entries = cell.primary if upstream == PRIMARY else cell.fallback
    return Side(entries, refresh=("ok",) if backend is not None and backend.token_url else None)


def _talked(planned: Scenario, cell: Cell) -> Scenario:
    """With a conversation that has what the fault needs; somebody else's program has its own."""
    if not isinstance(planned.target, HermesTarget):
        return replace(planned, says=(*planned.says, *_answers(len(planned.turns) + 2)))
    turns = tuple(TurnPlan(user, resume=index > 0) for index, user in enumerate(_USERS))
    return replace(
        planned,
        target=HermesTarget(cell.entry),
        turns=turns if cell.times == "forever" else turns[:1],
        says=(*((_CALL,) if cell.has_tool else ()), *_answers(4)),
        tools=(_TOOL,) if cell.has_tool else (),
        history=_HISTORY if cell.is_long else (),
    )


def _answers(count: int) -> tuple[Reply, ...]:
    return tuple(Reply(text(_CHARACTERS, _NAME, number)) for number in range(count))
