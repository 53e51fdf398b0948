"""What a shape takes, as JSON Schema (draft 7, which editors know), told beside the shape itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

__all__ = ["Schema", "array_of", "described", "mapping_of", "object_of", "schema_of"]

_S = TypeVar("_S", bound=Callable[..., Any])
Schema = dict[str, Any]

_told: WeakKeyDictionary[Callable[..., Any], Schema | Callable[[], Schema]] = WeakKeyDictionary()
"""Shape → its schema; of one that is made of many others only how it is made, for whoever asks."""


def described(schema: Schema | Callable[[], Schema]) -> Callable[[_S], _S]:
    """Says what a shape takes."""

    def remember(shape: _S) -> _S:
        _told[shape] = schema
        return shape

    return remember


def schema_of(shape: Callable[..., Any]) -> Schema:
    """What a shape takes. A shape that does not say is a LookupError: the schema would be silent about a key."""
    found = _told.get(shape)
    if found is None:
        raise LookupError(f"no schema stands beside the shape {shape.__module__}.{shape.__qualname__}")
    return dict(found() if callable(found) else found)


def object_of(shapes: Mapping[str, Callable[..., Any]], needed: Iterable[str] = ()) -> Schema:
    """A mapping from our own keys."""
    properties = {name: schema_of(shape) for name, shape in shapes.items()}
    required = {"required": sorted(needed)} if needed else {}
    return {"type": "object", "properties": properties, "additionalProperties": False} | required


def mapping_of(shape: Callable[..., Any]) -> Schema:
    """A mapping from names that are not ours."""
    return {"type": "object", "additionalProperties": schema_of(shape)}


def array_of(shape: Callable[..., Any], least: int = 0) -> Schema:
    """A list of values of one shape."""
    return {"type": "array", "items": schema_of(shape)} | ({"minItems": least} if least else {})
