"""What may stand in a configuration: its shape, its defaults, and the check of every value that this runtime uses.

Pure: it knows no file and no provider. Keys of a full Hermes config that this runtime does not use are passed over in
silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from hermes_agent.errors import ConfigError

__all__ = [
    "DEFAULT_MODEL",
    "SECTIONS",
    "AgentSettings",
    "CompressionSettings",
    "Config",
    "DisplaySettings",
    "Endpoint",
    "config_from_mapping",
]

_API_MODES = ("chat_completions", "codex_responses")

DEFAULT_MODEL = "anthropic/claude-sonnet-4"
"""What an empty configuration asks, at OpenRouter: one key there reaches most models."""

_SYSTEM_PROMPT = (
    "You are Hermes, a capable assistant that works on the user's own machine. "
    "Use the tools when they help, say plainly what you did, and never invent the result of a tool."
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is asked, as the user wrote it; an empty text is a key that was left out."""

    provider: str = ""
    model: str = ""
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    api_key_env: str = ""
    api_mode: str = ""
    context_length: int | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """The budget of a model call (C1), its read time-out and the passes of the tool loop (C19), the system prompt.

    `save_trajectories` keeps a line of JSON for each turn.
    """

    api_max_retries: int = 6
    request_timeout_s: float = 120.0
    max_turns: int = 90
    system_prompt: str = _SYSTEM_PROMPT
    save_trajectories: bool = False


@dataclass(frozen=True, slots=True)
class CompressionSettings:
    """Whether a conversation may be compressed, and from which share of the window on (C15)."""

    enabled: bool = True
    threshold: float = 0.85


@dataclass(frozen=True, slots=True)
class DisplaySettings:
    """Whether answers are asked for as streams, and their text is shown as it comes."""

    streaming: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """config.yaml after its check. `fallback_model` may still lack provider or model: then there is none (C13)."""

    model: Endpoint = field(default_factory=lambda: Endpoint(model=DEFAULT_MODEL))
    fallback_model: Endpoint = field(default_factory=Endpoint)
    agent: AgentSettings = field(default_factory=AgentSettings)
    compression: CompressionSettings = field(default_factory=CompressionSettings)
    display: DisplaySettings = field(default_factory=DisplaySettings)


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a key may hold; the value of a `secret` one is never shown, as a credential is often put there."""

    allowed: str
    fits: Callable[[Any], object]
    secret: bool = False


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_url(value: Any) -> bool:
    try:
        parts = urlsplit(value if isinstance(value, str) and value.split() == [value] else "")
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets or a port that are none
        return False


def _matches(pattern: str) -> Callable[[Any], object]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value)


_DAY_S = 86_400

_TEXT = _Rule("a text (numbers, yes and no in quotes)", lambda value: isinstance(value, str))
_COUNT = _Rule("a whole number from 1", _is_count)
_SECONDS = _Rule("seconds, above 0 and up to 86400", lambda value: _is_number(value) and 0 < value <= _DAY_S)
_SHARE = _Rule("a number above 0 and up to 1", lambda value: _is_number(value) and 0 < value <= 1)
_FLAG = _Rule("true or false", lambda value: isinstance(value, bool))
_URL = _Rule("a URL that begins with http:// or https://", _is_url)
_KEY = _Rule("a key, in printable ASCII without spaces", _matches(r"[!-~]+"), secret=True)
_VARIABLE = _Rule("the name of an environment variable", _matches(r"[A-Za-z_][A-Za-z0-9_]*"), secret=True)
_MODE = _Rule(" or ".join(_API_MODES), lambda value: value in _API_MODES)

_ENDPOINT = {
    "provider": _TEXT,
    "base_url": _URL,
    "api_key": _KEY,
    "api_key_env": _VARIABLE,
    "api_mode": _MODE,
    "context_length": _COUNT,
    "max_tokens": _COUNT,
}

SECTIONS = {
    "model": {"default": _TEXT, **_ENDPOINT},
    "fallback_model": {"model": _TEXT, **_ENDPOINT},
    "agent": {
        "api_max_retries": _COUNT,
        "request_timeout_s": _SECONDS,
        "max_turns": _COUNT,
        "system_prompt": _TEXT,
        "save_trajectories": _FLAG,
    },
    "compression": {"enabled": _FLAG, "threshold": _SHARE},
    "display": {"streaming": _FLAG},
}
_SHAPES = {"model": "the name of a model, or a mapping"}


def config_from_mapping(mapping: Mapping[str, Any], source: str) -> Config:
    """The configuration in a mapping that was read already; `source` opens the text of a ConfigError."""
    if not isinstance(mapping, Mapping):
        raise ConfigError(source, (), _shown(mapping), "a mapping")
    if isinstance(mapping.get("model"), str):
        mapping = {**mapping, "model": {"default": mapping["model"]}}
    read = {name: _section(mapping.get(name), name, source) for name in SECTIONS}
    return Config(
        _primary(read["model"], source),
        Endpoint(**read["fallback_model"]),
        AgentSettings(**read["agent"]),
        CompressionSettings(**read["compression"]),
        DisplaySettings(**read["display"]),
    )


def _section(values: object, name: str, source: str) -> dict[str, Any]:
    """The keys of one section that are set; null and an empty text mean that a key was left out."""
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise ConfigError(source, (name,), _shown(values), _SHAPES.get(name, "a mapping"))
    chosen = {key: values[key] for key in SECTIONS[name] if values.get(key) not in (None, "")}
    for key, value in chosen.items():
        rule = SECTIONS[name][key]
        if not rule.fits(value):
            found = "a value that is not shown" if rule.secret else _shown(value)
            raise ConfigError(source, (name, key), found, rule.allowed)
    return chosen


def _primary(values: dict[str, Any], source: str) -> Endpoint:
    """The default model is OpenRouter's name for it: elsewhere a name of that provider's own is needed."""
    if "default" not in values and (values.get("base_url") or values.get("provider", "auto") not in _AT_OPENROUTER):
        raise ConfigError(source, ("model", "default"), "nothing", "the name of a model of this provider")
    return Endpoint(model=values.pop("default", DEFAULT_MODEL), **values)


_AT_OPENROUTER = ("auto", "openrouter")


def _shown(value: object) -> str:
    """A value as people wrote it, on one short line; what may hold others is only named."""
    if isinstance(value, str):
        return repr(re.sub(r"//[^/]*@", "//…@", value)[:_LONGEST_SHOWN])
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float) and abs(value) < _LARGEST_SHOWN:
        return str(value)
    return _NAMES.get(type(value), f"a value of type {type(value).__name__}")


_LONGEST_SHOWN, _LARGEST_SHOWN = 60, 10**20
_NAMES = {
    dict: "a mapping",
    type(None): "nothing",
    list: "a list",
    int: "a very large number",
    float: "no finite number",
}
