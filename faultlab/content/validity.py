"""Whether a value is what a JSON schema asks for. The schema was looked through before: nothing in it is unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from faultlab.content.patterns import pattern
from faultlab.content.pointers import target_of

__all__ = ["TYPES", "equal", "exact", "is_multiple", "places_of_item", "places_of_property", "valid"]

_Schema = Any
"""A mapping, or true or false."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


TYPES: Final[Mapping[str, Callable[[Any], bool]]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and value == int(value),
    "null": lambda value: value is None,
    "number": _is_number,
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}


def equal(one: Any, other: Any) -> bool:
    """Whether JSON takes both for the same: 1 is 1.0, and true is no number."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(value, other[name]) for name, value in one.items())
    return bool(one == other)


def exact(number: float) -> Fraction:
    """A number as it is written."""
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def is_multiple(value: float, step: float) -> bool:
    """Whether it is one as it is written, and also as those count who divide floating-point numbers."""
    if (exact(value) / exact(step)).denominator != 1:
        return False
    return isinstance(step, int) or (value / step).is_integer()


def valid(value: Any, schema: _Schema, document: _Schema) -> bool:
    """Whether it holds; `document` is what references point into."""
    if isinstance(schema, bool):
        return schema
    return all(
        check(value, schema[keyword], schema, document) for keyword, check in _CHECKS.items() if keyword in schema
    )


_Check = Callable[[Any, Any, Mapping[str, Any], _Schema], bool]


def _of(kind: str, check: Callable[[Any, Any], bool]) -> _Check:
    """A check that only looks at values of one type."""
    return lambda value, asked, _schema, _document: not TYPES[kind](value) or check(value, asked)


def _type(value: Any, asked: Any, _schema: Mapping[str, Any], _document: _Schema) -> bool:
    return any(TYPES[name](value) for name in ([asked] if isinstance(asked, str) else asked))


def _conditional(value: Any, asked: _Schema, schema: Mapping[str, Any], document: _Schema) -> bool:
    return valid(value, schema.get("then" if valid(value, asked, document) else "else", True), document)


def _properties(value: Any, _asked: Any, schema: Mapping[str, Any], document: _Schema) -> bool:
    if not isinstance(value, dict):
        return True
    return all(
        valid(held, each, document) for name, held in value.items() for _, each in places_of_property(schema, name)
    )


def places_of_property(schema: Mapping[str, Any], name: str) -> Iterator[tuple[str, _Schema]]:
    """The schemas that a property of this name has to hold, with their keywords."""
    found = False
    if name in schema.get("properties", {}):
        found = True
        yield f"properties/{name}", schema["properties"][name]
    for each, inner in schema.get("patternProperties", {}).items():
        if pattern(each).found_in(name):
            found = True
            yield f"patternProperties/{each}", inner
    if not found and "additionalProperties" in schema:
        yield "additionalProperties", schema["additionalProperties"]


def _items(value: Any, _asked: Any, schema: Mapping[str, Any], document: _Schema) -> bool:
    if not isinstance(value, list):
        return True
    return all(
        valid(item, each, document) for index, item in enumerate(value) for _, each in places_of_item(schema, index)
    )


def places_of_item(schema: Mapping[str, Any], index: int) -> Iterator[tuple[str, _Schema]]:
    """The schemas that the item at this place has to hold, in the form of today and of draft 7."""
    items = schema.get("items", True)
    row, name = (items, "items") if isinstance(items, list) else (schema.get("prefixItems", ()), "prefixItems")
    rest = "additionalItems" if isinstance(items, list) else "items"
    if index < len(row):
        yield f"{name}/{index}", row[index]
    elif rest in schema:
        yield rest, schema[rest]


def _contains(value: Any, asked: _Schema, schema: Mapping[str, Any], document: _Schema) -> bool:
    if not isinstance(value, list):
        return True
    count = sum(valid(item, asked, document) for item in value)
    return bool(schema.get("minContains", 1) <= count <= schema.get("maxContains", len(value)))


def _unique(value: Sequence[Any], asked: bool) -> bool:
    return not asked or not any(equal(one, other) for place, one in enumerate(value) for other in value[:place])


def _dependencies(value: Any, asked: Mapping[str, Any], _schema: Mapping[str, Any], document: _Schema) -> bool:
    """Of names and of schemas, in the form of today and of draft 7."""
    if not isinstance(value, dict):
        return True
    met = (needed for name, needed in asked.items() if name in value)
    return all(
        value.keys() >= set(needed) if isinstance(needed, list) else valid(value, needed, document) for needed in met
    )


_CHECKS: Final[Mapping[str, _Check]] = {
    "$ref": lambda value, asked, _, document: valid(value, target_of(asked, document), document),
    "type": _type,
    "enum": lambda value, asked, _schema, _document: any(equal(value, each) for each in asked),
    "const": lambda value, asked, _schema, _document: equal(value, asked),
    "minimum": _of("number", lambda value, asked: value >= asked),
    "maximum": _of("number", lambda value, asked: value <= asked),
    "exclusiveMinimum": _of("number", lambda value, asked: value > asked),
    "exclusiveMaximum": _of("number", lambda value, asked: value < asked),
    "multipleOf": _of("number", is_multiple),
    "minLength": _of("string", lambda value, asked: len(value) >= asked),
    "maxLength": _of("string", lambda value, asked: len(value) <= asked),
    "pattern": _of("string", lambda value, asked: pattern(asked).found_in(value)),
    "minItems": _of("array", lambda value, asked: len(value) >= asked),
    "maxItems": _of("array", lambda value, asked: len(value) <= asked),
    "uniqueItems": _of("array", _unique),
    "items": _items,
    "prefixItems": _items,
    "contains": _contains,
    "minProperties": _of("object", lambda value, asked: len(value) >= asked),
    "maxProperties": _of("object", lambda value, asked: len(value) <= asked),
    "required": _of("object", lambda value, asked: value.keys() >= set(asked)),
    "properties": _properties,
    "patternProperties": _properties,
    "additionalProperties": _properties,
    "propertyNames": lambda value, asked, _, document: (
        not isinstance(value, dict) or all(valid(name, asked, document) for name in value)
    ),
    "dependentRequired": _dependencies,
    "dependentSchemas": _dependencies,
    "dependencies": _dependencies,
    "allOf": lambda value, asked, _, document: all(valid(value, each, document) for each in asked),
    "anyOf": lambda value, asked, _, document: any(valid(value, each, document) for each in asked),
    "oneOf": lambda value, asked, _, document: sum(valid(value, each, document) for each in asked) == 1,
    "not": lambda value, asked, _, document: not valid(value, asked, document),
    "if": _conditional,
}
"""Keyword → whether a value holds what is asked there."""
