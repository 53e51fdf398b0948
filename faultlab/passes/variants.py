"""The ways to ask a subject's models beside its own: as a stream or not, by the other API, amid others' variables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import product
from typing import Any, Final

from faultlab.dialects import API_MODES
from faultlab.policy import FALLBACK, PRIMARY, Policy
from faultlab.providers import provider as provider_of
from faultlab.runner import read_config
from faultlab.scenario import HermesTarget, Scenario, SdkTarget

__all__ = ["SOMEBODY_S", "variants", "with_env"]

SOMEBODY_S: Final = (
    ("OPENAI_ORG_ID", "org-of-somebody"),
    ("OPENAI_PROJECT_ID", "proj-of-somebody"),
    ("OPENAI_CUSTOM_HEADERS", "x-custom: from the environment"),
    ("OPENAI_BASE_URL", "https://elsewhere.example/v1"),
)
"""Variables of somebody's own account, which no agent sends on."""

_SECTIONS: Final = {PRIMARY: "model", FALLBACK: "fallback_model"}
_OTHER_MODE: Final = {dialect: mode for dialect in API_MODES for other, mode in API_MODES.items() if other != dialect}


@lru_cache(maxsize=16)
def variants(scenario: Scenario) -> tuple[Scenario, ...]:
    """The scenario as it stands, and after it every other way to ask the same models."""
    if isinstance(scenario.target, SdkTarget):
        target = scenario.target
        return tuple(
            replace(scenario, target=replace(target, stream=flag)) for flag in (target.stream, not target.stream)
        )
    if not isinstance(scenario.target, HermesTarget):
        return (scenario,)
    config = json.loads(scenario.config)
    modes = product(*(_modes(scenario, config, upstream) for upstream in _SECTIONS))
    made = (_asked_otherwise(scenario, config, flips, mode) for flips, mode in product((False, True), modes))
    return tuple(dict.fromkeys(each for each in made if each is not None))


def with_env(scenario: Scenario) -> Scenario:
    """The same in a process that has variables of somebody's own account."""
    return _read_anew(replace(scenario, env=(*scenario.env, *SOMEBODY_S))) or scenario


def _modes(scenario: Scenario, config: dict[str, Any], upstream: str) -> Iterator[str | None]:
    """None for the mode that is configured; the other one where the provider is known to have both."""
    yield None
    backend = scenario.policy.backend(upstream)
    if backend is None or "api_mode" in config.get(_SECTIONS[upstream], {}):
        return
    if {entry.call for entry in provider_of(backend.provider).entries} == set(_OTHER_MODE):
        yield _OTHER_MODE[backend.dialect]


def _asked_otherwise(
    scenario: Scenario, config: dict[str, Any], flips_streaming: bool, modes: tuple[str | None, ...]
) -> Scenario | None:
    """The scenario with another configuration; None where the agent refuses it."""
    changed = json.loads(json.dumps(config))
    if flips_streaming:
        display = changed.setdefault("display", {})
        display["streaming"] = not display.get("streaming", False)
    for section, mode in zip(_SECTIONS.values(), modes, strict=True):
        if mode is not None:
            changed[section]["api_mode"] = mode
    return (
        _read_anew(replace(scenario, config=json.dumps(changed, ensure_ascii=False))) if changed != config else scenario
    )


def _read_anew(scenario: Scenario) -> Scenario | None:
    sides = ((PRIMARY, scenario.primary), (FALLBACK, scenario.fallback))
    renewals = tuple((name, side.refresh) for name, side in sides if side.refresh is not None)
    policy = read_config(scenario.config, scenario.env, renewals)
    return replace(scenario, policy=policy) if isinstance(policy, Policy) else None
