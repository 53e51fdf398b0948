"""The ground that a pass plans on: who is asked and how, and by which rules, as a configuration and a policy say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from faultlab.faults import Fault
from faultlab.policies import Rules, hermes_rules
from faultlab.policies.asked import Asked
from faultlab.policies.kinds import meaning_of
from faultlab.policy import FALLBACK, PRIMARY
from faultlab.scenario import HermesTarget, Scenario
from faultlab.sendable import Asking, asking_of
from faultlab.subject import Subject

__all__ = ["Ground", "ground_of", "rules_of"]


@dataclass(frozen=True, slots=True)
class Ground:
    """What a configuration leaves open to a pass. Hashable: whatever follows from it may be kept.

    `fallback` None: nobody can be asked after the primary. `max_tokens` is the output that each of the two is asked
    for, `windows` what is configured of theirs. `is_agent`: the contract says what it does. `calls_tools`: its model
    does so at once, with nobody planning it.
    """

    primary: Asking
    fallback: Asking | None = None
    is_agent: bool = True
    attempts: int = 6
    read_s: float = 120.0
    max_tokens: tuple[int | None, int | None] = (None, None)
    windows: tuple[int | None, int | None] = (None, None)
    calls_tools: bool = False

    def asking(self, upstream: str) -> Asking:
        """How one of the two is asked."""
        return self.fallback if upstream == FALLBACK and self.fallback else self.primary

    def kind(self, fault: Fault, upstream: str) -> str | None:
        """Which failure a fault is there, of a request in which a model would call a tool; None for none, `UNSAID`."""
        asking, max_tokens = self.asking(upstream), self.max_tokens[upstream == FALLBACK]
        asked = Asked(asking.provider, asking.dialect, asking.streamed, max_tokens, read_timeout_s=self.read_s)
        return meaning_of((fault,), asked).kind


def rules_of(subject: Subject) -> Rules:
    """The rules that what is planned goes by: the subject's own, or the contract's where those leave the agent open."""
    return subject.rules if subject.rules is not None and subject.rules.knows_the_agent else hermes_rules()


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
        max_tokens=(_at(config, "model", "max_tokens"), _at(config, "fallback_model", "max_tokens")),
        windows=(_at(config, "model", "context_length"), _at(config, "fallback_model", "context_length")),
        calls_tools=bool(scenario.says and scenario.says[0].tool_calls),
    )


def _at(config: Mapping[str, Any], section: str, key: str, *, default: Any = None) -> Any:
    found = (config.get(section) or {}).get(key)
    return default if found is None else found
