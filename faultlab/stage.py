"""What the upstreams of one lab share: time, record and seed, whose each credential is, and which models there are."""

from __future__ import annotations

from dataclasses import dataclass, field

from faultlab.clock import Clock
from faultlab.model_list import asked_for
from faultlab.trace import Trace

__all__ = ["MOST_EXCHANGES", "Stage"]

MOST_EXCHANGES = 1000
"""Of one lab: the longest tool loop that the contract allows stays far below, a loop without end does not."""


@dataclass(slots=True)
class Stage:
    """What is shared. `models` are those under each base URL; None among them: any that is asked for.

    `most_exchanges` None: whoever asks is never stopped. `strangers` are credentials that came and are nobody's.
    """

    clock: Clock
    trace: Trace = field(default_factory=Trace)
    seed: int = 0
    owners: dict[str, str] = field(default_factory=dict, repr=False)
    most_exchanges: int | None = MOST_EXCHANGES
    models: dict[str, list[str | None]] = field(default_factory=dict, repr=False)
    strangers: list[str] = field(default_factory=list, repr=False)

    @property
    def is_exhausted(self) -> bool:
        """Whether so much was asked that whoever asks can only be stopped."""
        return self.most_exchanges is not None and len(self.trace.exchanges) >= self.most_exchanges

    def owner(self, credential: str) -> str:
        """Whose it is: `unknown` if it is nobody's here, `unknown 2` for the second one of these, and so on."""
        if credential in self.owners:
            return self.owners[credential]
        if credential not in self.strangers:
            self.strangers.append(credential)
        number = self.strangers.index(credential) + 1
        return "unknown" if number == 1 else f"unknown {number}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every credential that ever was on this stage, for those who look whether one leaked."""
        return (*self.owners, *self.strangers)

    def models_at(self, base_url: str, upstream: str) -> list[str | None]:
        """Those under a base URL; where any would do, those too that this upstream was asked for."""
        has = self.models[base_url]
        if None not in has:
            return has
        return [*has, *asked_for(each.request for each in self.trace.exchanges if each.upstream == upstream)]
