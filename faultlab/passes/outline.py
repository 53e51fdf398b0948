"""The graph of `explore` without the client: the same states, the same steps, by the agent's decisions alone.

It knows no conversation: where one does not fit, or cannot be compressed, the agent has more states than this.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from faultlab.errors import HarnessError
from faultlab.model import Done, Met, Model
from faultlab.passes.alphabet import ANSWER, TOOL_ROUND, Alphabet
from faultlab.policies.asked import Asked
from faultlab.policies.kinds import UNSAID, meaning_of
from faultlab.policy import UPSTREAMS, Backend
from faultlab.runner import model_of
from faultlab.scenario import Scenario
from faultlab.sendable import asking_of

__all__ = ["MOST_TOKENS", "Outline", "Stepping", "outline"]

MOST_TOKENS: Final = 4
"""What a symbol brings to the conversation at most: a call of the tool with its result, or an answer."""


class Stepping:
    """The model of a scenario's agent, stepped by the symbols of an alphabet."""

    def __init__(self, healthy: Scenario, alphabet: Alphabet) -> None:
        self.model: Model[Any] = model_of(healthy)
        self._alphabet = alphabet
        backends = {name: healthy.policy.backend(name) for name in UPSTREAMS}
        self._backends: dict[str, Backend] = {name: found for name, found in backends.items() if found is not None}
        self._asking = {name: asking_of(healthy, name) for name in UPSTREAMS}
        self._known: dict[tuple[str, str, int | None], Met] = {}

    def symbols(self, place: Any) -> list[str]:
        """What may happen there."""
        return self._alphabet.names(self._backends[self.model.asked(place)])

    def step(self, place: Any, name: str) -> Done:
        """What comes of a symbol."""
        key = self.model.asked(place), name, self.model.max_tokens(place)
        met = self._known.get(key)
        if met is None:
            met = self._known[key] = self._met(*key)
        return self.model.step(place, met)

    def _met(self, upstream: str, name: str, max_tokens: int | None) -> Met:
        """Raises HarnessError for a symbol of which nobody can say what it is."""
        entry, asking = self._alphabet.symbols[name].entry(self._backends[upstream]), self._asking[upstream]
        if entry is None or asking is None:
            raise HarnessError(f"{name} is no symbol of the {upstream}")
        if not entry.faults:
            return Met(calls_tool=name == TOOL_ROUND)
        asked = Asked(asking.provider, asking.dialect, asking.streamed, max_tokens)
        meant = meaning_of(entry.faults, asked)
        if meant.kind == UNSAID:
            raise HarnessError(f"nobody can say what {name} is to the {upstream}")
        return Met(meant.kind, fits_max_tokens=meant.fits_max_tokens, for_money=meant.for_money)


@dataclass(frozen=True, slots=True)
class Outline:
    """States by their keys, without the conversation; steps as (state, symbol) → the next state, None: the end."""

    edges: Mapping[tuple[str, str], str | None]
    states: int


def outline(healthy: Scenario, alphabet: Alphabet, depth: int, most: float = math.inf) -> Outline:
    """All that schedules of this length lead to, or more than so many steps of it."""
    stepping = Stepping(healthy, alphabet)
    first = stepping.model.begin()
    edges: dict[tuple[str, str], str | None] = {}
    if first is None:
        return Outline(edges, 0)
    ahead = {_key(stepping, first, alphabet, depth): first}
    met = set(ahead)
    for left in range(depth - 1, -1, -1):
        further: dict[str, Any] = {}
        for key, place in ahead.items():
            for name, done in _steps(stepping, place):
                after = None if done.place is None else _key(stepping, done.place, alphabet, left)
                edges[key, name] = after
                if after is not None and after not in met:
                    met.add(after)
                    further[after] = done.place
        ahead = further
        if len(edges) > most:
            break
    return Outline(edges, len(met))


def _steps(stepping: Stepping, place: Any) -> Iterator[tuple[str, Done]]:
    for name in stepping.symbols(place):
        if name != ANSWER:
            yield name, stepping.step(place, name)


def _key(stepping: Stepping, place: Any, alphabet: Alphabet, left: int) -> str:
    return stepping.model.key_within(place, left, alphabet.longest_s, MOST_TOKENS)
