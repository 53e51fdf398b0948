"""What an invariant looks at: the history of a run, and where a credential might have leaked to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from faultlab.calls import Attempt, ModelCall, model_calls
from faultlab.contract import OF_SIZE
from faultlab.expectations import History
from faultlab.faults import LEAVES_WHOLE
from faultlab.providers.kinds import judged
from faultlab.trace import GENERIC_SHAPE, Exchange
from faultlab.verdict import Violation

__all__ = ["Case", "Check", "is_healthy", "is_of_size"]

_SIZE: Final = frozenset(
    {
        "context_overflow",
        "output_too_large",
        "payload_too_large",
        "request_exceeds_rate_limit",
        "window_exceeded_finish",
    }
)
"""Faults that say that the request is too large, not that the provider is down."""


@dataclass(frozen=True, slots=True)
class Case:
    """A history, the credentials of the run, and every text that it left behind (name → content)."""

    history: History
    secrets: tuple[str, ...] = field(default=(), repr=False)
    leftovers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def calls(self) -> tuple[ModelCall, ...]:
        """The model calls, in order."""
        return model_calls(self.history.attempts)

    def sessions(self) -> dict[str, list[Attempt]]:
        """The requests for an answer, by session."""
        found: dict[str, list[Attempt]] = {}
        for attempt in self.history.attempts:
            found.setdefault(self.history.trace.turns[attempt.turn - 1].session, []).append(attempt)
        return found


Check = Callable[[Case], Iterator[Violation]]
"""Finds what violates one invariant; nothing when it held."""


def is_healthy(attempt: Attempt) -> bool:
    """Whether the provider did nothing wrong in this exchange."""
    exchange = attempt.exchange
    if exchange.unexpected or exchange.limited:
        return False
    return LEAVES_WHOLE.issuperset(exchange.faults) or _kinds(exchange) == {None}


def is_of_size(attempt: Attempt) -> bool:
    """Whether the request was refused because it is too large."""
    exchange = attempt.exchange
    kinds = _kinds(exchange)
    return kinds <= {*OF_SIZE} if kinds else bool(exchange.faults) and _SIZE.issuperset(exchange.faults)


def _kinds(exchange: Exchange) -> set[str | None]:
    """What the entry that was sent was judged to be, whatever the request; nothing where none was. Money is no size."""
    sent = (exchange.shape or "").removeprefix(GENERIC_SHAPE)
    return {"billing" if verdict.for_money else verdict.kind for verdict in judged(sent)}
