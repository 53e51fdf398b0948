"""How many schedules a graph of states stands for: each path through it is one that nobody has to walk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Generic, TypeVar

__all__ = ["Schedules"]

_State = TypeVar("_State", bound=Hashable)


class Schedules(Generic[_State]):
    """The edges of a graph as they come, in any order."""

    def __init__(self) -> None:
        self._onwards: dict[_State, dict[str, _State | None]] = {}

    def add(self, before: _State, by: str, after: _State | None) -> None:
        """A step; after None: the end."""
        self._onwards.setdefault(before, {})[by] = after

    def count(self, first: _State, depth: int) -> int:
        """All from this state that are no longer than this, for as far as the edges lead."""
        ways, found = Counter({first: 1}), 0
        for _ in range(depth):
            further: Counter[_State] = Counter()
            for state, number in ways.items():
                for after in self._onwards.get(state, {}).values():
                    found += number
                    if after is not None:
                        further[after] += number
            ways = further
        return found
