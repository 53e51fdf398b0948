"""The cells of the matrix: each fault at each place, so often, on each side, by each entrance; and which mean nothing.

A cell that is left out has one of the reasons below, so that nothing is missing without a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import product
from typing import Final, NamedTuple

from faultlab.contract import OF_SIZE
from faultlab.families import family_of
from faultlab.faults import FAULTS, Fault, bad_gateway, forbidden, rate_limit, wire
from faultlab.passes.ground import Ground, ground_of
from faultlab.passes.rehearsal import MOST, Rehearsal, Scene
from faultlab.policies import Rules
from faultlab.policy import FALLBACK, PRIMARY
from faultlab.providers import find
from faultlab.scenario import Scenario
from faultlab.schedule import Entry
from faultlab.sendable import NEEDS_A_TOOL, Asking, Sendable, fits, sendable

__all__ = ["FILLER", "PLACES", "SIDES", "STATING", "TIMES", "Cell", "LeftOut", "cells", "left_out"]

PLACES: Final = ("first", "middle", "last")
TIMES: Final = ("once", "exhausted", "forever")
SIDES: Final = (PRIMARY, FALLBACK, "both")
_JOB: Final = "cron"

FILLER: Final[Fault] = bad_gateway()
"""What fails before the place that a cell is about: it is waited for, and says nothing of its own."""
_TURNS_AWAY: Final[Fault] = forbidden()
"""What the primary says where a cell is about the fallback."""

_STATED_S: Final = (30, 120, 121)
"""Waits that are stated: one that adds up to what is allowed, all that is allowed at once, and one second more."""
STATING: Final = tuple(
    Sendable(f"rate_limit of {wait_s} s", rate_limit(retry_after_s=wait_s), family_of("rate_limit"))
    for wait_s in _STATED_S
)
"""Tried beside what a provider sends: the same rate limit with the waits that make a difference."""


class LeftOut(StrEnum):
    """Why a cell means nothing."""

    NO_FALLBACK = "nobody can be asked after the primary"
    NO_SUCH_PLACE = "the budget is too small to tell this attempt from an earlier one"
    OVER_AT_ONCE = "the first one decides, so there is no second one before its provider is left"
    NO_END = "the budget is never exhausted by it"
    UNFORESEEN = "how often it is met depends on more than the contract says"
    ONE_TURN = "a cron run is one turn, in which for ever is no longer than until exhausted"
    NO_WAY_ON = "what happens to the primary does not lead to the fallback"
    NOT_THERE = "the fallback's provider does not send it"
    UNKNOWN_BUDGET = "nobody knows how often this target asks"
    NO_TOOL_CALL = "it spoils a tool call, and what this model says first is none"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: what is tried, by its labels, in which scene, and what is planned for both sides in so many turns."""

    fault: str
    family: str
    at: str
    times: str
    side: str
    scene: Scene
    primary: tuple[Entry, ...]
    fallback: tuple[Entry, ...]
    turns: int


def cells(healthy: Scenario, rules: Rules, entrances: tuple[str, ...]) -> tuple[Cell, ...]:
    """All that mean something, in order."""
    return _all(healthy, rules, entrances)[0]


def left_out(healthy: Scenario, rules: Rules, entrances: tuple[str, ...]) -> Mapping[LeftOut, int]:
    """How many are left out, by the reason."""
    return dict(_all(healthy, rules, entrances)[1])


@lru_cache(maxsize=8)
def _all(
    healthy: Scenario, rules: Rules, entrances: tuple[str, ...]
) -> tuple[tuple[Cell, ...], tuple[tuple[LeftOut, int], ...]]:
    found = list(_judged(healthy, rules, entrances))
    out = Counter(each for each in found if isinstance(each, LeftOut))
    return tuple(each for each in found if isinstance(each, Cell)), tuple(out.items())


def _judged(healthy: Scenario, rules: Rules, entrances: tuple[str, ...]) -> Iterator[Cell | LeftOut]:
    """Every combination in turn: the cell, or why there is none. None at all where the primary cannot be asked."""
    ground = ground_of(healthy)
    if ground is None:
        return
    found = _Finding(ground, Rehearsal(healthy, rules))
    for side in SIDES:
        asking = ground.primary if side != FALLBACK else ground.fallback
        for sent in (*sendable(asking or ground.primary), *STATING):
            for at, times, entry in product(PLACES, TIMES, entrances):
                yield found.cell(sent, at, times, side, entry)


class _Parts(NamedTuple):
    """What is planned for the primary and for the fallback, in so many turns."""

    primary: tuple[Entry, ...]
    fallback: tuple[Entry, ...] = ()
    turns: int = 1


