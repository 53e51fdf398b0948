"""What the user set: config.yaml in HERMES_HOME, read anew at each call and checked once.

Its only reader. It knows no provider and finds no key; keys of a full Hermes config that this runtime does not use are
passed over in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from hermes_agent.errors import ConfigError
from hermes_agent.home import read_text

__all__ = [
    "API_MODES",
    "DEFAULT_MODEL",
    "AgentSettings",
    "CompressionSettings",
    "Config",
    "Endpoint",
    "config_from_mapping",
    "load_config",
    "read_config",
]

API_MODES = ("chat_completions", "codex_responses")

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
    """The budget of a model call (C1), its read time-out and the passes of the tool loop (C19), the system prompt."""

    api_max_retries: int = 6
    request_timeout_s: float = 120.0
    max_turns: int = 90
    system_prompt: str = _SYSTEM_PROMPT


@dataclass(frozen=True, slots=True)
class CompressionSettings:
    """Whether a conversation may be compressed, and from which share of the window on (C15)."""

    enabled: bool = True
    threshold: float = 0.85


@dataclass(frozen=True, slots=True)
class Config:
    """config.yaml after its check. `fallback_model` may still lack provider or model: then there is none (C13)."""

    model: Endpoint = field(default_factory=lambda: Endpoint(model=DEFAULT_MODEL))
    fallback_model: Endpoint = field(default_factory=Endpoint)
    agent: AgentSettings = field(default_factory=AgentSettings)
    compression: CompressionSettings = field(default_factory=CompressionSettings)


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
_MODE = _Rule(" or ".join(API_MODES), lambda value: value in API_MODES)

_ENDPOINT = {
    "provider": _TEXT,
    "base_url": _URL,
    "api_key": _KEY,
    "api_key_env": _VARIABLE,
    "api_mode": _MODE,
    "context_length": _COUNT,
    "max_tokens": _COUNT,
}

_SECTIONS = {
    "model": {"default": _TEXT, **_ENDPOINT},
    "fallback_model": {"model": _TEXT, **_ENDPOINT},
    "agent": {
        "api_max_retries": _COUNT,
        "request_timeout_s": _SECONDS,
        "max_turns": _COUNT,
        "system_prompt": _TEXT,
    },
    "compression": {"enabled": _FLAG, "threshold": _SHARE},
}
_SHAPES = {"model": "the name of a model, or a mapping"}


def load_config(home: Path) -> Config:
    """config.yaml of this home; the defaults when there is none. Raises ConfigError."""
    try:
        return read_config(home / "config.yaml")
    except FileNotFoundError:
        return Config()


def read_config(path: Path) -> Config:
    """The configuration in this file. Raises FileNotFoundError, and ConfigError with the line wherever it is known."""
    root = _composed(path)
    if root is None:
        return Config()
    for keys, line in _duplicates(root):
        raise ConfigError(f"{path}:{line}", keys, "the key a second time", "each key once")
    values = _built(root, path)
    try:
        return config_from_mapping(values, str(path))
    except ConfigError as error:
        where = f"{path}:{_line(root, error.path)}"
        raise ConfigError(where, error.path, error.found, error.allowed) from None


def config_from_mapping(mapping: Mapping[str, Any], source: str) -> Config:
    """The configuration in a mapping that was read already; `source` opens the text of a ConfigError."""
    if not isinstance(mapping, Mapping):
        raise ConfigError(source, (), _shown(mapping), "a mapping")
    if isinstance(mapping.get("model"), str):
        mapping = {**mapping, "model": {"default": mapping["model"]}}
    read = {name: _section(mapping.get(name), name, source) for name in _SECTIONS}
    return Config(
        _primary(read["model"], source),
        Endpoint(**read["fallback_model"]),
        AgentSettings(**read["agent"]),
        CompressionSettings(**read["compression"]),
    )


def _section(values: object, name: str, source: str) -> dict[str, Any]:
    """The keys of one section that are set; null and an empty text mean that a key was left out."""
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise ConfigError(source, (name,), _shown(values), _SHAPES.get(name, "a mapping"))
    chosen = {key: values[key] for key in _SECTIONS[name] if values.get(key) not in (None, "")}
    for key, value in chosen.items():
        rule = _SECTIONS[name][key]
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
    """A value as people wrote it, on one line; what may hold others is only named."""
    if isinstance(value, str):
        return repr(re.sub(r"//[^/]*@", "//…@", value)[:60])
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return {True: "true", False: "false", None: "null"}[value] if isinstance(value, bool | None) else str(value)[:60]


def _composed(path: Path) -> yaml.Node | None:
    """The document as nodes, which know their lines; None when the file is empty."""
    text = read_text(path)
    try:
        _check_depth(text, path)
        return yaml.compose(text, _LOADER)
    except yaml.YAMLError as error:
        raise _unreadable(path, error) from None


def _check_depth(text: str, path: Path) -> None:
    """A document nested deeply enough ends the whole process: libyaml composes recursively, in C."""
    depth = 0
    for event in yaml.parse(text, _LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise ConfigError(str(path), (), "deeper nesting", f"{_MAX_DEPTH} levels")


def _built(root: yaml.Node, path: Path) -> Any:
    """What is used of the document, as values; a date or a number that is none is the library's own ValueError."""
    if isinstance(root, yaml.MappingNode):
        used = [pair for pair in root.value if pair[0].value in (*_SECTIONS, "<<")]
        root = yaml.MappingNode(root.tag, used, root.start_mark, root.end_mark)
    try:
        return _LOADER("").construct_document(root)
    except (yaml.YAMLError, ValueError) as error:
        raise _unreadable(path, error) from None


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_DEPTH = 100


def _unreadable(path: Path, error: Exception) -> ConfigError:
    mark = getattr(error, "problem_mark", None)
    place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
    # What stands in quotes may be a key that was written without them: `api_key: !abc` is a tag for YAML.
    problem = re.sub(r"'[^']{5,}'", "…", getattr(error, "problem", None) or "a value is malformed")
    return ConfigError(f"{place}: cannot be read as YAML: {problem}")


def _duplicates(root: yaml.Node) -> Iterator[tuple[tuple[str, ...], int]]:
    """Keys that stand twice in a mapping, with the line of the second; aliases may make the document a graph."""
    pending: list[tuple[yaml.Node, tuple[str, ...]]] = [(root, ())]
    seen: set[int] = set()
    while pending:
        node, path = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            pending.extend((item, path) for item in node.value)
        if isinstance(node, yaml.MappingNode):
            yield from (((*path, name), line) for name, line in _repeated(node))
            pending.extend((value, (*path, str(key.value))) for key, value in node.value)


def _repeated(node: yaml.MappingNode) -> Iterator[tuple[str, int]]:
    names: set[str] = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.value != "<<":
            if key.value in names:
                yield key.value, key.start_mark.line + 1
            names.add(key.value)


def _line(node: yaml.Node, path: tuple[str, ...]) -> int:
    """The line of the key that the path ends in, or of the last one on the way that is there."""
    line: int = node.start_mark.line + 1
    for name in path:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = [(key, value) for key, value in pairs if key.value == name]
        if not found:
            break
        key, node = found[-1]
        line = key.start_mark.line + 1
    return line
