"""What a trace finds when it is asked: true or false, a number or some seconds, each with the reason in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Self

from faultlab.questions import Ask
from faultlab.told import Told
from faultlab.trace import Exchange, Trace

__all__ = ["Attempts", "Finding", "Switch", "Waits"]


class Finding(Told):
    """Whether something holds, and why it does or does not."""

    def __init__(self, trace: Trace, question: str, told: str, *, holds: bool) -> None:
        self.trace, self.question = trace, question
        self.told, self.holds = told, holds

    def __bool__(self) -> bool:
        return self.holds

    def __eq__(self, other: object) -> bool:
        return self.holds == other if isinstance(other, bool) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.holds)

    def __repr__(self) -> str:
        return f"<{self.holds}: {self.told}>"


class Switch(Finding):
    """A question that was put elsewhere: false where none was.

    `source` and `to` are names of upstreams, `after_calls` how many requests went to the source before, `changed` what
    is another one: `host`, `path`, `key`, `model`. `n` is the number of the first request elsewhere.
    """

    def __init__(self, trace: Trace, question: str, asks: tuple[Ask, ...] = (), told: str = "") -> None:
        super().__init__(trace, question, _told(asks) if asks else told, holds=bool(asks))
        self.asks = asks
        self.source = asks[0].upstream if asks else ""
        self.to = asks[-1].upstream if asks else ""
        self.after_calls = Attempts(trace, f"{question}.after_calls", len(asks[:-1]))
        self.changed = asks[-2].route.changes(asks[-1].route) if asks else ()
        self.n = asks[-1].exchange.n if asks else 0

    @property
    def lost(self) -> str:
        """What of the conversation, the system prompt apart, is not the same behind it; empty when all of it is."""
        before, after = (ask.said for ask in self.asks[-2:])
        if after.extends(before) and all(each.role == "assistant" for each in after.messages[len(before.messages) :]):
            return ""
        pairs = zip(before.messages, after.messages, strict=False)
        place = next((n for n, (mine, its) in enumerate(pairs, 1) if mine != its), None)
        counts = f"{len(before.messages)} messages before request {self.n}, {len(after.messages)} in it"
        if place is None:
            return counts
        return f"message {place} ({before.messages[place - 1].role}) is another one in request {self.n}; {counts}"


class Attempts(int, Told):
    """How many requests there were."""

    def __new__(cls, trace: Trace, question: str, number: int) -> Self:
        """As an `int`, and where it was read."""
        made = super().__new__(cls, number)
        made.trace, made.question = trace, question
        return made


class Waits(tuple[float, ...], Told):  # noqa: SLOT001  # it has to hold its trace
    """Seconds of each wait; equal to a list of the same ones too."""

    def __new__(cls, trace: Trace, question: str, waits: Sequence[float]) -> Self:
        """As a `tuple`, and where it was read."""
        made = super().__new__(cls, waits)
        made.trace, made.question = trace, question
        return made

    def __eq__(self, other: object) -> bool:
        return tuple.__eq__(self, tuple(other) if isinstance(other, list) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = tuple.__hash__


_CHANGED: Final = {"host": "another host", "path": "another path", "key": "another key", "model": "another model"}


def _told(asks: tuple[Ask, ...]) -> str:
    before, after = asks[-2:]
    changed = before.route.changes(after.route)
    return (
        f"switched from {_who(before, changed)} to {_who(after, changed)} after {_calls(len(asks) - 1)}, "
        f"the last of which met {_met(before.exchange)}: {', '.join(_CHANGED[one] for one in changed)}"
    )


def _who(ask: Ask, changed: tuple[str, ...]) -> str:
    return f"{ask.upstream} ({ask.route.model})" if "model" in changed else ask.upstream


def _met(exchange: Exchange) -> str:
    """What became of a request, in a word or two."""
    parts = [" + ".join(exchange.faults) or "no answer", str(exchange.status or "")]
    return " ".join(part for part in parts if part)


def _calls(number: int) -> str:
    return "1 call" if number == 1 else f"{number} calls"
