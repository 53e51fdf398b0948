"""Lists and mappings for a JSON schema: candidates whose parts are made one by one, by whoever is handed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from faultlab.content.draw import Draw
from faultlab.content.patterns import pattern
from faultlab.content.scalars import Facets, Place
from faultlab.content.validity import places_of_item, places_of_property
from faultlab.errors import UnusableSchema

__all__ = ["Make", "lists", "mappings"]

Make = Callable[[Sequence[Place], Draw, float], Any]
"""Makes a value that holds these schemas, in so many levels if it can. Raises UnusableSchema if there is none."""

_TRIES: Final = 10
_FURTHER_ITEMS: Final = 2
_EXTRA_NAMES: Final = ("note", "detail", "label", "remark", "extra", "option", "aspect", "context")
_MOST_NAMES: Final = 1000


def lists(facets: Facets, draw: Draw, make: Make, depth: float) -> Iterator[list[Any]]:
    """Lists of the sizes that are asked for, the shortest where there is no room to go deeper."""
    wanted = [place for place in facets.places for _ in range(_contained(place.schema))]
    low = max([facets.low("minItems"), *(_contained(place.schema) for place in facets.places)])
    high = facets.high("maxItems")
    for number in range(_TRIES):
        row = draw.fork(number)
        least = max(low, (len(wanted), 1, 0)[number % 3])
        size = row.between(least, least + _FURTHER_ITEMS) if depth > 0 else low
        size = size if high is None else min(size, high)
        if size < low:
            return
        yield _filled(facets, row, make, depth, range(low, size), wanted)


def _contained(schema: Any) -> int:
    """How many items at least have to be of the kind that it names."""
    return int(schema.get("minContains", 1)) if "contains" in schema else 0


def _filled(facets: Facets, draw: Draw, make: Make, depth: float, spare: range, wanted: Sequence[Place]) -> list[Any]:
    """Items up to those that can be spared, and of these as many as there can be; some are of the kinds wanted."""
    chosen = dict(zip(draw.permuted(range(spare.stop)), wanted, strict=False))
    is_unique = any(facets.all("uniqueItems"))
    made: list[Any] = []
    for index in range(spare.stop):
        places = [
            Place(each, f"{place.path}/{keyword}")
            for place in facets.places
            for keyword, each in places_of_item(place.schema, index)
        ]
        if index in chosen:
            places.append(Place(chosen[index].schema["contains"], f"{chosen[index].path}/contains"))
        if is_unique and made:
            places.append(Place({"not": {"enum": list(made)}}, f"{facets.places[0].path}/uniqueItems"))
        try:
            made.append(make(places, draw.fork(index), depth - 1))
        except UnusableSchema:
            if index in spare:
                break
            raise
    return made


def mappings(facets: Facets, draw: Draw, make: Make, depth: float) -> Iterator[dict[str, Any]]:
    """Mappings with what is required, and more of what is allowed."""
    required = _required(facets)
    for number in range(_TRIES):
        row = draw.fork(number)
        names = _names(facets, row, make, required, (2, 0, 3)[number % 3] if depth > 0 else 0)
        made: dict[str, Any] = {}
        for name in names:
            try:
                made[name] = make(_places(facets, name), row.fork("property", name), depth - 1)
            except UnusableSchema:
                if name in required:
                    raise
        yield made


def _places(facets: Facets, name: str) -> list[Place]:
    return [
        Place(each, f"{place.path}/{keyword}")
        for place in facets.places
        for keyword, each in places_of_property(place.schema, name)
    ]


def _required(facets: Facets) -> list[str]:
    """All that cannot be left out, each name once."""
    return list(dict.fromkeys(name for names in facets.all("required") for name in names))


def _names(facets: Facets, draw: Draw, make: Make, required: Sequence[str], of_three: int) -> list[str]:
    """The names of one mapping: what is required, and so many of three that need not be there."""
    low, high = facets.low("minProperties"), facets.high("maxProperties")
    declared = [name for held in facets.all("properties") for name, each in held.items() if each is not False]
    optional = [name for name in dict.fromkeys(declared) if name not in required]
    chosen = {*required, *(name for name in optional if draw.happens(of_three, 3))}
    chosen = _closed(facets, chosen)
    room = len(chosen) if high is None else high
    spare = [name for name in draw.permuted(optional) if name in chosen]
    while len(chosen) > room and spare:
        chosen.discard(spare.pop())
    for name in draw.permuted(optional):
        if len(chosen) < low:
            chosen.add(name)
    further = _further(facets, draw, make, low - len(chosen), chosen)
    order = [*dict.fromkeys((*declared, *required))]
    return [*(name for name in order if name in chosen), *sorted(chosen.difference(order)), *further]


def _closed(facets: Facets, names: set[str]) -> set[str]:
    """With all that the presence of each asks for."""
    rules = [*facets.all("dependentRequired"), *facets.all("dependencies")]
    found, todo = set(names), list(names)
    while todo:
        name = todo.pop()
        for needed in (rule[name] for rule in rules if isinstance(rule.get(name), list)):
            todo += [each for each in needed if each not in found]
            found.update(needed)
    return found


def _further(facets: Facets, draw: Draw, make: Make, count: int, taken: set[str]) -> list[str]:
    """Names that no schema declares, where there have to be more."""
    if count <= 0:
        return []
    names = (name for name in _made_names(facets, draw, make) if name not in taken and _is_allowed(facets, name))
    return list(islice(dict.fromkeys(islice(names, _MOST_NAMES)), count))


def _is_allowed(facets: Facets, name: str) -> bool:
    return all(each is not False for _, each in ((place.path, place.schema) for place in _places(facets, name)))


def _made_names(facets: Facets, draw: Draw, make: Make) -> Iterator[str]:
    for each in (text for held in facets.all("patternProperties") for text in held):
        for number in range(_MOST_NAMES // 20):
            # Longer ones too: the shortest of a pattern with an open end is one and the same.
            shortest = number if number % 2 else 0
            yield from islice(pattern(each).texts(shortest, None, draw.fork(each, number)), 1)
    rules = [
        Place(place.schema["propertyNames"], f"{place.path}/propertyNames")
        for place in facets.places
        if "propertyNames" in place.schema
    ]
    if not rules:
        yield from _EXTRA_NAMES
        yield from (f"{name}_{number}" for number in range(1, _MOST_NAMES // 8) for name in _EXTRA_NAMES)
        return
    taken: list[str] = []
    for number in range(_MOST_NAMES // 20):
        another = Place({"type": "string", "not": {"enum": taken or [None]}}, rules[0].path)
        try:
            taken.append(make([*rules, another], draw.fork("name", number), 0))
        except UnusableSchema:
            return
        yield taken[-1]
