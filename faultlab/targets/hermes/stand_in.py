"""An endpoint of a user's own configuration, put so that a scenario can say it: made-up credentials, no .env.

What the agent would find in .env, in auth.json and in its environment becomes variables, a key, or a renewable token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from faultlab.policy import Backend
from faultlab.targets.hermes.disguise import Disguise, is_name
from faultlab.targets.hermes.policy import SIGNED_IN
from hermes_agent.credentials import read_token
from hermes_agent.errors import NoKey, UnknownProvider
from hermes_agent.runtime_provider import PROVIDERS, resolve
from hermes_agent.runtime_provider import Backend as Found
from hermes_agent.settings import Endpoint

__all__ = ["StandIn", "stand_in"]

_SIGNED_OUT: Final = "HERMES_SIGNED_OUT"
"""A variable that is not set: a scenario's `openai-codex` has a token unless its key is to stand elsewhere."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """What a scenario says of an endpoint: its settings, its variables (None: not set), what renewing does.

    `key` is whether the agent has a credential for it, None where it needs none or nobody knows the provider.
    """

    endpoint: Endpoint
    env: tuple[tuple[str, str | None], ...] = ()
    refresh: tuple[str, ...] | None = None
    key: bool | None = None

    def means(self, backend: Backend) -> bool:
        """Whether this is whom the scenario's agent would ask, with a credential of the same kind."""
        found = bool(backend.key) if backend.needs_key and backend.base_url else None
        return (found, backend.renewable) == (self.key, self.refresh is not None)


def stand_in(settings: Endpoint, environ: Mapping[str, str], home: Path, disguise: Disguise) -> StandIn:
    """What stands for these settings. Raises ConfigError if auth.json cannot be read."""
    try:
        # With a key of its own it resolves whenever it is known at all; without a name its host tells who it is.
        provider = resolve(replace(settings, api_key="any"), environ, home).provider
    except UnknownProvider:
        return StandIn(_disguised(settings, settings.provider.strip().lower(), environ, disguise))
    endpoint = _disguised(settings, provider, environ, disguise)
    try:
        found = resolve(settings, environ, home)
    except NoKey:
        if provider == SIGNED_IN and not endpoint.api_key_env:
            endpoint = replace(endpoint, api_key_env=_SIGNED_OUT)
        return StandIn(endpoint, _env(endpoint, settings, environ, disguise), key=False)
    if not found.renewable and _is_token(found, settings, home):
        endpoint = replace(endpoint, api_key=disguise.of(found.api_key))
    refresh = ("ok",) if found.renewable else None
    return StandIn(endpoint, _env(endpoint, settings, environ, disguise), refresh, bool(found.api_key) or None)


def _disguised(settings: Endpoint, provider: str, environ: Mapping[str, str], disguise: Disguise) -> Endpoint:
    variable = settings.api_key_env
    return replace(
        settings,
        provider=provider,
        base_url=disguise.url(settings.base_url),
        api_key=disguise.of(settings.api_key),
        api_key_env=variable if variable in environ or is_name(variable) else disguise.of(variable),
    )


def _is_token(found: Found, settings: Endpoint, home: Path) -> bool:
    """Whether the key stands in auth.json."""
    token = None if settings.api_key or settings.api_key_env else read_token(home, found.provider)
    return token is not None and token.access_token == found.api_key


def _env(
    endpoint: Endpoint, settings: Endpoint, environ: Mapping[str, str], disguise: Disguise
) -> tuple[tuple[str, str | None], ...]:
    """Every variable that its key may be read from: a made-up value where the user has one, null where not."""
    known = PROVIDERS.get(endpoint.provider, PROVIDERS["custom"]).key_variables
    named = {endpoint.api_key_env: settings.api_key_env} if endpoint.api_key_env else {}
    there = {name: environ.get(real, "") for name, real in {**dict(zip(known, known, strict=True)), **named}.items()}
    return tuple((name, disguise.of(value) if value.strip() else None) for name, value in there.items())
