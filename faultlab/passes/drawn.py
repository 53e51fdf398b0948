"""The pass `random`: schedules and conversations drawn from a seed, round by round towards what is not covered yet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from faultlab.clock import SystemClock
from faultlab.content.draw import Draw
from faultlab.coverage import possible
from faultlab.passes.base import Range, Rounds
from faultlab.passes.cells import FILLER
from faultlab.passes.ground import Ground, ground_of, rules_of
from faultlab.passes.improvised import Aim
from faultlab.passes.mishaps import Mishap, mishap
from faultlab.passes.plot import plotted
from faultlab.passes.sayings import answer
from faultlab.passes.variants import variants, with_env
from faultlab.policy import FALLBACK, PRIMARY
from faultlab.scenario import ENTRIES, HermesTarget, Scenario, Side
from faultlab.schedule import Entry
from faultlab.subject import Subject
from faultlab.trial import Trial

__all__ = ["COUNT", "Drawn"]

_NAME: Final = "random"
COUNT: Final = 1000
"""How many there are where neither a count nor a time is told."""
_ROUND: Final = 50
"""Trials until what was covered steers what comes next."""
_RANGE: Final = 25
_ENDLESS: Final = 10**9


@dataclass(frozen=True, slots=True)
class Drawn:
    """So many trials (by default 1,000), or as many as can be begun within `time_s`; the same ones for the same seed.

    `steered`: after each round the next one is aimed at cells of coverage that are still open.
    """

    seed: int = 0
    count: int | None = None
    time_s: float | None = None
    entries: tuple[str, ...] = ENTRIES
    steered: bool = True
    name: str = _NAME

    def rounds(self, subject: Subject) -> Rounds:
        """Round by round, each with what all before it have left open."""
        if ground_of(subject.healthy) is None:
            return "the primary cannot be asked, so nothing can go wrong there"
        clock = SystemClock()
        left, begun_s, total = set(_possible(subject.healthy, self.entries)), clock.now_s, self._most
        drawn = 0
        while drawn < total and (self.time_s is None or clock.now_s - begun_s < self.time_s):
            numbers = range(drawn, min(drawn + _ROUND, total))
            records = yield self._ranges(subject, numbers, left if drawn and self.steered else set())
            left.difference_update(cell for record in records for cell in record.covered)
            drawn = numbers.stop
        return f"{drawn:,} runs from seed {self.seed}"

    def expected(self, subject: Subject) -> int | None:
        """How many there are, where that is told."""
        if ground_of(subject.healthy) is None:
            return 0
        return None if self.count is None and self.time_s is not None else self._most

    @property
    def _most(self) -> int:
        if self.count is not None:
            return self.count
        return COUNT if self.time_s is None else _ENDLESS

    def _ranges(self, subject: Subject, numbers: range, left: set[str]) -> Sequence[Range]:
        cells = _possible(subject.healthy, self.entries)
        is_open = sum(1 << place for place, cell in enumerate(cells) if cell in left)
        starts = range(numbers.start, numbers.stop, _RANGE)
        parts = (range(start, min(start + _RANGE, numbers.stop)) for start in starts)
        return [_Part(self.seed, self.entries, is_open, part) for part in parts]


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of them; `is_open` has a bit for each cell that was not covered before."""

    seed: int
    entries: tuple[str, ...]
    is_open: int
    numbers: range
    of: str = _NAME

    def cut(self, numbers: range) -> Range:
        return replace(self, numbers=numbers)

    def trials(self, subject: Subject) -> Iterator[Trial]:
        cells = _possible(subject.healthy, self.entries)
        left = [cell for place, cell in enumerate(cells) if self.is_open >> place & 1]
        for number in self.numbers:
            yield _trial(Draw(_NAME, self.seed, number), subject, self.entries, left, number)


@lru_cache(maxsize=8)
def _possible(healthy: Scenario, entries: tuple[str, ...]) -> tuple[str, ...]:
    return possible(variants(healthy), entries)


def _trial(draw: Draw, subject: Subject, entries: tuple[str, ...], left: list[str], number: int) -> Trial:
    healthy = subject.healthy
    if not isinstance(healthy.target, HermesTarget):
        drawn = _of_somebody_s(draw, draw.choice(variants(healthy)))
        return Trial(_NAME, number, replace(drawn, id=f"{_NAME}-{number}", name=f"Drawn, number {number}"))
    wanted = draw.choice(left).split("|") if left and draw.happens(3, 4) else None
    if wanted is None:
        scenario, entry, aim = _any_variant(draw, healthy), draw.choice(entries), None
    else:
        kind, attempt, upstream, entry, mode, streaming = wanted
        scenario = draw.choice(_ways(healthy, upstream)[mode, streaming])
        aim = Aim(kind, int(attempt), upstream)
    ground = ground_of(scenario)
    assert ground is not None  # noqa: S101  # the healthy one has one, and so has it when it is asked otherwise
    if draw.happens(1, 8):
        scenario = with_env(scenario)
    rules = rules_of(subject)
    made, expected = plotted(draw, scenario, ground, entry, aim, rules)
    made = replace(made, id=f"{_NAME}-{number}", name=f"Drawn from this seed, number {number}")
    labels = (("entry", entry), ("turns", str(len(made.turns))), *_asked(ground))
    return Trial(_NAME, number, made, labels, expected=expected if rules is subject.rules else None)


def _any_variant(draw: Draw, healthy: Scenario) -> Scenario:
    """As it stands, more often than not."""
    return healthy if draw.happens(1, 2) else draw.choice(variants(healthy))


@lru_cache(maxsize=8)
def _ways(healthy: Scenario, upstream: str) -> dict[tuple[str, str], list[Scenario]]:
    """The variants by how this upstream is asked in them."""
    found: dict[tuple[str, str], list[Scenario]] = {}
    for scenario in variants(healthy):
        for cell in possible((scenario,), ("agent",)):
            _, _, who, _, mode, streaming = cell.split("|")
            known = found.setdefault((mode, streaming), [])
            if who == upstream and scenario not in known:
                known.append(scenario)
    return found


def _asked(ground: Ground) -> Iterator[tuple[str, str]]:
    yield "streaming", "yes" if ground.primary.streamed else "no"
    yield (
        "api",
        ground.primary.dialect if ground.fallback is None else f"{ground.primary.dialect}, {ground.fallback.dialect}",
    )


def _of_somebody_s(draw: Draw, scenario: Scenario) -> Scenario:
    """Of a target of which nobody knows how often it asks: what its first request meets, or all of them."""
    ground = ground_of(scenario)
    if ground is None:
        return scenario
    first = _mishap_of_somebody_s(draw, ground, PRIMARY)
    primary = Side((Entry(first.faults, 1 if draw.happens(1, 2) else None),))
    fallback = Side()
    if ground.fallback is not None and draw.happens(1, 2):
        primary = Side((Entry(first.faults if ground.kind(first.faults[0], PRIMARY) else (FILLER,), None),))
        fallback = Side((Entry(_mishap_of_somebody_s(draw, ground, FALLBACK).faults, None),))
    says = (*scenario.says, *(answer(draw.fork("spare", n)) for n in range(len(scenario.turns) + 2)))
    return replace(scenario, says=says, primary=primary, fallback=fallback, expectations=())


def _mishap_of_somebody_s(draw: Draw, ground: Ground, upstream: str) -> Mishap:
    """What needs a tool call has one only where the model makes it."""
    made = mishap(draw, ground, upstream)
    return made if ground.calls_tools or not made.needs_a_tool else Mishap((FILLER,))
