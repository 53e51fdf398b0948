"""What a JSON schema leads to: every schema within it that counts, looked through once, and how deep each has to go.

Whatever is not understood is refused here, with its path, so that nothing that is made could break it in silence.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from faultlab.content.patterns import pattern
from faultlab.content.pointers import parts_of, target_of
from faultlab.content.validity import TYPES, places_of_item, places_of_property
from faultlab.errors import UnusableSchema

__all__ = ["Depths", "reachable"]

_SAME: Final = ("else", "if", "not", "then")
_ONE: Final = ("additionalItems", "additionalProperties", "contains", "items", "propertyNames", *_SAME)
_LISTED: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED: Final = ("dependencies", "dependentSchemas", "patternProperties", "properties")
_REFUSED: Final = ("$dynamicRef", "$recursiveRef", "unevaluatedItems", "unevaluatedProperties")
_DEEPEST: Final = 100
"""Steps into a schema, two for a property: more than anybody writes, and less than the stack holds."""


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any) -> bool:
    return TYPES["number"](value) and math.isfinite(value)


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_type(value: Any) -> bool:
    names = [value] if isinstance(value, str) else value
    return isinstance(names, list) and bool(names) and all(isinstance(name, str) and name in TYPES for name in names)


_COUNTS: Final = ("Contains", "Items", "Length", "Properties")
_WANTED: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "type": (_is_type, f"one of {', '.join(TYPES)}, or a list of them"),
    "enum": (lambda value: isinstance(value, list) and bool(value), "a list that is not empty"),
    **dict.fromkeys(
        ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        (_is_number, "a number"),
    ),
    "multipleOf": (lambda value: _is_number(value) and value > 0, "a number above 0"),
    **dict.fromkeys((f"{end}{of}" for end in ("min", "max") for of in _COUNTS), (_is_count, "a whole number from 0")),
    "uniqueItems": (lambda value: isinstance(value, bool), "true or false"),
    "pattern": (lambda value: isinstance(value, str), "a text"),
    "format": (lambda value: isinstance(value, str), "a text"),
    "$ref": (lambda value: isinstance(value, str), "a text"),
    "required": (_are_names, "a list of names"),
    "dependentRequired": (
        lambda value: isinstance(value, Mapping) and all(map(_are_names, value.values())),
        "a mapping to lists of names",
    ),
    **dict.fromkeys(_LISTED, (lambda value: isinstance(value, list), "a list of schemas")),
    **dict.fromkeys(_NAMED, (lambda value: isinstance(value, Mapping), "a mapping to schemas")),
}
"""Keyword → whether a value of it can be one, and what it should be."""


def reachable(document: Any) -> list[Any]:
    """Every schema that counts, the whole one first. Raises UnusableSchema for the first that cannot be used."""
    found: list[Any] = []
    seen: set[int] = set()
    todo: list[tuple[Any, str]] = [(document, "#")]
    while todo:
        schema, path = todo.pop()
        if id(schema) in seen:
            continue
        if path.count("/") > _DEEPEST:
            raise UnusableSchema(path, f"more than {_DEEPEST} steps into the schema")
        seen.add(id(schema))
        _refuse(schema, path)
        if isinstance(schema, Mapping):
            found.append(schema)
            todo += reversed(list(_within(schema, path, document)))
    _refuse_loops(found, document)
    return found


def _refuse(schema: Any, path: str) -> None:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        raise UnusableSchema(path, f"a schema is a mapping, or true or false, not {schema!r:.60}")
    for keyword, asked in schema.items():
        if keyword in _REFUSED or (keyword == "$id" and path != "#"):
            raise UnusableSchema(f"{path}/{keyword}", "is beyond what values can be made for")
        fits, wanted = _WANTED.get(keyword, (None, ""))
        if fits is not None and not fits(asked):
            raise UnusableSchema(f"{path}/{keyword}", f"expected {wanted}, not {asked!r:.60}")
    _refuse_patterns(schema, path)


def _refuse_loops(schemas: Sequence[Mapping[str, Any]], document: Any) -> None:
    """A schema that asks of a value to hold that same schema says nothing, and is never done."""
    left = {id(schema): {id(each) for each in _of_the_same_value(schema, document)} for schema in schemas}
    while ended := [one for one, others in left.items() if others.isdisjoint(left)]:
        for one in ended:
            del left[one]
    looped = next((schema for schema in schemas if id(schema) in left and "$ref" in schema), None)
    if looped is not None:
        raise UnusableSchema(looped["$ref"], "refers to itself without going a level deeper")


def _of_the_same_value(schema: Mapping[str, Any], document: Any) -> Iterator[Any]:
    """The schemas that speak of the very value that this one speaks of."""
    if "$ref" in schema:
        yield target_of(schema["$ref"], document)
    yield from (schema[keyword] for keyword in _SAME if keyword in schema)
    yield from (each for keyword in ("allOf", "anyOf", "oneOf") for each in schema.get(keyword, ()))
    rules = (schema.get(keyword, {}).values() for keyword in ("dependencies", "dependentSchemas"))
    yield from (each for held in rules for each in held if not isinstance(each, list))


def _refuse_patterns(schema: Mapping[str, Any], path: str) -> None:
    listed = [(f"{path}/patternProperties", each) for each in schema.get("patternProperties", ())]
    if "pattern" in schema:
        listed.append((f"{path}/pattern", schema["pattern"]))
    for where, text in listed:
        try:
            pattern(text)
        except ValueError as error:
            raise UnusableSchema(where, str(error)) from None


def _within(schema: Mapping[str, Any], path: str, document: Any) -> Iterator[tuple[Any, str]]:
    """The schemas right within one, with their paths."""
    if "$ref" in schema:
        try:
            yield target_of(schema["$ref"], document), "/".join(("#", *parts_of(schema["$ref"])))
        except ValueError as error:
            raise UnusableSchema(f"{path}/$ref", str(error)) from None
    for keyword, held in schema.items():
        if keyword in _LISTED or (keyword == "items" and isinstance(held, list)):
            yield from ((each, f"{path}/{keyword}/{index}") for index, each in enumerate(held))
        elif keyword in _ONE:
            yield held, f"{path}/{keyword}"
        elif keyword in _NAMED:
            names = (name for name, each in held.items() if not (keyword == "dependencies" and _are_names(each)))
            yield from ((held[name], f"{path}/{keyword}/{name}") for name in names)


class Depths:
    """How many levels a value needs at least below each schema: without end where it can never be finished."""

    def __init__(self, document: Any, schemas: Sequence[Mapping[str, Any]]) -> None:
        self._document = document
        self._known: dict[int, float] = {id(schema): math.inf for schema in schemas}
        changed = True
        while changed:  # each round settles at least one more, so there are no more rounds than schemas
            changed = False
            for schema in schemas:
                depth = self._depth(schema)
                changed = changed or depth < self._known[id(schema)]
                self._known[id(schema)] = depth

    def __call__(self, schema: Any) -> float:
        """The least number of levels; 0 for what was made up on the way."""
        return self._known.get(id(schema), 0.0)

    def _depth(self, schema: Mapping[str, Any]) -> float:
        if "enum" in schema or "const" in schema:
            return 0.0
        needed = [self(each) for each in schema.get("allOf", ())]
        if "$ref" in schema:
            needed.append(self(target_of(schema["$ref"], self._document)))
        needed += [min(map(self, schema[keyword]), default=0.0) for keyword in ("anyOf", "oneOf") if keyword in schema]
        return max([*needed, self._own(schema)], default=0.0)

    def _own(self, schema: Mapping[str, Any]) -> float:
        """By its own type: of a schema that allows several none is needed."""
        kind = schema.get("type", ["object"] if "required" in schema else [])
        within: list[Any] = []
        if kind in ("object", ["object"]):
            names = schema.get("required", ())
            within = [each for name in names for _, each in places_of_property(schema, name)]
        elif kind in ("array", ["array"]):
            least = min(schema.get("minItems", 0), _DEEPEST)
            within = [each for index in range(least) for _, each in places_of_item(schema, index)]
            within += [schema["contains"]] if schema.get("minContains", 1) and "contains" in schema else []
        return 1 + max(map(self, within), default=0.0) if within else 0.0
