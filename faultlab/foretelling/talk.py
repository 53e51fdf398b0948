"""A conversation as far as its lengths and its order matter, and what a compression leaves of it (C15)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from faultlab.policies.rules import Compression

__all__ = ["Line", "Talk", "estimate_of"]


class Line(NamedTuple):
    """One message: who says what, and which tools it calls, as (name, arguments).

    `marks`: a marker. `reasons`: it stands beside reasoning, which only goes back to who made it.
    """

    role: str
    text: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    marks: bool = False
    reasons: bool = False

    @property
    def characters(self) -> int:
        """What the estimate counts."""
        return len(self.text) + sum(len(arguments) for _, arguments in self.calls)


def estimate_of(characters: int) -> int:
    """The contract's estimate."""
    return -(-characters // 4)


class Talk:
    """The conversation of a turn. `pending` stands at its end for now and is not kept."""

    __slots__ = ("_characters", "_marker", "_system", "kept", "pending", "was_pending")

    def __init__(self, system: str, marker: str, kept: Sequence[Line]) -> None:
        self.kept = list(kept)
        self.pending: list[Line] = []
        self.was_pending = False
        self._system, self._marker = len(system), Line("user", marker, marks=True)
        self._characters = self._system + sum(line.characters for line in kept)

    @property
    def whole(self) -> list[Line]:
        """What a request is made of."""
        return self.kept + self.pending

    @property
    def estimate(self) -> int:
        """The estimate of a request."""
        return estimate_of(self._characters)

    def add(self, line: Line) -> None:
        """It stays in the conversation."""
        self.kept.append(line)
        self._characters += line.characters

    def hold(self, *lines: Line) -> None:
        """It stands at the end for now."""
        self.pending += lines
        self.was_pending = True
        self._characters += sum(line.characters for line in lines)

    def drop_pending(self) -> None:
        """It does not any more."""
        self._characters -= sum(line.characters for line in self.pending)
        self.pending = []

    def forget_reasoning(self) -> None:
        """Nobody else may see it."""
        self.kept = [line._replace(reasons=False) for line in self.kept]
        self.pending = [line._replace(reasons=False) for line in self.pending]

    def shorten(self, target: int, rule: Compression) -> bool:
        """Leave out the oldest middle messages, whole tool exchanges, until it fits; whether any was lost."""
        lines = [line for line in self.whole if not line.marks]
        units = _droppable(lines, rule)
        if not units or self.estimate <= target:
            return False
        left = self._system + sum(line.characters for line in lines) + self._marker.characters
        end = units[-1][1]
        for start, stop in units:
            left -= sum(line.characters for line in lines[start:stop])
            if estimate_of(left) <= target:
                end = stop
                break
        shorter = [*lines[: units[0][0]], self._marker, *lines[end:]]
        self.kept = shorter[: len(shorter) - len(self.pending)]
        self._characters = left
        return True


def _droppable(lines: list[Line], rule: Compression) -> list[tuple[int, int]]:
    """Where those messages and tool exchanges lie that touch neither end."""
    starts = [place for place, line in enumerate(lines) if line.role != "tool"]
    units = zip(starts, [*starts[1:], len(lines)], strict=True)
    return [(start, end) for start, end in units if start >= rule.first and end <= len(lines) - rule.last]
