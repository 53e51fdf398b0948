"""config.yaml in HERMES_HOME: read anew at each call, each key with its line. It knows no key itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from hermes_agent.errors import ConfigError
from hermes_agent.home import read_text
from hermes_agent.settings import SECTIONS, Config, Endpoint, config_from_mapping

__all__ = ["Config", "Endpoint", "config_from_mapping", "key_lines", "load_config", "read_config"]


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
    for line, keys in sorted(_duplicates(root)):
        raise ConfigError(f"{path}:{line}", keys, "the key a second time", "each key once")
    values = _built(root, path)
    try:
        return Config() if values is None else config_from_mapping(values, str(path))
    except ConfigError as error:
        where = f"{path}:{_line(root, error.path)}"
        raise ConfigError(where, error.path, error.found, error.allowed) from None


def key_lines(path: Path) -> dict[tuple[str, ...], int]:
    """The line of each section of a file that `read_config` takes, and of each key in it."""
    lines: dict[tuple[str, ...], int] = {}
    for section, node in _pairs(_composed(path)):
        lines.setdefault((section.value,), section.start_mark.line + 1)
        for key, _ in _pairs(node):
            lines.setdefault((section.value, key.value), key.start_mark.line + 1)
    return lines


def _pairs(node: yaml.Node | None) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    """The keys of a mapping with their values, its own ahead of those that it merges."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    yield from (pair for pair in pairs if isinstance(pair[0], yaml.ScalarNode) and pair[0].value != "<<")
    for merged in (value for key, value in pairs if key.value == "<<"):
        for each in merged.value if isinstance(merged, yaml.SequenceNode) else [merged]:
            yield from _pairs(each)


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
        used = [pair for pair in root.value if pair[0].value in (*SECTIONS, "<<")]
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


def _duplicates(root: yaml.Node) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The second places of keys that stand twice in a mapping; aliases may make the document a graph."""
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
            yield from ((line, (*path, name)) for line, name in _repeated(node))
            pending.extend((value, (*path, str(key.value))) for key, value in node.value)


def _repeated(node: yaml.MappingNode) -> Iterator[tuple[int, str]]:
    names: set[str] = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.value != "<<":
            if key.value in names:
                yield key.start_mark.line + 1, key.value
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
