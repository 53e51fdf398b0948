"""What was met of all that could be: cells of failure kind, attempt, provider, entrance, api mode and streaming.

A cell is a text of six words, so that it travels and is stored as it is. Judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final

from faultlab.dialects import API_MODES
from faultlab.faults import FAULTS, LEAVES_WHOLE, Fault
from faultlab.policies.asked import Asked
from faultlab.policies.kinds import UNSAID, meaning_of
from faultlab.policy import PRIMARY, UPSTREAMS
from faultlab.scenario import HermesTarget, Scenario
from faultlab.schedule import Schedule
from faultlab.sendable import Asking, asking_of, sendable
from faultlab.trace import Exchange, Trace

__all__ = ["DIMENSIONS", "covered", "kind_met", "possible"]

DIMENSIONS: Final = ("failure kind", "attempt", "provider", "entrance", "api mode", "streaming")
"""What the words of a cell are, in order; of the two providers one is the primary and one the fallback."""


def covered(scenario: Scenario, trace: Trace) -> tuple[str, ...]:
    """The cells that a run met, each once, in order."""
    return tuple(dict.fromkeys(_met(scenario, trace)))


def possible(scenarios: Iterable[Scenario], entrances: Iterable[str]) -> tuple[str, ...]:
    """The cells that can be met with these configurations by these entrances, each once, in order."""
    ways = tuple(entrances)
    return tuple(dict.fromkeys(cell for scenario in scenarios for cell in _possible(scenario, ways)))


def kind_met(faults: tuple[Fault, ...], asking: Asking) -> str | None:
    """The failure kind of what these faults make of an answer; None for a usable one, or where nobody can say."""
    kind = meaning_of(faults, Asked(asking.provider, asking.dialect, asking.streamed)).kind
    return None if kind == UNSAID else kind


def _met(scenario: Scenario, trace: Trace) -> Iterator[str]:
    asking = {name: asking_of(scenario, name) for name in UPSTREAMS}
    schedules = {PRIMARY: Schedule(scenario.primary.faults)}
    schedules |= {name: Schedule(scenario.fallback.faults) for name in UPSTREAMS if name != PRIMARY}
    for turn in trace.turns:
        attempt, before = 0, ""
        for exchange in trace.exchanges[turn.first - 1 : turn.last]:
            asked = asking.get(exchange.upstream)
            if exchange.side or asked is None:
                continue
            attempt = attempt + 1 if exchange.upstream == before else 1
            before = exchange.upstream
            kind = (
                kind_met(_planned(exchange, schedules[exchange.upstream]), asked) if not exchange.unexpected else None
            )
            if kind is not None:
                number = min(attempt, scenario.policy.attempts)
                yield _cell(kind, number, exchange.upstream, _entrance(scenario), asked)
            if LEAVES_WHOLE.issuperset(exchange.faults):
                attempt = 0


def _planned(exchange: Exchange, schedule: Schedule) -> tuple[Fault, ...]:
    """The faults that answered it: what was planned, or the refusal of a limit."""
    return tuple(FAULTS[name]() for name in exchange.faults) if exchange.limited else schedule.take()


def _possible(scenario: Scenario, entrances: tuple[str, ...]) -> Iterator[str]:
    ways = entrances if isinstance(scenario.target, HermesTarget) else (_entrance(scenario),)
    for name in UPSTREAMS:
        asking = asking_of(scenario, name)
        if asking is None or (name != PRIMARY and not scenario.policy.usable_fallback):
            continue
        kinds = sorted({kind for each in sendable(asking) if (kind := kind_met((each.fault,), asking))})
        for kind, attempt, way in product(kinds, range(1, scenario.policy.attempts + 1), ways):
            yield _cell(kind, attempt, name, way, asking)


def _entrance(scenario: Scenario) -> str:
    target = scenario.target
    return target.entry if isinstance(target, HermesTarget) else type(target).__name__.removesuffix("Target").lower()


def _cell(kind: str, attempt: int, upstream: str, entrance: str, asking: Asking) -> str:
    streaming = "streamed" if asking.streamed else "whole"
    return "|".join((kind, str(attempt), upstream, entrance, API_MODES[asking.dialect], streaming))
