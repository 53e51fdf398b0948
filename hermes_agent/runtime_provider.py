"""The providers, and what a configuration makes of them: a backend that can be asked, or the reason why not.

Also what contract C14 says of a whole configuration, in sentences. It asks nobody and imports no client.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hermes_agent.config import Config, Endpoint, load_config
from hermes_agent.credentials import SIGN_INS, read_token
from hermes_agent.errors import HermesError, NoKey, ProviderError, UnknownProvider
from hermes_agent.home import environment
from hermes_agent.messages import Switch
from hermes_agent.runtime import Runtime, system_runtime

__all__ = [
    "PROVIDERS",
    "Backend",
    "Complaint",
    "Provider",
    "Refusal",
    "check",
    "complaints",
    "format_runtime_provider_error",
    "resolve",
    "resolve_fallback",
    "resolve_runtime_provider",
    "resolve_switch",
    "same_backend",
]


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a provider is reached, the variables that may hold its key, and the API that it speaks."""

    base_url: str
    key_variables: tuple[str, ...] = ()
    api_mode: str = "chat_completions"


PROVIDERS: Mapping[str, Provider] = {
    "custom": Provider(""),
    "deepseek": Provider("https://api.deepseek.com/v1", ("DEEPSEEK_API_KEY",)),
    "fireworks": Provider("https://api.fireworks.ai/inference/v1", ("FIREWORKS_API_KEY",)),
    "gemini": Provider("https://generativelanguage.googleapis.com/v1beta/openai", ("GEMINI_API_KEY", "GOOGLE_API_KEY")),
    "groq": Provider("https://api.groq.com/openai/v1", ("GROQ_API_KEY",)),
    "kimi-coding": Provider("https://api.moonshot.ai/v1", ("KIMI_API_KEY",)),
    "minimax": Provider("https://api.minimax.io/v1", ("MINIMAX_API_KEY",)),
    "minimax-cn": Provider("https://api.minimaxi.com/v1", ("MINIMAX_CN_API_KEY",)),
    "mistral": Provider("https://api.mistral.ai/v1", ("MISTRAL_API_KEY",)),
    "nous": Provider("https://inference-api.nousresearch.com/v1", ("NOUS_API_KEY",)),
    "openai": Provider("https://api.openai.com/v1", ("OPENAI_API_KEY",)),
    "openai-codex": Provider("https://chatgpt.com/backend-api/codex", (), "codex_responses"),
    "openrouter": Provider("https://openrouter.ai/api/v1", ("OPENROUTER_API_KEY",)),
    "together": Provider("https://api.together.ai/v1", ("TOGETHER_API_KEY",)),
    "zai": Provider("https://api.z.ai/api/paas/v4", ("ZAI_API_KEY", "Z_AI_API_KEY")),
}


@dataclass(frozen=True, slots=True)
class Backend:
    """A model that can be asked: provider, model, address, key and API mode go together or not at all.

    An empty `api_key` means that none is needed. `base_url` is what the user wrote, byte for byte.
    """

    provider: str
    model: str
    base_url: str
    api_key: str = field(repr=False)
    api_mode: str
    renewable: bool = False
    context_length: int | None = None
    max_tokens: int | None = None


class Refusal(StrEnum):
    """Why a configured fallback cannot be used (contract C14)."""

    NO_KEY = "no_key"
    UNKNOWN_PROVIDER = "unknown_provider"
    SAME_BACKEND = "same_backend"


@dataclass(frozen=True, slots=True)
class Complaint:
    """What C14 says of a configuration: a code, the keys that lead to the place, a sentence."""

    code: str
    path: tuple[str, ...]
    text: str


