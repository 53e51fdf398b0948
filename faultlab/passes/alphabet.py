"""What a provider may do with one request, as the symbols that schedules are spelled with. Values only."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from faultlab import faults
from faultlab.faults import FAULTS, Fault
from faultlab.policies.rules import Waits
from faultlab.policy import Backend
from faultlab.providers import provider as provider_of
from faultlab.schedule import OK, Entry
from faultlab.script import Reply, ToolCall

__all__ = ["ALPHABETS", "ANSWER", "TOOL", "TOOL_ROUND", "Alphabet", "Symbol"]

TOOL: Final = "look_up"
"""The tool that a tool round calls."""

ANSWER: Final = "answer"
"""The symbol of an answer that ends the turn."""

TOOL_ROUND: Final = "tool_round"
"""That of an answer that calls the tool."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """One thing that a provider does: it answers as it should by what it says, or the first fault that it can send."""

    name: str
    faults: tuple[Fault, ...] = ()
    says: Reply | None = None

    def entry(self, backend: Backend) -> Entry | None:
        """What it is in a schedule of this provider; None where it cannot be."""
        if self.says is not None:
            return OK
        asked = backend.dialect, provider_of(backend.provider)
        return next((Entry((fault,)) for fault in self.faults if fault.fits(*asked) is None), None)


@dataclass(frozen=True, slots=True)
class Alphabet:
    """Symbols by their names, in the order in which they are tried; none of them takes longer than `longest_s`.

    The wait that may follow is counted in. `is_of_kinds`: each but the answers is a failure of one kind.
    """

    symbols: Mapping[str, Symbol]
    longest_s: float
    is_of_kinds: bool = True

    @classmethod
    def of(cls, symbols: Iterable[Symbol], longest_s: float, *, is_of_kinds: bool = True) -> Alphabet:
        """These, in this order."""
        return cls({symbol.name: symbol for symbol in symbols}, longest_s, is_of_kinds)

    def names(self, backend: Backend) -> list[str]:
        """Those that mean something in this provider's name."""
        return [name for name, symbol in self.symbols.items() if symbol.entry(backend) is not None]


_LONGEST_WAIT_S: Final = Waits().longest_s
"""Contract C2: no symbol states a wait of its own that is longer than the agent's."""

_ANSWERS: Final = (
    Symbol(ANSWER, says=Reply("All is well.")),
    Symbol(TOOL_ROUND, says=Reply(tool_calls=(ToolCall(TOOL),))),
)

# A window far above what is asked: what follows from the one that a provider names depends on the conversation alone.
_OVERFLOW: Final = (faults.context_overflow(limit=200_000, requested=240_000),)

_CLASSES: Final = (
    Symbol("retry", (faults.server_error(),)),
    Symbol("client_error", (faults.forbidden(),)),
    Symbol("unauthorized", (faults.unauthorized(),)),
    Symbol("overflow", _OVERFLOW),
    Symbol("output", (faults.output_too_large(),)),
)

_KINDS: Final = (
    Symbol("rate_limited", (faults.rate_limit(),)),
    Symbol("overloaded", (faults.unavailable(), faults.overloaded())),
    Symbol("server_error", (faults.server_error(),)),
    Symbol("unreachable", (faults.disconnected(),)),
    Symbol("timed_out", (faults.request_timeout(),)),
    Symbol("invalid_response", (faults.empty_choices(),)),
    Symbol("unauthorized", (faults.unauthorized(),)),
    Symbol("billing", (faults.payment_required(), faults.insufficient_quota())),
    Symbol("forbidden", (faults.forbidden(),)),
    Symbol("not_found", (faults.model_not_found(),)),
    Symbol("bad_request", (faults.bad_request(),)),
    Symbol("context_overflow", _OVERFLOW),
    Symbol("payload_too_large", (faults.payload_too_large(),)),
    Symbol("output_too_large", (faults.output_too_large(),)),
)

# What is wrong with the way that a tool call is spelled, or that a stream ends, shows in answers that have one only;
# two send what a scenario writes, and nothing otherwise.
_NO_SYMBOLS: Final = {"bad_tool_arguments", "unknown_tool", "missing_end", "error_event", "status", "wire"}

ALPHABETS: Final[Mapping[str, Alphabet]] = {
    "classes": Alphabet.of((*_ANSWERS, *_CLASSES), _LONGEST_WAIT_S),
    "every kind": Alphabet.of((*_ANSWERS, *_KINDS), _LONGEST_WAIT_S),
    "every fault": Alphabet.of(
        (_ANSWERS[0], *(Symbol(name, (FAULTS[name](),)) for name in FAULTS if name not in _NO_SYMBOLS)),
        math.inf,
        is_of_kinds=False,
    ),
}
"""`classes` has one fault for each class of failures that the contract answers alike, `every kind` one for each.

`every fault` has each in its simplest form: some of them take long, and how long stands in the agent's configuration.
No answer calls a tool there, as what a fault makes of an answer must not depend on what comes after it.
"""