class _Finding:
    """What is planned for one combination after the other; every entrance but a job's leads to the same."""

    def __init__(self, ground: Ground, rehearsal: Rehearsal) -> None:
        self._ground, self._rehearsal = ground, rehearsal
        self._known: dict[tuple[str, str, str, str, bool], _Parts | LeftOut] = {}

    def cell(self, sent: Sendable, at: str, times: str, side: str, entry: str) -> Cell | LeftOut:
        """The cell, or why there is none."""
        key = sent.name, at, times, side, entry == _JOB
        if key not in self._known:
            self._known[key] = self._parts(sent, at, times, side, entry)
        parts = self._known[key]
        scene = self._scene(sent, side, entry)
        return parts if isinstance(parts, LeftOut) else Cell(sent.name, sent.family, at, times, side, scene, *parts)

    def _scene(self, sent: Sendable, side: str, entry: str) -> Scene:
        kind = self._ground.kind(sent.fault, FALLBACK if side == FALLBACK else PRIMARY)
        return Scene(entry, kind in OF_SIZE and entry != _JOB, _needs_a_tool(sent, self._ground, side))

    def _parts(self, sent: Sendable, at: str, times: str, side: str, entry: str) -> _Parts | LeftOut:
        """What is planned, or why that would mean nothing."""
        ground = self._ground
        if side != PRIMARY and ground.fallback is None:
            return LeftOut.NO_FALLBACK
        if not ground.is_agent:
            return _unforeseen(ground, sent, at, times, side)
        if PLACES.index(at) > 0 and _place(at, ground) == _place(PLACES[PLACES.index(at) - 1], ground):
            return LeftOut.NO_SUCH_PLACE
        if times == "forever" and entry == _JOB:
            return LeftOut.ONE_TURN
        scene = self._scene(sent, side, entry)
        return self._on_both(scene, sent, at, times) if side == "both" else self._on_one(scene, sent, at, times, side)

    def _on_one(self, scene: Scene, sent: Sendable, at: str, times: str, side: str) -> _Parts | LeftOut:
        away = (Entry((_TURNS_AWAY,)),) if side == FALLBACK else ()
        found = self._plan(scene, away, sent.fault, at, times)
        if isinstance(found, LeftOut):
            return found
        turns = 2 if times == "forever" and found.ends else 1
        return _Parts(away, found.entries, turns) if away else _Parts(found.entries, turns=turns)

    def _on_both(self, scene: Scene, sent: Sendable, at: str, times: str) -> _Parts | LeftOut:
        same = _counterpart(sent, self._ground.asking(FALLBACK))
        if same is None:
            return LeftOut.NOT_THERE
        first = self._plan(scene, (), sent.fault, at, times)
        if isinstance(first, LeftOut):
            return first
        if not first.leads_on:
            return LeftOut.NO_WAY_ON
        second = self._plan(scene, first.entries, same, at, times)
        if second is LeftOut.OVER_AT_ONCE:
            second = self._plan(scene, first.entries, same, at, "once")
        turns = 2 if times == "forever" else 1
        return second if isinstance(second, LeftOut) else _Parts(first.entries, second.entries, turns)

    def _plan(self, scene: Scene, away: tuple[Entry, ...], fault: Fault, at: str, times: str) -> _Planned | LeftOut:
        """The entries of one side: of the fallback, where those `away` lead there."""
        before = _place(at, self._ground)
        filler = (Entry((FILLER,), before),) if before else ()
        count, switched, is_foreseen = self._rehearsal.met(scene, away, filler, fault)
        if count == 0:
            return LeftOut.NO_SUCH_PLACE
        if times == "exhausted" and (count in (1, MOST) or not is_foreseen):
            return LeftOut.OVER_AT_ONCE if count == 1 else LeftOut.NO_END if count == MOST else LeftOut.UNFORESEEN
        planned = Entry((fault,), {"once": 1, "exhausted": count}.get(times))
        return _Planned((*filler, planned), switched and (times != "once" or count == 1), count < MOST)


class _Planned(NamedTuple):
    """What is planned for one side, whether the other one is asked then, and whether a turn of it is soon over."""

    entries: tuple[Entry, ...]
    leads_on: bool
    ends: bool


def _needs_a_tool(sent: Sendable, ground: Ground, side: str) -> bool:
    """Whether it, or what the fallback sends of it, spoils a tool call."""
    same = _counterpart(sent, ground.asking(FALLBACK)) if side == "both" else None
    return any(fault is not None and fault.name in NEEDS_A_TOOL for fault in (sent.fault, same))


def _unforeseen(ground: Ground, sent: Sendable, at: str, times: str, side: str) -> _Parts | LeftOut:
    """A target of which nobody knows how often it asks, and when somebody else: its first request, or all of them."""
    if at != "first" or times == "exhausted" or (times == "once" and side != PRIMARY):
        return LeftOut.UNKNOWN_BUDGET
    if sent.fault.name in NEEDS_A_TOOL and not ground.calls_tools:
        return LeftOut.NO_TOOL_CALL
    planned = (Entry((sent.fault,), 1 if times == "once" else None),)
    away = (Entry((_TURNS_AWAY,), None),)
    return _Parts(planned) if side == PRIMARY else _Parts(away, planned)


def _place(at: str, ground: Ground) -> int:
    """How many attempts come before it."""
    return {"first": 0, "middle": ground.attempts // 2, "last": ground.attempts - 1}[at]


def _counterpart(sent: Sendable, asking: Asking) -> Fault | None:
    """The same thing from the fallback, in its own words."""
    if fits(sent.fault, asking) and not isinstance(sent.fault, wire):
        return sent.fault
    entry = find(sent.name)
    named = FAULTS[entry.faults[0]]() if entry is not None and entry.faults else None
    return named if named is not None and fits(named, asking) else None
