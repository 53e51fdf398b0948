"""What a configuration means to the agent, asked of the agent's own readers, with a made-up key wherever one belongs.

Imports nothing that costs openai: collecting scenarios asks this for each of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from faultlab.dialects import API_MODES
from faultlab.made_up import key_for
from faultlab.policy import FALLBACK, PRIMARY, Backend, Policy, Problem
from hermes_agent.config import Config, Endpoint, config_from_mapping
from hermes_agent.credentials import SIGN_INS
from hermes_agent.errors import ConfigError, NoKey, ProviderError, UnknownProvider
from hermes_agent.runtime_provider import PROVIDERS, Refusal, check, resolve, resolve_fallback
from hermes_agent.runtime_provider import Backend as Found

__all__ = ["NO_HOME", "SIGNED_IN", "read_policy"]

NO_HOME: Final = Path("/nonexistent/faultlab")
"""Neither .env nor auth.json stands here: what they would hold is handed over as variables and keys."""

_DIALECTS: Final = {mode: dialect for dialect, mode in API_MODES.items()}
SIGNED_IN: Final = "openai-codex"
"""The provider that has a token in auth.json although nothing is said of one."""

_Env = tuple[tuple[str, str | None], ...]
_Renewals = tuple[tuple[str, tuple[str, ...]], ...]


def read_policy(text: str, env: _Env, renewals: _Renewals) -> Policy | Problem:
    """What the agent makes of this config.yaml with these variables, or why it cannot be used.

    `renewals` tells which upstreams have a renewable token in auth.json.
    """
    try:
        config = config_from_mapping(json.loads(text), "config")
    except ConfigError as error:
        allowed = f"; allowed: {error.allowed}" if error.allowed else ""
        return Problem(f"config: {'.'.join(error.path)}: found {error.found}{allowed}", error.path)
    signed_in = {name for name, _ in renewals}
    primary = _Asked(config.model, PRIMARY, signed_in)
    fallback = _Asked(config.fallback_model, FALLBACK, signed_in)
    return _policy(config, primary, fallback, _environ((primary, fallback), env))


class _Asked:
    """One of the two endpoints, its token of auth.json standing where the agent would read it as a key."""

    def __init__(self, endpoint: Endpoint, upstream: str, signed_in: set[str]) -> None:
        own = bool(endpoint.api_key or endpoint.api_key_env)
        given = upstream in signed_in or endpoint.provider == SIGNED_IN
        self.has_token = endpoint.provider in SIGN_INS and given and not own
        # One sign-in at a provider is one token, whichever of the two models is asked with it.
        token = key_for(endpoint.provider, 0, "token") if self.has_token else endpoint.api_key
        self.endpoint = replace(endpoint, api_key=token)

    def variables(self) -> Iterator[tuple[str, str]]:
        """Every variable that its key may be read from, and a made-up key."""
        name = self.endpoint.provider.strip().lower()
        if self.endpoint.api_key_env:
            yield self.endpoint.api_key_env, key_for(name, 0, self.endpoint.api_key_env)
        # Without a name the agent goes by the host: any provider may be meant.
        for known in (name,) if name in PROVIDERS else PROVIDERS:
            for variable in PROVIDERS[known].key_variables:
                yield variable, key_for(known, 0, variable)

    def backend(self, environ: Mapping[str, str]) -> Backend:
        """Who would be asked, even where the agent cannot ask."""
        endpoint = self.endpoint
        try:
            found = resolve(endpoint, environ, NO_HOME)
        except UnknownProvider:
            return Backend(endpoint.provider, endpoint.model, "")
        except NoKey:
            found = replace(resolve(replace(endpoint, api_key="none"), environ, NO_HOME), api_key="")
            return self._as_backend(found, needs_key=True)
        return self._as_backend(found, needs_key=bool(found.api_key))

    def _as_backend(self, found: Found, *, needs_key: bool) -> Backend:
        token_url = f"https://auth.{urlsplit(found.base_url).hostname}/oauth/token" if self.has_token else None
        dialect = _DIALECTS[found.api_mode]
        return Backend(found.provider, found.model, found.base_url, dialect, needs_key, found.api_key, token_url)


def _environ(asked: Iterable[_Asked], env: _Env) -> dict[str, str]:
    """A made-up key in every variable that is read for one, and the scenario's own words over them."""
    made = {name: key for one in asked for name, key in one.variables()}
    return {name: value for name, value in {**made, **dict(env)}.items() if value is not None}


def _policy(config: Config, primary: _Asked, fallback: _Asked, environ: Mapping[str, str]) -> Policy:
    config = replace(config, model=primary.endpoint, fallback_model=fallback.endpoint)
    first = primary.backend(environ)
    usable = _resolved(primary.endpoint, environ)
    found = resolve_fallback(config, usable, environ, NO_HOME)
    return Policy(
        first,
        None if found is None else fallback.backend(environ),
        found.value if isinstance(found, Refusal) else None,
        tuple(check(config, environ, NO_HOME)),
        config.agent.api_max_retries,
        config.agent.max_turns,
        environ=tuple(environ.items()),
    )


def _resolved(endpoint: Endpoint, environ: Mapping[str, str]) -> Found | None:
    try:
        return resolve(endpoint, environ, NO_HOME)
    except ProviderError:
        return None
