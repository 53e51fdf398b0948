"""What one fault does to one attempt, in the contract's words: a failure or none, how long it takes, what it states.

Only as much as a pass must know to plan nothing that is never met; what an agent must do of it is judged elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from faultlab.faults import LEAVES_WHOLE, Fault, slow, stall, wire
from faultlab.faults.status import RateLimit, Unavailable
from faultlab.policies.asked import Asked
from faultlab.policies.kinds import meaning_of
from faultlab.policies.rules import Timeouts
from faultlab.providers import Entry
from faultlab.providers import provider as provider_of
from faultlab.providers.entry import STALL
from faultlab.providers.kinds import judged
from faultlab.sendable import Asking

__all__ = ["Effect", "effect_of"]

_CONNECT_S: Final = Timeouts().connect_s
_CUT: Final = frozenset({"length", "responses_incomplete"})
_SILENT: Final = frozenset({STALL, "read_timeout", "pool_timeout", "write_timeout"})


@dataclass(frozen=True, slots=True)
class Effect:
    """A failure of this kind (None: none) after `took_s`, with the wait that it states.

    `whole`: the healthy answer came all the same, and is used up. `cut`: an answer that is asked for further.
    `calls_a_tool`: another model call follows. `for_money`: what is too large is too large for the money, `lowers`: it
    names an output that would do.
    """

    kind: str | None
    took_s: float = 0.0
    stated_s: float | None = None
    whole: bool = False
    cut: bool = False
    calls_a_tool: bool = False
    for_money: bool = False
    lowers: bool = False


def effect_of(fault: Fault, asking: Asking, read_s: float = 120.0, max_tokens: int | None = None) -> Effect:
    """What becomes of an attempt that meets it, with this read time-out and the output that the request asks for."""
    asked = Asked(asking.provider, asking.dialect, asking.streamed, max_tokens, read_timeout_s=read_s)
    meant = meaning_of((fault,), asked)
    entry = fault.entry(asking.dialect, provider_of(asking.provider))
    return Effect(
        meant.kind,
        _time_s(fault, entry, read_s),
        _stated_s(fault),
        whole=fault.name in LEAVES_WHOLE and meant.kind is None,
        cut=meant.kind is None and (fault.name in _CUT or not _CUT.isdisjoint(entry.faults if entry else ())),
        calls_a_tool=fault.name == "unknown_tool",
        for_money=meant.for_money,
        lowers=meant.fits_max_tokens is not None,
    )


def _time_s(fault: Fault, entry: Entry | None, read_s: float) -> float:
    """Seconds until the attempt is over."""
    if isinstance(fault, slow):
        first_s = 1.0 if fault.first_s is None and fault.event_every_s is None else fault.first_s or 0.0
        return min(first_s, read_s)
    if isinstance(fault, stall) and fault.for_s is not None:
        return min(fault.for_s, read_s)
    how = entry.drop or entry.then if entry is not None else fault.name
    return _CONNECT_S if how == "connect_timeout" else read_s if how in _SILENT else 0.0


def _stated_s(fault: Fault) -> float | None:
    """What is read first counts; without a field it is less than any wait of the agent's own."""
    if isinstance(fault, wire):
        return next((each.retry_after_s for each in judged(fault.id)), None)
    if not isinstance(fault, RateLimit):
        return fault.retry_after_s if isinstance(fault, Unavailable) else None
    if fault.retry_after_ms is not None:
        return fault.retry_after_ms / 1000
    return fault.retry_after_s if fault.retry_after_s is not None else fault.retry_after_date_s
