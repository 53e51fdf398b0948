"""What a run is foretold from: the scenario's configuration and the policy, put together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from faultlab.policies import Row, Rules
from faultlab.policy import FALLBACK, PRIMARY, Backend
from faultlab.scenario import Scenario
from faultlab.sendable import ALWAYS_STREAMS

__all__ = ["Setting", "Unforeseen", "Whom", "setting_of"]


class Unforeseen(Exception):
    """What comes next depends on more than the scenario and the policy say."""


@dataclass(frozen=True, slots=True)
class Whom:
    """One of the two providers as the agent is to ask it. `window` is a configured one."""

    name: str
    backend: Backend
    max_tokens: int | None = None
    window: int | None = None
    streamed: bool = False

    @property
    def renewable(self) -> bool:
        """Whether its credential can be renewed (C8)."""
        return self.backend.renewable

    @property
    def problem(self) -> str | None:
        """The failure that it is without a request, where it cannot be asked (C14)."""
        if not self.backend.base_url:
            return "bad_request"
        return "unauthorized" if self.backend.needs_key and not self.backend.key else None


@dataclass(frozen=True, slots=True)
class Setting:
    """The rules with what the configuration says otherwise. `fallback` None: there is none that can be used."""

    rules: Rules
    rows: Mapping[str, Row]
    primary: Whom
    fallback: Whom | None
    refused: str | None
    attempts: int
    passes: int
    call_s: float
    read_s: float
    can_compress: bool
    threshold: float
    system: str
    tools: str
    streaming: bool
    strange_headers: tuple[str, ...] = ()


def setting_of(scenario: Scenario, rules: Rules) -> Setting:
    """What this scenario configures."""
    config, policy = _config(scenario.config), scenario.policy
    agent, display = _section(config, "agent"), _section(config, "display")
    compression = _section(config, "compression")
    streaming = bool(display.get("streaming"))
    usable = policy.fallback if policy.usable_fallback else None
    return Setting(
        rules,
        {row.name: row for row in rules.rows},
        _whom(PRIMARY, policy.primary, _section(config, "model"), streaming),
        None if usable is None else _whom(FALLBACK, usable, _section(config, "fallback_model"), streaming),
        policy.refused,
        agent.get("api_max_retries") or rules.budget.attempts,
        agent.get("max_turns") or rules.budget.passes,
        rules.budget.call_s,
        agent.get("request_timeout_s") or rules.timeouts.read_s,
        compression.get("enabled") is not False,
        compression.get("threshold") or rules.compression.threshold,
        agent.get("system_prompt") or rules.texts.system_prompt,
        ", ".join(sorted(tool.name for tool in scenario.tools)) or "none",
        streaming,
        tuple(_strange_headers(scenario)),
    )


def _strange_headers(scenario: Scenario) -> Iterator[str]:
    """Headers of somebody's own, which the client reads from the environment and no provider is to get (C11)."""
    yield from ("openai-organization", "openai-project")
    for line in (dict(scenario.env).get("OPENAI_CUSTOM_HEADERS") or "").splitlines():
        name, colon, _ = line.partition(":")
        if colon:
            yield name.strip().lower()


def _whom(name: str, backend: Backend, section: Mapping[str, Any], streaming: bool) -> Whom:
    streamed = streaming or (backend.provider, backend.dialect) == ALWAYS_STREAMS
    return Whom(name, backend, section.get("max_tokens"), section.get("context_length"), streamed)


@lru_cache(maxsize=256)
def _config(text: str) -> Mapping[str, Any]:
    """Raises Unforeseen where it is no JSON: whoever made the scenario wrote something else."""
    try:
        read = json.loads(text)
    except ValueError:
        raise Unforeseen("the configuration is no JSON") from None
    return read if isinstance(read, dict) else {}


def _section(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = config.get(name)
    return found if isinstance(found, dict) else {}
