"""What a caller may say of an agent beyond its configuration, and the configuration with that laid over it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from hermes_agent.config import Config, Endpoint, config_from_mapping

__all__ = ["AgentOptions", "configured"]


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """What a caller may say of an agent beyond its configuration; whatever is None is the configuration's.

    `session_id` goes on with a session of the store; `renewable` tells that auth.json can renew `api_key`.
    `fallback_model` may be an Endpoint or a mapping with its keys. `save_trajectories` is wanted where either says so.
    `on_notice` is told in one line what a user should know at once, a switch above all. With `display.streaming`
    `on_delta` is told an answer's text as it comes, and `on_withdrawn` the end of it that holds no longer: one text
    after the other, by threads of the agent's own. An interrupt waits for neither of them.
    """

    provider: str | None = None
    model: str | None = None
    base_url: str | None = None
    api_key: str | None = None
    api_key_env: str | None = None
    api_mode: str | None = None
    context_length: int | None = None
    max_tokens: int | None = None
    renewable: bool | None = None
    fallback_model: Endpoint | Mapping[str, Any] | None = None
    session_id: str | None = None
    max_iterations: int | None = None
    system_prompt: str | None = None
    skip_context_files: bool = False
    skip_memory: bool = False
    save_trajectories: bool = False
    on_notice: Callable[[str], None] | None = None
    on_delta: Callable[[str], None] | None = None
    on_withdrawn: Callable[[str], None] | None = None


def configured(config: Config, options: AgentOptions) -> Config:
    """The configuration with the caller's own words laid over it. Raises ConfigError."""
    agent = config.agent
    if options.max_iterations is not None:
        agent = replace(agent, max_turns=options.max_iterations)
    if options.system_prompt is not None:
        agent = replace(agent, system_prompt=options.system_prompt)
    if options.save_trajectories:
        agent = replace(agent, save_trajectories=True)
    fallback = options.fallback_model if options.fallback_model is not None else config.fallback_model
    if not isinstance(fallback, Endpoint):
        fallback = config_from_mapping({"fallback_model": fallback}, "fallback_model").fallback_model
    return replace(config, model=_primary(config.model, options), agent=agent, fallback_model=fallback)


def _primary(configured: Endpoint, options: AgentOptions) -> Endpoint:
    """Who is asked elsewhere than configured gets nothing of the configured place: above all not its key."""
    names = [field.name for field in fields(Endpoint)]
    said = {name: value for name in names if (value := getattr(options, name, None)) is not None}
    elsewhere = any(said.get(name, getattr(configured, name)) != getattr(configured, name) for name in _PLACE)
    return replace(Endpoint(model=configured.model) if elsewhere else configured, **said)


_PLACE = ("provider", "base_url")
