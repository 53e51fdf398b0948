"""The shapes that values in a file may have: each reads a tree into a value, or says what stood there instead.

A shape is a function from a tree to a value; what the values are for is not known here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from faultlab.errors import ScenarioError
from faultlab.loader.described import array_of, described, mapping_of, schema_of
from faultlab.loader.tree import Tree, refusal, shown
from faultlab.nearest import did_you_mean

__all__ = [
    "Shape",
    "choice",
    "entries",
    "fields",
    "flag",
    "items",
    "misfit",
    "number",
    "one_or_more",
    "plain",
    "text",
    "unknown",
    "whole",
]

_T = TypeVar("_T")
Shape = Callable[[Tree], _T]


def misfit(tree: Tree, wanted: str) -> ScenarioError:
    """The error for a value of the wrong kind or out of range."""
    return refusal(tree.mark, f"expected {wanted}, found {_shown(tree.value)}")


def unknown(mark: Any, noun: str, name: str, known: Iterable[str]) -> ScenarioError:
    """The error for a name that is not in the table, with the nearest one that is."""
    allowed = sorted(set(known))
    return refusal(mark, f"unknown {noun} {shown(name)}{did_you_mean(name, allowed)}", allowed)


@described({"type": "string"})
def text(tree: Tree) -> str:
    """A text; a number or a truth value has to be quoted to be one."""
    if type(tree.value) is not str:
        raise misfit(tree, "a text (numbers, true, false and null in quotes)")
    return tree.value


@described({"type": "boolean"})
def flag(tree: Tree) -> bool:
    """True or false."""
    if type(tree.value) is not bool:
        raise misfit(tree, "true or false")
    return tree.value


def whole(low: int = 0, high: float = math.inf) -> Shape[int]:
    """A whole number within bounds."""
    wanted = f"a whole number from {low}" + ("" if math.isinf(high) else f" to {high:.0f}")
    bounds = {"minimum": low} | ({} if math.isinf(high) else {"maximum": high})

    @described({"type": "integer", **bounds})
    def shape(tree: Tree) -> int:
        if type(tree.value) is not int or not low <= tree.value <= high:
            raise misfit(tree, wanted)
        return tree.value

    return shape


@described({"type": "number", "minimum": 0})
def number(tree: Tree) -> float:
    """A number from 0, such as seconds."""
    value = tree.value
    if type(value) not in (int, float) or not 0 <= value < math.inf:
        raise misfit(tree, "a number from 0 (a unit stands in the key's name, not here)")
    return float(value)


def choice(noun: str, words: Iterable[str]) -> Shape[str]:
    """One of these words."""
    known = frozenset(words)

    @described(lambda: {"enum": sorted(known)})
    def shape(tree: Tree) -> str:
        if type(tree.value) is not str:
            raise refusal(tree.mark, f"expected {noun}, found {_shown(tree.value)}", sorted(known))
        if tree.value not in known:
            raise unknown(tree.mark, noun, tree.value, known)
        return tree.value

    return shape


def items(shape: Shape[_T], noun: str = "a list") -> Shape[tuple[_T, ...]]:
    """A list of values of one shape."""

    @described(lambda: array_of(shape))
    def listed(tree: Tree) -> tuple[_T, ...]:
        if type(tree.value) is not list:
            raise misfit(tree, noun)
        return tuple([shape(item) for item in tree.value])

    return listed


def one_or_more(shape: Shape[_T]) -> Shape[tuple[_T, ...]]:
    """A value, or a list of them that is not empty."""

    @described(lambda: {"anyOf": [schema_of(shape), array_of(shape, least=1)]})
    def listed(tree: Tree) -> tuple[_T, ...]:
        if type(tree.value) is not list:
            return (shape(tree),)
        if not tree.value:
            raise misfit(tree, "at least one value")
        return tuple([shape(item) for item in tree.value])

    return listed


def entries(shape: Shape[_T], noun: str = "a mapping") -> Shape[tuple[tuple[str, _T], ...]]:
    """A mapping from names that are not ours to values of one shape, in the order written."""

    @described(lambda: mapping_of(shape))
    def read(tree: Tree) -> tuple[tuple[str, _T], ...]:
        if type(tree.value) is not dict:
            raise misfit(tree, noun)
        return tuple([(name, shape(child)) for name, child in tree.value.items()])

    return read


def fields(tree: Tree, shapes: Mapping[str, Shape[Any]], needed: Iterable[str] = ()) -> dict[str, Any]:
    """A mapping from our own keys: each value read by its key's shape, unknown and missing keys refused."""
    if type(tree.value) is not dict:
        raise misfit(tree, "a mapping")
    read = {}
    for name, child in tree.value.items():
        shape = shapes.get(name)
        if shape is None:
            raise unknown(child.key, "key", name, shapes)
        read[name] = shape(child)
    for name in needed:
        if name not in read:
            raise refusal(tree.mark, f"the key {name!r} is missing", sorted(shapes))
    return read


@described({})
def plain(tree: Tree) -> Any:
    """The tree without its positions."""
    value = tree.value
    if type(value) is dict:
        return {name: plain(child) for name, child in value.items()}
    return [plain(child) for child in value] if type(value) is list else value


_NAMED: Final = {None: "null", True: "true", False: "false"}


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, str):
        return shown(value)
    return _NAMED[value] if isinstance(value, bool | None) else f"{value!s:.60}"
