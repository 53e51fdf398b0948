"""What of a request decides which failure a fault is. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from faultlab.clock import START
from faultlab.dialects import DIALECTS, Question
from faultlab.faults import Moment
from faultlab.providers import provider as provider_of

__all__ = ["NEARLY_FULL", "Asked"]

NEARLY_FULL: Final = 0.9
"""Of the window: from here on an answer of nothing is a prompt that left no room (contract, section 1)."""


class Asked(NamedTuple):
    """What matters of the request. `has_calls`: the healthy answer calls a tool. Times are seconds.

    `window` None: it is not known. `account`, `answer` are what an error's ids are made from.
    """

    provider: str
    dialect: str = "chat"
    streamed: bool = False
    max_tokens: int | None = None
    estimate: int = 1000
    window: int | None = None
    has_calls: bool = True
    read_timeout_s: float = 120.0
    model: str = "m"
    at_s: float = START
    account: str = ""
    answer: str = ""
    counted: Mapping[str, Any] = MappingProxyType({})

    @property
    def nearly_full(self) -> bool:
        """Whether an answer of nothing says that the window is full."""
        return self.window is not None and self.estimate >= NEARLY_FULL * self.window

    def moment(self) -> Moment:
        """The same as a fault wants it."""
        question = Question(self.model, self.estimate, self.max_tokens, self.streamed)
        found = provider_of(self.provider)
        return Moment(found, DIALECTS[self.dialect], question, self.at_s, self.account, self.answer, self.counted)
