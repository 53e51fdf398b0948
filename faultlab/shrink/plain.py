"""Plain values of a file with one thing changed: copies along the path to it, the rest is shared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

__all__ = ["Path", "at", "chunks", "paths", "put", "without"]

Path = tuple[str | int, ...]
"""The keys and indices that lead to a value."""


def at(value: Any, path: Path) -> Any:
    """What stands there."""
    for step in path:
        value = value[step]
    return value


def put(value: Any, path: Path, new: Any) -> Any:
    """The same with something else there."""
    if not path:
        return new
    copied: Any = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = put(value[path[0]], path[1:], new)
    return copied


def without(value: Any, path: Path) -> Any:
    """The same without what stands there."""
    *above, last = path
    holder = at(value, tuple(above))
    if isinstance(holder, dict):
        return put(value, tuple(above), {name: each for name, each in holder.items() if name != last})
    return put(value, tuple(above), [each for index, each in enumerate(holder) if index != last])


def paths(value: Any, above: Path = ()) -> Iterator[Path]:
    """The way to each value within, what holds others first, and the last of a list first: it is missed the least."""
    steps: Sequence[str | int]
    if isinstance(value, dict):
        steps = list(value)
    elif isinstance(value, list):
        steps = range(len(value) - 1, -1, -1)
    else:
        return
    for step in steps:
        yield (*above, step)
        yield from paths(value[step], (*above, step))


def chunks(items: list[Any]) -> Iterator[list[Any]]:
    """The list without more than one of its neighbours, the larger parts first."""
    size = len(items) // 2
    while size > 1:
        for start in range(len(items) - size, -1, -size):
            yield items[:start] + items[start + size :]
        size //= 2
