"""One document of a file as a scenario: every key of the format, and who reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Final

from faultlab.expectations import DEFAULTS, Expectation, is_waived
from faultlab.loader.cassettes import WrittenCassette, held_playable
from faultlab.loader.contradictions import refuse_contradictions
from faultlab.loader.described import described, object_of, schema_of
from faultlab.loader.expecting import expectations
from faultlab.loader.shapes import (
    Shape,
    choice,
    entries,
    fields,
    flag,
    items,
    misfit,
    number,
    plain,
    text,
    whole,
)
from faultlab.loader.sides import faults, limits, refresh
from faultlab.loader.speech import answers, history, tools
from faultlab.loader.targets import target
from faultlab.loader.tree import Tree, refusal, shown
from faultlab.policy import FALLBACK, PRIMARY, Policy, Problem
from faultlab.scenario import (
    ENTRIES,
    HermesTarget,
    Scenario,
    Side,
    Target,
    TurnPlan,
)
from faultlab.verdict import Place

__all__ = ["DEFAULT_CONFIG", "DOCUMENT", "ConfigReader", "Reading"]

_Env = tuple[tuple[str, str | None], ...]
_Renewals = tuple[tuple[str, tuple[str, ...]], ...]
ConfigReader = Callable[[str, _Env, _Renewals], Policy | Problem]
"""Reads the text of a config.yaml as the agent would, with these variables and renewals."""

DEFAULT_CONFIG: Final = json.dumps(
    {
        "model": {"provider": "openai", "default": "gpt-5.1"},
        "fallback_model": {"provider": "openrouter", "model": "anthropic/claude-sonnet-4"},
    }
)
"""What the agent is configured with when a file does not say."""

_CLAUSE: Final = re.compile(r"C([1-9]|1[0-9]|20)|I([1-9]|1[01])")


@described({"type": "object"})
def _config(tree: Tree) -> str:
    if type(tree.value) is not dict:
        raise misfit(tree, "a mapping: what stands in config.yaml")
    return json.dumps(plain(tree))


@described({"type": "string", "pattern": f"^({_CLAUSE.pattern})$"})
def _clause(tree: Tree) -> str:
    if not _CLAUSE.fullmatch(text(tree)):
        raise misfit(tree, "a clause of the contract, C1 to C20 or I1 to I11")
    return text(tree)


@described({"type": ["string", "null"]})
def _variable(tree: Tree) -> str | None:
    return None if tree.value is None else text(tree)


_variables: Final = entries(_variable, "a mapping from variables to texts or null")


@described(lambda: schema_of(_variables) | {"propertyNames": {"pattern": "^[^=\\u0000]+$"}})
def _env(tree: Tree) -> _Env:
    read = _variables(tree)
    for name, value in read:
        if not name or "=" in name or "\0" in name + (value or ""):
            raise refusal(tree.value[name].key, f"the system takes no variable {shown(name)} with this name and value")
    return read


_INTERRUPT: Final[dict[str, Shape[Any]]] = {"after_s": number}


@described(lambda: object_of(_INTERRUPT, needed=_INTERRUPT))
def _interrupt(tree: Tree) -> float:
    after_s: float = fields(tree, _INTERRUPT, needed=_INTERRUPT)["after_s"]
    return after_s


@described(lambda: schema_of(expectations))
def _as_it_stands(tree: Tree) -> Tree:
    return tree


_TURN: Final[dict[str, Shape[Any]]] = {
    "user": text,
    "session": text,
    "resume": flag,
    "interrupt": _interrupt,
    "expect": _as_it_stands,
}


@dataclass(frozen=True, slots=True)
class _Turns:
    """What happens in the turns, and what is expected of them."""

    plans: tuple[TurnPlan, ...]
    expectations: tuple[Expectation, ...]


@described(lambda: schema_of(_listed_turns) | {"minItems": 1})
def _turns(tree: Tree) -> _Turns:
    listed = _listed_turns(tree)
    if not listed:
        raise misfit(tree, "at least one turn")
    expected = (_expected(turn, number) for number, turn in enumerate(tree.value, 1))
    return _Turns(listed, tuple(chain.from_iterable(expected)))


@described(lambda: object_of(_TURN, needed=("user",)))
def _turn(tree: Tree) -> TurnPlan:
    read = fields(tree, _TURN, needed=("user",))
    return TurnPlan(read["user"], read.get("session", "main"), read.get("resume", False), read.get("interrupt"))


_listed_turns: Final[Shape[tuple[TurnPlan, ...]]] = items(_turn, "a list of turns")


def _expected(turn: Tree, number: int) -> list[Expectation]:
    """What a turn is held to: what its `expect` says, the two defaults where it says nothing, nothing for `any`."""
    own = turn.value.get("expect")
    said = expectations(own, number) if own is not None else ()
    place = _place(own.key if own is not None else turn.mark)
    keys = {expectation.key for expectation in said}
    defaults = [Expectation(key, value, place, number) for key, value in DEFAULTS if key not in keys]
    return [*defaults, *(each for each in said if not is_waived(each))]


@described(lambda: schema_of(expectations))
def _of_all_turns(tree: Tree) -> tuple[Expectation, ...]:
    return expectations(tree, None)


def _laid_before(tree: Tree) -> Tree:
    """What was laid over the document already."""
    return tree


DOCUMENT: Final[dict[str, Shape[Any]]] = {
    "name": text,
    "clauses": items(_clause, "a list of clauses"),
    "why": text,
    "config": _config,
    "env": _env,
    "says": answers,
    "faults": faults,
    "limits": limits,
    "refresh": refresh,
    "history": history,
    "tools": tools,
    "entry": choice("entrance", ENTRIES),
    "target": target,
    "seed": whole(0, 2**63),
    "turns": _turns,
    "expect": _of_all_turns,
    "each": _laid_before,
}
_SAME_NAME: Final = ("clauses", "why", "env", "history", "tools", "seed")


class Reading:
    """Reads the items of one file. What several of them share, tree for tree, is read once."""

    def __init__(self, read_config: ConfigReader, folder: Path) -> None:
        self._read_config = read_config
        self._folder = folder
        self._shapes = {name: _once(shape) for name, shape in DOCUMENT.items()}

    def scenario(self, tree: Tree, item_id: str) -> Scenario:
        """The scenario that a document without `each` holds. Raises ScenarioError for whatever cannot be used."""
        read = fields(tree, self._shapes, needed=("name", "turns"))
        renewals = read.get("refresh", {})
        made = Scenario(
            id=item_id,
            name=read["name"],
            place=_place(tree.mark),
            turns=read["turns"].plans,
            expectations=read["turns"].expectations + read.get("expect", ()),
            policy=self._policy(tree, read, tuple(renewals.items())),
            config=read.get("config", DEFAULT_CONFIG),
            primary=_side(PRIMARY, read, renewals),
            fallback=_side(FALLBACK, read, renewals),
            target=_entered(read),
            **self._answers(read),
            **{name: read[name] for name in _SAME_NAME if name in read},
        )
        refuse_contradictions(made, tree)
        return made

    def _answers(self, read: Mapping[str, Any]) -> dict[str, Any]:
        said = read.get("says", ())
        return {"cassette": held_playable(said, self._folder)} if isinstance(said, WrittenCassette) else {"says": said}

    def _policy(self, tree: Tree, read: Mapping[str, Any], renewals: _Renewals) -> Policy:
        found = self._read_config(read.get("config", DEFAULT_CONFIG), read.get("env", ()), renewals)
        if isinstance(found, Policy):
            return found
        at = tree.value.get("config", tree)
        for name in found.path:
            at = at.value.get(name, at) if type(at.value) is dict else at
        raise refusal(at.mark, found.message)


def _once(shape: Shape[Any]) -> Shape[Any]:
    """The same shape, which reads each tree once; a tree that was read stays, so that its identity stays its own."""
    known: dict[int, tuple[Tree, Any]] = {}

    def read(tree: Tree) -> Any:
        found = known.get(id(tree))
        if found is None:
            found = known[id(tree)] = tree, shape(tree)
        return found[1]

    return read


def _side(name: str, read: Mapping[str, Any], renewals: Mapping[str, Any]) -> Side:
    return Side(read.get("faults", {}).get(name, ()), read.get("limits", {}).get(name), renewals.get(name))


def _entered(read: Mapping[str, Any]) -> Target:
    chosen: Target = read.get("target", HermesTarget())
    if "entry" not in read or not isinstance(chosen, HermesTarget):
        return chosen
    return replace(chosen, entry=read["entry"])


def _place(mark: Any) -> Place:
    return Place(mark.name, mark.line + 1, mark.column + 1)
