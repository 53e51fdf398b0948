"""The ground that a pass plans on: who is asked and how, and what the agent may do, as its configuration says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from faultlab.faults import Fault
from faultlab.passes.course import Setting
from faultlab.passes.effects import Effect, effect_of
from faultlab.policy import FALLBACK, PRIMARY
from faultlab.scenario import HermesTarget, Scenario
from faultlab.sendable import Asking, asking_of

__all__ = ["Ground", "ground_of"]

_AS_IT_IS: Final = ("refused",)
"""What renewing does where nothing is said of it."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a configuration leaves open to a pass. Hashable: whatever follows from it may be kept.

    `fallback` None: nobody can be asked after the primary. `renewals` are (upstream, words) where there is a token,
    `max_tokens` the output that each of the two is asked for, `windows` what is configured of theirs, `passes` how many
    the tool loop may have. `is_agent`: the contract says what it does.
    """

    primary: Asking
    fallback: Asking | None = None
    is_agent: bool = True
    attempts: int = 6
    read_s: float = 120.0
    compresses: bool = True
    renewals: tuple[tuple[str, tuple[str, ...]], ...] = ()
    max_tokens: tuple[int | None, int | None] = (None, None)
    windows: tuple[int | None, int | None] = (None, None)
    passes: int = 90

    def asking(self, upstream: str) -> Asking:
        """How one of the two is asked."""
        return self.fallback if upstream == FALLBACK and self.fallback else self.primary

    def effect(self, fault: Fault, upstream: str) -> Effect:
        """What a fault does to an attempt there."""
        return effect_of(fault, self.asking(upstream), self.read_s, self.max_tokens[upstream == FALLBACK])

    def setting(self, shorter: int) -> Setting:
        """The same for a course, with a conversation that can be made shorter so often."""
        return Setting(self.attempts, self.fallback is not None, dict(self.renewals), shorter if self.compresses else 0)


def ground_of(scenario: Scenario) -> Ground | None:
    """The ground of a healthy scenario; None where its primary cannot be asked, so that nothing can go wrong there."""
    policy, target = scenario.policy, scenario.target
    primary = asking_of(scenario, PRIMARY)
    if primary is None or not (policy.primary.key or not policy.primary.needs_key):
        return None
    fallback = asking_of(scenario, FALLBACK) if policy.usable_fallback else None
    config: Mapping[str, Any] = json.loads(scenario.config)
    return Ground(
        primary,
        fallback,
        isinstance(target, HermesTarget),
        policy.attempts,
        float(_at(config, "agent", "request_timeout_s", default=120.0)),
        compresses=bool(_at(config, "compression", "enabled", default=True)),
        renewals=tuple(_renewals(scenario)),
        max_tokens=(_at(config, "model", "max_tokens"), _at(config, "fallback_model", "max_tokens")),
        windows=(_at(config, "model", "context_length"), _at(config, "fallback_model", "context_length")),
        passes=policy.max_turns,
    )


def _renewals(scenario: Scenario) -> list[tuple[str, tuple[str, ...]]]:
    sides = ((PRIMARY, scenario.primary), (FALLBACK, scenario.fallback))
    backends = ((name, side, scenario.policy.backend(name)) for name, side in sides)
    return [(name, side.refresh or _AS_IT_IS) for name, side, found in backends if found and found.token_url]


def _at(config: Mapping[str, Any], section: str, key: str, *, default: Any = None) -> Any:
    found = (config.get(section) or {}).get(key)
    return default if found is None else found
