"""The words for answers, faults and limits as JSON Schema, for those who write them by hand or by a program.

Made from the same tables that read them. What two fields ask of each other no schema says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, Final

from faultlab.faults import FAULTS, Fault
from faultlab.faults.base import Unit
from faultlab.faults.catalogued import Wire
from faultlab.limits import Limits
from faultlab.loader.described import schema_of
from faultlab.loader.sides import MOST_TIMES
from faultlab.loader.speech import says
from faultlab.providers import entries

__all__ = ["schemas"]

_Schema = dict[str, Any]

_TYPES: Final[Mapping[type, str]] = {bool: "boolean", int: "integer", float: "number", str: "string", Mapping: "object"}


def schemas() -> dict[str, _Schema]:
    """One each for an answer, an entry of a list of faults, and the limits of an upstream."""
    answer = {"description": "What a healthy model answers."} | schema_of(says)["items"]
    return {"Answer": answer, "Fault": _fault(), "Limits": _limits()}


def _limits() -> _Schema:
    counted = {each.name: {"type": ["integer", "null"], "minimum": 1} for each in fields(Limits)}
    return {"description": "What a provider allows; left out: anything."} | _object(counted)


def _fault() -> _Schema:
    """A name, or a mapping from names to their fields."""
    bare = [name for name, fault in FAULTS.items() if not fault.shorthand]
    named = {name: _of_one(fault) for name, fault in FAULTS.items()} | {"ok": {}}
    times = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": MOST_TIMES}, {"const": "forever"}]}
    several = _object(named | {"times": times})
    # `times` alone names no fault.
    several["not"] = {"required": ["times"], "maxProperties": 1}
    return {
        "description": "What goes wrong with one request, or with so many `times`: faults, applied in this order. "
        "Which `variant` there is depends on the provider, and what can be played on where it is played.",
        "anyOf": [{"enum": sorted([*bare, "ok"])}, several],
    }


def _of_one(fault: type[Fault]) -> _Schema:
    given = {each.name: _of_field(each) for each in fields(fault)}
    if fault is Wire:
        given["id"] |= {"description": "An entry of the catalogue.", "enum": [entry.id for entry in entries()]}
    schema = _object(given, *([fault.shorthand] if fault.shorthand else []))
    shown: list[_Schema] = [schema] if fault.shorthand else [schema, {"type": "null"}]
    if fault.shorthand:
        shown.append(given[fault.shorthand])
    return {"description": " ".join((fault.__doc__ or "").split()), "anyOf": shown}


def _of_field(field: Field[Any]) -> _Schema:
    unit: Unit | None = field.metadata.get("unit")
    return {} if unit is None else _of_unit(unit, is_needed=field.default in (MISSING, ""))


def _of_unit(unit: Unit, *, is_needed: bool) -> _Schema:
    """What it may hold; a field that may be left out may be null as well."""
    types = [_TYPES[one] for one in unit.types if not (one is int and float in unit.types)]
    schema: _Schema = {"description": unit.sentence, "type": types if is_needed else [*types, "null"]}
    if unit.words:
        schema["enum"] = [*unit.words, *([] if is_needed else [None])]
    if "integer" in types or "number" in types:
        schema |= {"minimum": unit.low} if math.isfinite(unit.low) else {}
        schema |= {"maximum": unit.high} if math.isfinite(unit.high) else {}
    if "object" in types:
        schema["additionalProperties"] = {"type": ["string", "number"]}
    return schema


def _object(properties: _Schema, *needed: str) -> _Schema:
    """A mapping from our own keys."""
    required = {"required": list(needed)} if needed else {}
    return {"type": "object", "properties": properties, "additionalProperties": False} | required
