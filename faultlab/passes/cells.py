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
from typing import Final

from faultlab.contract import OF_SIZE
from faultlab.families import family_of
from faultlab.faults import FAULTS, Fault, bad_gateway, forbidden, rate_limit, wire
from faultlab.passes.course import Course
from faultlab.passes.effects import Effect
from faultlab.passes.ground import Ground
from faultlab.policies.rules import Compression
from faultlab.policy import FALLBACK, PRIMARY
from faultlab.providers import find
from faultlab.schedule import Entry
from faultlab.sendable import NEEDS_A_TOOL, Asking, Sendable, fits, sendable

__all__ = ["FILLER", "PLACES", "SHORTER", "SIDES", "STATING", "TIMES", "Cell", "LeftOut", "cells", "left_out"]

PLACES: Final = ("first", "middle", "last")
TIMES: Final = ("once", "exhausted", "forever")
SIDES: Final = (PRIMARY, FALLBACK, "both")

FILLER: Final[Fault] = bad_gateway()
"""What fails before the place that a cell is about: it is waited for, and says nothing of its own."""
_TURNS_AWAY: Final[Fault] = forbidden()
"""What the primary says where a cell is about the fallback."""

SHORTER: Final = Compression().most
"""How often the long conversation can be made shorter: as often as the contract allows."""
_STATED_S: Final = (30, 120, 121)
"""Waits that are stated: one that adds up to what is allowed, all that is allowed at once, and one second more."""
STATING: Final = tuple(
    Sendable(f"rate_limit of {wait_s} s", rate_limit(retry_after_s=wait_s), family_of("rate_limit"))
    for wait_s in _STATED_S
)
"""Tried beside what a provider sends: the same rate limit with the waits that make a difference."""

_MOST: Final = 100
"""More than any budget: what is met so often has no end of its own."""


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


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: what is tried, by its labels, and what is planned for it on both sides."""

    fault: str
    family: str
    at: str
    times: str
    side: str
    entry: str
    primary: tuple[Entry, ...]
    fallback: tuple[Entry, ...]
    is_long: bool = False
    has_tool: bool = False


@lru_cache(maxsize=8)
def cells(ground: Ground, entrances: tuple[str, ...]) -> tuple[Cell, ...]:
    """All that mean something, in order."""
    return tuple(found for found in _judged(ground, entrances) if isinstance(found, Cell))


def left_out(ground: Ground, entrances: tuple[str, ...]) -> Mapping[LeftOut, int]:
    """How many are left out, by the reason."""
    return Counter(found for found in _judged(ground, entrances) if isinstance(found, LeftOut))


def _judged(ground: Ground, entrances: tuple[str, ...]) -> Iterator[Cell | LeftOut]:
    """Every combination in turn: the cell, or why there is none."""
    for side in SIDES:
        asking = ground.primary if side != FALLBACK else ground.fallback
        for sent in (*sendable(asking or ground.primary), *STATING):
            for at, times, entry in product(PLACES, TIMES, entrances):
                yield _cell(ground, sent, at, times, side, entry)


def _cell(ground: Ground, sent: Sendable, at: str, times: str, side: str, entry: str) -> Cell | LeftOut:
    parts = _parts(ground, sent, at, times, side, entry)
    if isinstance(parts, LeftOut):
        return parts
    effect = ground.effect(sent.fault, PRIMARY if side != FALLBACK else FALLBACK)
    is_long = effect.kind in OF_SIZE and entry != "cron"
    has_tool = any(fault.name in NEEDS_A_TOOL for part in parts for each in part for fault in each.faults)
    return Cell(sent.name, sent.family, at, times, side, entry, *parts, is_long, has_tool)


_Parts = tuple[tuple[Entry, ...], tuple[Entry, ...]]


def _parts(ground: Ground, sent: Sendable, at: str, times: str, side: str, entry: str) -> _Parts | LeftOut:
    """What is planned for the primary and for the fallback."""
    if side != PRIMARY and ground.fallback is None:
        return LeftOut.NO_FALLBACK
    if not ground.is_agent:
        return _unforeseen(sent, at, times, side)
    if PLACES.index(at) > 0 and _place(at, ground) == _place(PLACES[PLACES.index(at) - 1], ground):
        return LeftOut.NO_SUCH_PLACE
    return (
        LeftOut.ONE_TURN if times == "forever" and entry == "cron" else _by_side(ground, sent, at, times, side, entry)
    )


def _by_side(ground: Ground, sent: Sendable, at: str, times: str, side: str, entry: str) -> _Parts | LeftOut:
    """The same for an agent that keeps the contract, at a place that there is."""
    course = Course(ground.setting(SHORTER if entry != "cron" else 0))
    if side == "both":
        return _on_both(ground, course, sent, at, times)
    if side == FALLBACK:
        course.meet(ground.effect(_TURNS_AWAY, PRIMARY))
    found = _plan(ground, course, sent.fault, at, times)
    if isinstance(found, LeftOut):
        return found
    return (found, ()) if side == PRIMARY else ((Entry((_TURNS_AWAY,)),), found)


def _on_both(ground: Ground, course: Course, sent: Sendable, at: str, times: str) -> _Parts | LeftOut:
    same = _counterpart(sent, ground.asking(FALLBACK))
    if same is None:
        return LeftOut.NOT_THERE
    first = _plan(ground, course, sent.fault, at, times)
    if isinstance(first, LeftOut):
        return first
    if course.upstream != FALLBACK:
        return LeftOut.NO_WAY_ON
    second = _plan(ground, course, same, at, times)
    if second is LeftOut.OVER_AT_ONCE:
        second = _plan(ground, course, same, at, "once")
    return second if isinstance(second, LeftOut) else (first, second)


def _plan(ground: Ground, course: Course, fault: Fault, at: str, times: str) -> tuple[Entry, ...] | LeftOut:
    """The entries of the side that is asked now; the course is taken on as far as they lead."""
    side, before = course.upstream or PRIMARY, _place(at, ground)
    filler, effect = ground.effect(FILLER, side), ground.effect(fault, side)
    for _ in range(before):
        course.meet(filler)
    if course.upstream != side:
        return LeftOut.NO_SUCH_PLACE
    count = _met(course, effect, side, 1 if times == "once" else _MOST)
    if times == "exhausted" and (count in (1, _MOST) or course.uncertain):
        return LeftOut.OVER_AT_ONCE if count == 1 else LeftOut.NO_END if count == _MOST else LeftOut.UNFORESEEN
    planned = Entry((fault,), None if times == "forever" else count)
    return (*((Entry((FILLER,), before),) if before else ()), planned)


def _met(course: Course, effect: Effect, side: str, most: int) -> int:
    """How often it is met in this turn, up to so many times, until the side is left."""
    count = 0
    while course.upstream == side and count < most:
        course.meet(effect)
        count += 1
    return count


def _unforeseen(sent: Sendable, at: str, times: str, side: str) -> _Parts | LeftOut:
    """A target of which nobody knows how often it asks, and when somebody else: its first request, or all of them."""
    if at != "first" or times == "exhausted" or (times == "once" and side != PRIMARY):
        return LeftOut.UNKNOWN_BUDGET
    planned = (Entry((sent.fault,), 1 if times == "once" else None),)
    away = (Entry((_TURNS_AWAY,), None),)
    return planned if side == PRIMARY else away, () if side == PRIMARY else planned


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
