"""What an expectation looks at, and the values that it may hold. How a scenario file spells them is not known here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from faultlab.calls import Attempt, attempts_of
from faultlab.dialogue import Dialogue
from faultlab.policy import Policy
from faultlab.trace import Exchange, Trace, Turn

__all__ = ["Contains", "Difference", "History", "Judge", "Range", "RequestLike", "Scope", "Switched", "plural"]


@dataclass(frozen=True, slots=True)
class Contains:
    """A text that has to stand somewhere in what was said."""

    text: str

    def __str__(self) -> str:
        return f"something that contains {self.text!r}"


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds, either of them open."""

    at_least: float | None = None
    at_most: float | None = None

    def holds(self, value: float) -> bool:
        """Whether the value lies within, to the millisecond."""
        low = self.at_least is None or round(value - self.at_least, 3) >= 0
        return low and (self.at_most is None or round(value - self.at_most, 3) <= 0)

    def __str__(self) -> str:
        bounds = (("at least", self.at_least), ("at most", self.at_most))
        return ", ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)


@dataclass(frozen=True, slots=True)
class Switched:
    """The fallback fires: why, and after how many requests to the primary; None: not looked at."""

    reason: str | None = None
    after_calls: int | None = None

    def __str__(self) -> str:
        told = f"a switch for {self.reason}" if self.reason else "a switch"
        return told if self.after_calls is None else f"{told} after {plural(self.after_calls, 'call')}"


@dataclass(frozen=True, slots=True)
class RequestLike:
    """What request number `n` has to look like; None and empty: not looked at. Paths are dotted."""

    n: int
    to: str | None = None
    model: str | None = None
    url: str | None = None
    api_mode: str | None = None
    has: tuple[tuple[str, Any], ...] = ()
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """What was found instead, and the exchange in which the run first differs."""

    expected: str
    found: str
    step: int | None = None


@dataclass(frozen=True)
class History:
    """All that there is to judge: the trace, what was known beforehand, the conversation before the first turn."""

    trace: Trace
    policy: Policy
    before: Dialogue = field(default_factory=Dialogue)

    @cached_property
    def attempts(self) -> tuple[Attempt, ...]:
        """The requests for an answer, by model call; made when somebody asks, as not every judge does."""
        return attempts_of(self.trace, self.before)


@dataclass(frozen=True, slots=True)
class Scope:
    """One turn of a history, or all of it. `number` counts from 1; None: the whole file."""

    history: History
    number: int | None = None

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns that are looked at."""
        turns = self.history.trace.turns
        return tuple(turns) if self.number is None else (turns[self.number - 1],)

    @property
    def last(self) -> Turn:
        """The turn that results are read from."""
        return self.turns[-1]

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The requests for an answer, in order."""
        return tuple(each for each in self.history.attempts if self.number in (None, each.turn))

    def exchanges(self, turn: Turn) -> list[Exchange]:
        """Everything on the wire in a turn, side exchanges too."""
        return self.history.trace.exchanges[turn.first - 1 : turn.last]

    @property
    def sides(self) -> tuple[Exchange, ...]:
        """The requests that were for no answer."""
        return tuple(exchange for turn in self.turns for exchange in self.exchanges(turn) if exchange.side)


Judge = Callable[[Any, Scope], Difference | None]
"""Judges one key: its value and what it is about, to a difference or None."""


def plural(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"
