"""What a file says of the providers: faults, limits, what renewing a credential does. Trees in, frozen values out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields as fields_of
from typing import Any, Final

from faultlab.errors import ScenarioError, UnknownName
from faultlab.faults import FAULTS, Fault
from faultlab.limits import Limits
from faultlab.loader.described import Schema, described, schema_of
from faultlab.loader.shapes import choice, fields, items, misfit, one_or_more, plain, unknown
from faultlab.loader.tree import Tree, place_of, refusal
from faultlab.policy import PRIMARY, UPSTREAMS
from faultlab.schedule import Entry
from faultlab.upstream import REFRESH_WORDS

__all__ = ["MOST_TIMES", "faults", "limits", "refresh"]

_OK: Final = "ok"
MOST_TIMES: Final = 100_000
_FIELDS: Final = {name: tuple(field.name for field in fields_of(fault)) for name, fault in FAULTS.items()}


def _entry(tree: Tree) -> Entry:
    """A fault's name, `ok`, or a mapping of one or more faults with their fields, and `times`."""
    if type(tree.value) is str:
        return Entry(_named(tree.value, tree.mark, None), written=place_of(tree.mark))
    if type(tree.value) is not dict:
        raise misfit(tree, "a fault's name, `ok`, or a mapping of faults")
    found: tuple[Fault, ...] = ()
    times: int | None = 1
    for name, child in tree.value.items():
        if name == "times":
            times = _times(child)
        else:
            found += _named(name, child.key, child)
    if "times" in tree.value and len(tree.value) == 1:
        raise refusal(tree.mark, "`times` of what? the entry names no fault", sorted((*FAULTS, _OK)))
    return Entry(found, times, written=place_of(tree.mark))


def _times(tree: Tree) -> int | None:
    if tree.value == "forever":
        return None
    if type(tree.value) is not int or not 1 <= tree.value <= MOST_TIMES:
        raise misfit(tree, f"a whole number from 1 to {MOST_TIMES}, or `forever`")
    return tree.value


def _named(name: str, mark: Any, given: Tree | None) -> tuple[Fault, ...]:
    if name == _OK:
        return ()
    if name not in FAULTS:
        raise unknown(mark, "fault", name, (*FAULTS, _OK))
    made, short = FAULTS[name], FAULTS[name].shorthand
    if given is None or given.value is None:
        if short:
            raise refusal(mark, f"`{name}` of what? it takes its {short}: {{{name}: …}}")
        return (made(),)
    if short and type(given.value) is not dict:
        given = Tree({short: given}, given.mark, given.key)
    return (_made(made, given, _FIELDS[name]),)


def _made(made: type, tree: Tree, names: tuple[str, ...]) -> Any:
    """A frozen value from its fields; the value itself says which of them is out of range."""
    read = fields(tree, dict.fromkeys(names, plain))
    try:
        return made(**read)
    except UnknownName as error:
        raise refusal(tree.mark, str(error), error.allowed) from None
    except ValueError as error:
        raise _out_of_range(tree, str(error)) from None


def _out_of_range(tree: Tree, message: str) -> ScenarioError:
    culprit = tree.value.get(message.partition(":")[0], tree)
    return refusal(culprit.mark, message)


_FAULTS: Final = items(_entry, "a list of faults")
_LIMITS: Final = tuple(field.name for field in fields_of(Limits))


def faults(tree: Tree, upstreams: Iterable[str] = UPSTREAMS) -> Mapping[str, tuple[Entry, ...]]:
    """What goes wrong, by upstream."""
    return fields(tree, dict.fromkeys(upstreams, _FAULTS))


def _limits_of_one(tree: Tree) -> Limits:
    made: Limits = _made(Limits, tree, _LIMITS)
    return made


def limits(tree: Tree, upstreams: Iterable[str] = UPSTREAMS) -> Mapping[str, Limits]:
    """Limits that behave like real ones, by upstream."""
    return fields(tree, dict.fromkeys(upstreams, _limits_of_one))


_WORDS: Final = one_or_more(choice("refresh", REFRESH_WORDS))


def _by_upstream(schema: Schema) -> Schema:
    return {"type": "object", "properties": dict.fromkeys(UPSTREAMS, schema), "additionalProperties": False}


@described(lambda: {"anyOf": [schema_of(_WORDS), _by_upstream(schema_of(_WORDS))]})
def refresh(tree: Tree) -> Mapping[str, tuple[str, ...]]:
    """What renewals do, by upstream; a bare word or list speaks of the primary."""
    if type(tree.value) is dict:
        return fields(tree, dict.fromkeys(UPSTREAMS, _WORDS))
    return {PRIMARY: _WORDS(tree)}