def resolve(settings: Endpoint, environ: Mapping[str, str], home: Path) -> Backend:
    """The backend that these settings mean; .env and auth.json of this home are read anew.

    Raises NoKey or UnknownProvider, and ConfigError if one of the two files cannot be read.
    """
    name = _provider_name(settings)
    known = PROVIDERS.get(name, PROVIDERS["custom"])
    base_url = settings.base_url or known.base_url
    if not base_url:
        raise UnknownProvider(_unknown(name))
    key, renewable = _credential(settings, name, base_url, environment(home, environ), home)
    mode = settings.api_mode or known.api_mode
    return Backend(name, settings.model, base_url, key, mode, renewable, settings.context_length, settings.max_tokens)


def resolve_fallback(
    config: Config, primary: Backend | None, environ: Mapping[str, str], home: Path
) -> Backend | Refusal | None:
    """The fallback, the reason why it cannot be used, or None when there is none (contract C13, C14).

    `primary` None: the primary itself could not be asked.
    """
    if not _is_set(config.fallback_model):
        return None
    try:
        fallback = resolve(config.fallback_model, environ, home)
    except NoKey:
        return Refusal.NO_KEY
    except UnknownProvider:
        return Refusal.UNKNOWN_PROVIDER
    return Refusal.SAME_BACKEND if primary is not None and same_backend(primary, fallback) else fallback


def resolve_switch(switch: Switch, config: Config, environ: Mapping[str, str], home: Path) -> Backend:
    """The backend that a stored session was switched to, its key resolved anew (contract C10). Raises as `resolve`.

    `fallback_model` lends its key only while its base URL is still the stored one. An address that no provider's
    variable serves has no key without it: that is NoKey, even where the fallback of then needed none.
    """
    lender = config.fallback_model
    if _normalised(lender.base_url or _known(lender.provider).base_url) != _normalised(switch.base_url):
        if _needs_no_key(switch.provider):
            raise NoKey(f"no key for {switch.provider} any more: fallback_model has another base_url now")
        lender = Endpoint()
    if lender.model != switch.model:
        lender = replace(lender, context_length=None, max_tokens=None)
    stored = replace(
        lender, provider=switch.provider, model=switch.model, base_url=switch.base_url, api_mode=switch.api_mode
    )
    return resolve(stored, environ, home)


def same_backend(one: Backend, other: Backend) -> bool:
    """Whether both are one account's same model at the same address: a switch would change nothing."""
    return _identity(one) == _identity(other)


def check(config: Config, environ: Mapping[str, str], home: Path) -> list[str]:
    """All that C14 says of a configuration, as sentences; none when primary and fallback can both be asked.

    Raises ConfigError if .env or auth.json cannot be read.
    """
    return [each.text for each in complaints(config, environ, home)]


def complaints(config: Config, environ: Mapping[str, str], home: Path) -> list[Complaint]:
    """The same, each with its code and its place."""
    return list(_complaints(config, environ, home))


def resolve_runtime_provider(requested: str | None = None, *, runtime: Runtime | None = None) -> dict[str, Any]:
    """The fields of the primary's backend, by name; `requested` is another provider for the configured model.

    Raises ProviderError and ConfigError.
    """
    runtime = runtime or system_runtime()
    settings = load_config(runtime.home).model
    if requested and requested != settings.provider:
        settings = Endpoint(requested, settings.model)
    return asdict(resolve(settings, runtime.environ, runtime.home))


def format_runtime_provider_error(exc: BaseException) -> str:
    """One line for people; what we did not word ourselves is only named, as its text may hold anything."""
    return str(exc) if isinstance(exc, HermesError) else f"the provider could not be resolved: {type(exc).__name__}"


def _complaints(config: Config, environ: Mapping[str, str], home: Path) -> Iterator[Complaint]:
    primary = None
    try:
        primary = resolve(config.model, environ, home)
    except ProviderError as error:
        yield _unaskable("model", f"model cannot be asked: {error}", error)
    if not _is_set(config.fallback_model):
        told = "fallback_model is not set (it needs provider and model): a turn ends where the primary fails"
        yield Complaint("no_fallback", ("fallback_model",), told)
        return
    try:
        fallback = resolve(config.fallback_model, environ, home)
    except ProviderError as error:
        yield _unaskable("fallback_model", f"fallback_model cannot be used: {error}", error)
        return
    if primary is not None and same_backend(primary, fallback):
        told = "fallback_model cannot be used: it is the primary itself (same base_url, model and key)"
        yield Complaint(Refusal.SAME_BACKEND.value, ("fallback_model",), told)
    if primary is not None and (fallback.context_length or math.inf) < (primary.context_length or 0):
        told = (
            f"fallback_model has a smaller context_length ({fallback.context_length}) than model "
            f"({primary.context_length}): a long conversation is compressed after the switch"
        )
        yield Complaint("smaller_window", ("fallback_model", "context_length"), told)


