"""Values that hold a JSON schema: what a model that keeps to its tool's parameters would write.

A choice between schemas is made first, then a value is made for what is left, then it is looked at against the whole:
what does not hold is made anew. So nothing comes out that the schema refuses, and every search has an end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import islice
from typing import Any, Final

from faultlab.content.draw import Draw
from faultlab.content.pointers import parts_of, target_of
from faultlab.content.reachable import Depths, reachable
from faultlab.content.scalars import Facets, Place, numbers, texts
from faultlab.content.structures import lists, mappings
from faultlab.content.validity import TYPES, valid
from faultlab.errors import UnusableSchema

__all__ = ["value_for"]

_FURTHER_LEVELS: Final = 3
"""Levels below the least that there have to be."""

_MOST_EXPANSIONS: Final = 64
_MOST_OF_A_TYPE: Final = 80
_MOST_TRIES: Final = 5000
"""Values that are looked at in one search: a schema that nothing holds is given up after a second or two."""

_MOST_PARTS: Final = 400
"""Parts of one value, beyond which it is finished as soon as it can be."""

_DEEPEST: Final = -8
"""Levels beyond those that there should be at most, which only a schema without end takes."""

_BY_KEYWORD: Final[Mapping[str, str]] = {
    **dict.fromkeys(("properties", "required", "patternProperties", "minProperties", "additionalProperties"), "object"),
    **dict.fromkeys(("items", "prefixItems", "minItems", "maxItems", "contains", "uniqueItems"), "array"),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "format"), "string"),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), "number"),
}
"""What a schema without a type means, by what it speaks of."""

_ANY: Final = ("string", "integer", "boolean", "object", "array", "number", "null")


def value_for(schema: Any, *seed: object) -> Any:
    """A value that holds the schema, always the same for the same seed.

    Raises UnusableSchema, with the path within the schema, where there is none, where none was found, or where the
    schema asks for something that is not understood.
    """
    search = _Search(schema)
    try:
        return search.make([Place(schema, "#")], Draw("schema", *seed), search.levels)
    except _Exhausted:
        raise UnusableSchema("#", f"no value was found that holds it, after {_MOST_TRIES:,} tries") from None


class _Exhausted(Exception):
    """Enough was tried."""


def _nothing_holds(asked: Sequence[Place]) -> UnusableSchema:
    return UnusableSchema(asked[0].path, f"no value was found that holds {asked[0].schema!r:.80}")


class _Search:
    """One search: what the references point into, and how much was tried."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._depths = Depths(document, reachable(document))
        self._tries = 0
        self._parts = 0
        least = self._depths(document)
        if least == float("inf"):
            raise UnusableSchema("#", "what it requires contains itself without end")
        self.levels = least + _FURTHER_LEVELS

    def make(self, places: Sequence[Place], draw: Draw, depth: float) -> Any:
        """A value that holds all of these. Raises UnusableSchema for the first reason why there is none."""
        self._parts += 1
        if self._parts > _MOST_PARTS:
            depth = 0
        asked = tuple(places) or (Place(True, "#"),)
        reasons = [] if depth > _DEEPEST else [UnusableSchema(asked[0].path, "what it requires goes on without end")]
        ways = () if reasons else self._chosen(asked, (), draw, depth, frozenset())
        for number, facets in enumerate(islice(ways, _MOST_EXPANSIONS)):
            try:
                return self._first_valid(self._candidates(facets, draw.fork(number), depth), asked)
            except UnusableSchema as error:
                reasons.append(error)
        raise next(iter(reasons), _nothing_holds(asked))

    def _first_valid(self, candidates: Iterator[Any], asked: tuple[Place, ...]) -> Any:
        for candidate in candidates:
            self._tries += 1
            if self._tries > _MOST_TRIES:
                raise _Exhausted
            if all(valid(candidate, place.schema, self._document) for place in asked):
                return candidate
        raise _nothing_holds(asked)

    def _chosen(
        self, todo: tuple[Place, ...], done: tuple[Place, ...], draw: Draw, depth: float, followed: frozenset[int]
    ) -> Iterator[Facets]:
        """The ways in which all choices can be made, in any order; each gives schemas without one."""
        if not todo:
            yield Facets(done or (Place({}, "#"),))
            return
        (schema, path), rest = todo[0], todo[1:]
        if isinstance(schema, bool):
            yield from self._chosen(rest, done, draw, depth, followed) if schema else ()
            return
        if id(schema) in followed:
            yield from self._chosen(rest, done, draw, depth, followed)
            return
        done += (Place(schema, path),)
        for number, more in enumerate(self._ways(schema, path, draw, depth)):
            yield from self._chosen((*more, *rest), done, draw.fork(number), depth, followed | {id(schema)})

    def _ways(self, schema: Mapping[str, Any], path: str, draw: Draw, depth: float) -> Iterator[tuple[Place, ...]]:
        """The ways to choose within one schema: what has to hold besides what it says itself."""
        always = [Place(each, f"{path}/allOf/{index}") for index, each in enumerate(schema.get("allOf", ()))]
        if "$ref" in schema:
            target = target_of(schema["$ref"], self._document)
            always.insert(0, Place(target, "/".join(("#", *parts_of(schema["$ref"])))))
        ways: Iterator[tuple[Place, ...]] = iter([tuple(always)])
        for options in self._options(schema, path):
            ways = self._combined(ways, self._in_order(options, draw, depth))
        yield from ways

    def _combined(
        self, ways: Iterator[tuple[Place, ...]], options: Sequence[tuple[Place, ...]]
    ) -> Iterator[tuple[Place, ...]]:
        return ((*way, *option) for way in ways for option in options)

    def _options(self, schema: Mapping[str, Any], path: str) -> Iterator[list[tuple[Place, ...]]]:
        """Each choice that a schema leaves, as what is to be chosen from."""
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                yield [(Place(each, f"{path}/{keyword}/{index}"),) for index, each in enumerate(schema[keyword])]
        if "if" in schema:
            met = Place(schema["if"], f"{path}/if"), Place(schema.get("then", True), f"{path}/then")
            yield [met, (Place(schema.get("else", True), f"{path}/else"),)]
        for keyword in ("dependentSchemas", "dependencies"):
            for name, each in schema.get(keyword, {}).items():
                if not isinstance(each, list):
                    where = f"{path}/{keyword}/{name}"
                    without = Place({"properties": {name: False}}, where)
                    yield [(without,), (Place({"required": [name]}, where), Place(each, where))]

    def _in_order(self, options: list[tuple[Place, ...]], draw: Draw, depth: float) -> list[tuple[Place, ...]]:
        """Those first that end soon enough, in any order; the others behind them, the shallowest first."""

        def least(option: tuple[Place, ...]) -> float:
            return max((self._depths(place.schema) for place in option), default=0.0)

        order = draw.fork("options").permuted(options)
        return sorted(order, key=lambda option: 0.0 if least(option) <= depth else least(option))

    def _candidates(self, facets: Facets, draw: Draw, depth: float) -> Iterator[Any]:
        """Values that might hold: those that are listed, or made of each type that is allowed."""
        listed: list[list[Any]] = [*facets.all("enum"), *([each] for each in facets.all("const"))]
        if listed:
            fewest = min(listed, key=len)
            yield from map(deepcopy, draw.permuted(fewest))  # what is made is the caller's, to change as he likes
            return
        for name in self._types(facets, draw):
            row = draw.fork(name)
            if name == "object":
                yield from mappings(facets, row, self.make, depth)
            elif name == "array":
                yield from lists(facets, row, self.make, depth)
            else:
                yield from islice(_plain(name, facets, row), _MOST_OF_A_TYPE)

    def _types(self, facets: Facets, draw: Draw) -> list[str]:
        """The types that are allowed, in any order; without a type first those that the schema speaks of."""
        told = [{each} if isinstance(each, str) else set(each) for each in facets.all("type")]
        told = [each | {"integer"} if "number" in each else each for each in told]
        if told:
            allowed = set.intersection(*told)
            return draw.permuted(name for name in TYPES if name in allowed)
        meant = [kind for place in facets.places for word, kind in _BY_KEYWORD.items() if word in place.schema]
        return list(dict.fromkeys((*meant, *_ANY)))


def _plain(name: str, facets: Facets, draw: Draw) -> Iterator[Any]:
    """Values without parts."""
    if name == "string":
        return iter(texts(facets, draw))
    if name in ("integer", "number"):
        return iter(numbers(facets, draw, whole=name == "integer"))
    return iter(draw.permuted([True, False]) if name == "boolean" else [None])
