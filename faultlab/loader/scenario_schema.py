"""The scenario format as one JSON schema, for editors: made from the tables by which files are read.

It says less than the loader does: what two keys ask of each other, and what a provider or a target is able to, stands
in no schema.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from faultlab.loader.described import Schema, schema_of
from faultlab.loader.document import DOCUMENT
from faultlab.loader.layers import NAME
from faultlab.loader.schemas import schemas
from faultlab.policy import UPSTREAMS

__all__ = ["FILE", "scenario_schema"]

FILE: Final = Path(__file__).parent / "scenario.schema.json"
"""Where the schema stands that is published: made anew by `make reference`, with the sentences of the documentation."""

_NEEDED: Final = ["name", "turns"]


def scenario_schema(sentences: Mapping[str, str]) -> Schema:
    """The schema of a document, with sentences for people by the path of a key: `faults`, `turns.user`, `limits.…`."""
    properties = {name: _of_key(name, sentences) for name in DOCUMENT if name != "each"}
    laid = {name: _optional(_laid(schema)) for name, schema in properties.items()}
    each = {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": f"^{NAME.pattern}$"},
        "additionalProperties": {"type": "object", "properties": laid, "additionalProperties": False},
    }
    properties["each"] = {"description": sentences.get("each", ""), **each}
    shared = _shared(sentences)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",  # the draft that editors know
        "title": "A faultlab scenario",
        "type": "object",
        "properties": _with_references(properties, shared),
        "additionalProperties": False,
        # Under `each` the keys may come from there.
        "anyOf": [{"required": _NEEDED}, {"required": ["each"]}],
        "definitions": {name: _with_references(schema, shared, inside=name) for name, schema in shared.items()},
    }


def _of_key(name: str, sentences: Mapping[str, str]) -> Schema:
    schema = _OTHERWISE[name]() if name in _OTHERWISE else schema_of(DOCUMENT[name])
    return _told(schema, name, sentences)


def _entries() -> Schema:
    """A list of entrances makes several items of one document."""
    one = schema_of(DOCUMENT["entry"])
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}


def _by_upstream(schema: Schema) -> Schema:
    return {"type": "object", "properties": dict.fromkeys(UPSTREAMS, schema), "additionalProperties": False}


_OTHERWISE: Final[Mapping[str, Callable[[], Schema]]] = {
    "entry": _entries,
    "faults": lambda: _by_upstream({"type": "array", "items": schemas()["Fault"]}),
    "limits": lambda: _by_upstream(schemas()["Limits"]),
}
"""Keys whose values are read by more than their shape."""


def _told(schema: Schema, path: str, sentences: Mapping[str, str]) -> Schema:
    """With the sentence of this path, and those of all paths below it."""
    told = {"description": sentences[path], **schema} if path in sentences else dict(schema)
    if "properties" in told:
        told["properties"] = {
            name: _told(each, _below(path, name), sentences) for name, each in told["properties"].items()
        }
    if isinstance(told.get("items"), dict):
        told["items"] = _told(told["items"], f"{path}{_WITHIN}", sentences)
    return told


_WITHIN: Final = "[]"
"""Behind the path of a list, or of what there is for each upstream: an item of it has no sentence of its own."""


def _below(path: str, name: str) -> str:
    """The path of a key. The `expect` of a turn is told as the one beside `turns`."""
    if name in UPSTREAMS:
        return f"{path}{_WITHIN}"
    return name if name == "expect" else f"{path.replace(_WITHIN, '')}.{name}"


def _shared(sentences: Mapping[str, str]) -> dict[str, Schema]:
    """What stands in several places, by its name."""
    turns, faults, says = (_of_key(name, sentences) for name in ("turns", "faults", "says"))
    return {
        "fault": faults["properties"][UPSTREAMS[0]]["items"],
        "limits": _of_key("limits", sentences)["properties"][UPSTREAMS[0]],
        "answer": says["anyOf"][0]["items"],  # beside it stands where they were recorded
        "expect": turns["items"]["properties"]["expect"],
        "turn": turns["items"],
    }


def _with_references(schema: Any, shared: Mapping[str, Schema], *, inside: str = "") -> Any:
    """The same with a reference in place of whatever is shared."""
    name = next((name for name, each in shared.items() if name != inside and each == schema), None)
    if name is not None:
        return {"$ref": f"#/definitions/{name}"}
    if isinstance(schema, dict):
        return {key: _with_references(each, shared, inside="") for key, each in schema.items()}
    return [_with_references(each, shared) for each in schema] if isinstance(schema, list) else schema


def _laid(schema: Schema) -> Schema:
    """What may be laid over a value of a schema: mappings merge, so that nothing in them is needed and null removes."""
    laid = {key: each for key, each in schema.items() if key not in ("required", "minProperties", "not")}
    if "properties" in laid:
        laid["properties"] = {name: _optional(_laid(each)) for name, each in laid["properties"].items()}
    if isinstance(laid.get("additionalProperties"), dict):
        laid["additionalProperties"] = _optional(_laid(laid["additionalProperties"]))
    if "anyOf" in laid:
        laid["anyOf"] = [_laid(each) for each in laid["anyOf"]]
    return laid


def _optional(schema: Schema) -> Schema:
    """Or null."""
    told = {"description": schema["description"]} if "description" in schema else {}
    return {**told, "anyOf": [{key: each for key, each in schema.items() if key != "description"}, {"type": "null"}]}