def _unaskable(section: str, told: str, error: ProviderError) -> Complaint:
    code = Refusal.UNKNOWN_PROVIDER if isinstance(error, UnknownProvider) else Refusal.NO_KEY
    return Complaint(code.value, (section, "provider"), told)


def _is_set(fallback: Endpoint) -> bool:
    return bool(fallback.provider and fallback.model)


def _known(name: str) -> Provider:
    """The table's row; what the table does not know works like `custom`."""
    return PROVIDERS.get(name, PROVIDERS["custom"])


def _needs_no_key(name: str) -> bool:
    return _known(name) is PROVIDERS["custom"]


def _provider_name(settings: Endpoint) -> str:
    """The provider as named; none (or a real Hermes's `auto`): whose host the base URL is at, else openrouter."""
    name = settings.provider.strip().lower()
    if name not in {"", "auto"}:
        return name
    if not settings.base_url:
        return "openrouter"
    return next((name for name in PROVIDERS if _is_own_host(name, settings.base_url)), "custom")


def _credential(
    settings: Endpoint, name: str, base_url: str, environ: Mapping[str, str], home: Path
) -> tuple[str, bool]:
    """The key, and whether it can be renewed. Raises NoKey."""
    if settings.api_key:
        return settings.api_key, False
    if not settings.api_key_env:
        if _needs_no_key(name):
            return "", False
        token = read_token(home, name) if name in SIGN_INS and _is_own_host(name, base_url) else None
        if token is not None:
            return token.access_token, token.renewable
    for variable in _variables(settings, name, base_url):
        if key := environ.get(variable, "").strip():
            return key, False
    raise NoKey(f"no key for {name}: {_remedy(settings, name, base_url)}")


def _variables(settings: Endpoint, name: str, base_url: str) -> tuple[str, ...]:
    """Which variables may be read: a provider's own serve its own host only."""
    if settings.api_key_env:
        return (settings.api_key_env,)
    return _known(name).key_variables if _is_own_host(name, base_url) else ()


def _remedy(settings: Endpoint, name: str, base_url: str) -> str:
    if settings.api_key_env:  # not by its name: some users put the key itself there
        return "the variable that api_key_env names is not set"
    if not _is_own_host(name, base_url):
        return "another base_url than its own needs api_key or api_key_env"
    signed_in = ["have a token in auth.json"] if name in SIGN_INS else []
    return " or ".join([*(f"set {variable}" for variable in _known(name).key_variables), *signed_in, "set api_key"])


def _unknown(name: str) -> str:
    if name in PROVIDERS:
        return f"provider {name} needs a base_url"
    return f"unknown provider {name!r} without base_url; known: {', '.join(PROVIDERS)}"


def _identity(backend: Backend) -> tuple[object, ...]:
    return (_normalised(backend.base_url), backend.model, backend.api_key)


def _is_own_host(name: str, base_url: str) -> bool:
    """Whether scheme, host and port are the provider's own: over plain HTTP its key would be there for all to read."""
    own = _known(name).base_url
    return bool(own) and _normalised(base_url)[:3] == _normalised(own)[:3]


_DEFAULT_PORTS = {"http": 80, "https": 443}


def _normalised(base_url: str) -> tuple[str, str, int | None, str, str]:
    """Scheme, host, port, path, query: equal for two spellings of one address."""
    parts = urlsplit(base_url)
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port, parts.path.rstrip("/"), parts.query
