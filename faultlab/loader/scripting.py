"""What the control path of a served lab is told, in the words of a scenario file: read by the same shapes, from JSON.

Where something stands is told as a JSON pointer (RFC 6901).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from faultlab.errors import ScenarioError
from faultlab.loader.shapes import Shape, fields, misfit
from faultlab.loader.sides import faults, limits
from faultlab.loader.speech import says
from faultlab.loader.tree import MAX_DEPTH, MAX_ITEMS, Tree
from faultlab.plan import Instructions
from faultlab.script import Reply

__all__ = ["instructions"]


class _Pointer(NamedTuple):
    """Stands where a file has a line and a column."""

    name: str
    line: int = -1
    column: int = -1


def instructions(body: bytes, upstreams: Sequence[str]) -> Instructions:
    """What these upstreams are to do from now on. Raises ScenarioError, its path a JSON pointer."""
    try:
        told = json.loads(body, object_pairs_hook=_distinct, parse_float=_number, parse_constant=_no_number)
        tree = _tree(told, "")
        read = fields(tree, _shapes(upstreams))
    except ScenarioError as error:
        raise ScenarioError(error.message, path=error.path, allowed=error.allowed) from None
    except RecursionError:
        raise ScenarioError(f"nested more than {MAX_DEPTH} levels deep") from None
    except ValueError as error:
        raise ScenarioError(f"the body is no JSON: {error}") from None
    if not read:
        raise ScenarioError("it says nothing of what is to change", allowed=sorted(_shapes(upstreams)))
    together = read.get("says")
    if isinstance(together, tuple):
        return Instructions(together, {}, read.get("faults", {}), read.get("limits", {}))
    return Instructions(None, together or {}, read.get("faults", {}), read.get("limits", {}))


def _shapes(upstreams: Sequence[str]) -> Mapping[str, Shape[Any]]:
    return {
        "says": lambda tree: _says(tree, upstreams),
        "faults": lambda tree: faults(tree, upstreams),
        "limits": lambda tree: limits(tree, upstreams),
    }


def _says(tree: Tree, upstreams: Sequence[str]) -> tuple[Reply, ...] | Mapping[str, tuple[Reply, ...]]:
    """A list for all of them together, or one for each that is named."""
    if type(tree.value) is list:
        return says(tree)
    if type(tree.value) is not dict:
        raise misfit(tree, "a list of answers, or a mapping from upstreams to such lists")
    return fields(tree, dict.fromkeys(upstreams, says))


def _tree(value: Any, pointer: str) -> Tree:
    """The same value, in which each part knows its place."""
    mark = _Pointer(pointer)
    if pointer.count("/") > MAX_DEPTH:
        raise ScenarioError(f"nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, dict | list) and len(value) > MAX_ITEMS:
        raise ScenarioError(f"{len(value):,} items in one list or mapping: at most {MAX_ITEMS:,}", path=pointer)
    if isinstance(value, dict):
        return Tree({name: _tree(each, f"{pointer}/{_escaped(name)}") for name, each in value.items()}, mark, mark)
    if isinstance(value, list):
        return Tree([_tree(each, f"{pointer}/{place}") for place, each in enumerate(value)], mark, mark)
    return Tree(value, mark, mark)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _distinct(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ScenarioError(f"duplicate key {name!r:.60}")
        found[name] = value
    return found


def _number(word: str) -> int | float:
    """JSON knows one kind of numbers: 2.0 is as whole as 2."""
    value = float(word)
    if math.isinf(value):
        _no_number(word)
    return int(value) if value.is_integer() else value


def _no_number(word: str) -> NoReturn:
    raise ScenarioError(f"{word:.60} is no number that can be read")
