"""One document of a file as a scenario: every key of the format, and who reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from faultlab.expectations import DEFAULTS, Expectation
from faultlab.loader.contradictions import refuse_contradictions
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
from faultlab.loader.speech import history, says, tools
from faultlab.loader.tree import Tree, refusal
from faultlab.policy import FALLBACK, PRIMARY, Policy, Problem
from faultlab.scenario import (
    ENTRIES,
    CallableTarget,
    HermesTarget,
    Scenario,
    SdkTarget,
    Side,
    Target,
    TurnPlan,
)
from faultlab.verdict import Place

__all__ = ["DEFAULT_CONFIG", "ConfigReader", "scenario"]

_Env = tuple[tuple[str, str | None], ...]
ConfigReader = Callable[[str, _Env, tuple[tuple[str, tuple[str, ...]], ...]], Policy | Problem]
"""Reads the text of a config.yaml as the agent would, with these variables and renewals."""

DEFAULT_CONFIG: Final = json.dumps(
    {
        "model": {"provider": "openai", "default": "gpt-5.1"},
        "fallback_model": {"provider": "openrouter", "model": "anthropic/claude-sonnet-4"},
    }
)
"""What the agent is configured with when a file does not say."""

_CLAUSE: Final = re.compile(r"C([1-9]|1[0-9]|20)|I([1-9]|1[01])")
_FUNCTION: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


def _config(tree: Tree) -> str:
    if type(tree.value) is not dict:
        raise misfit(tree, "a mapping: what stands in config.yaml")
    return json.dumps(plain(tree))


def _clause(tree: Tree) -> str:
    if not _CLAUSE.fullmatch(text(tree)):
        raise misfit(tree, "a clause of the contract, C1 to C20 or I1 to I11")
    return text(tree)


def _variable(tree: Tree) -> str | None:
    return None if tree.value is None else text(tree)


_variables: Final = entries(_variable, "a mapping from variables to texts or null")


def _env(tree: Tree) -> _Env:
    read = _variables(tree)
    for name, value in read:
        if not name or "=" in name or "\0" in name + (value or ""):
            raise refusal(tree.value[name].key, f"the system takes no variable {name!r} with this name and value")
    return read


_SDK: Final[dict[str, tuple[str, Shape[Any]]]] = {
    "call": ("call", choice("call", ("chat", "responses"))),
    "stream": ("stream", flag),
    "async": ("is_async", flag),
    "max_retries": ("max_retries", whole(0, 20)),
}
_SDK_SHAPES: Final = {name: shape for name, (_, shape) in _SDK.items()}


def _sdk(tree: Tree) -> Target:
    if tree.value is None:
        return SdkTarget()
    return SdkTarget(**{_SDK[name][0]: value for name, value in fields(tree, _SDK_SHAPES).items()})


def _callable(tree: Tree) -> Target:
    if not _FUNCTION.fullmatch(text(tree)):
        raise misfit(tree, "a function, as `package.module:function`")
    return CallableTarget(text(tree))


def _command(tree: Tree) -> Target:
    raise refusal(tree.mark, "target `command` needs the local server, which this version does not have yet")


_TARGETS: Final[dict[str, Shape[Target]]] = {"sdk": _sdk, "callable": _callable, "command": _command}
_WORDS: Final[dict[str, Target]] = {"hermes": HermesTarget(), "sdk": SdkTarget()}


_target_word: Final = choice("target", _WORDS)


def _target(tree: Tree) -> Target:
    if type(tree.value) is dict and len(tree.value) == 1:
        target: Target
        (target,) = fields(tree, _TARGETS).values()
        return target
    if type(tree.value) is dict:
        raise misfit(tree, "one target")
    return _WORDS[_target_word(tree)]


_INTERRUPT: Final[dict[str, Shape[Any]]] = {"after_s": number}


def _interrupt(tree: Tree) -> float:
    after_s: float = fields(tree, _INTERRUPT, needed=_INTERRUPT)["after_s"]
    return after_s


_TURN: Final[dict[str, Shape[Any]]] = {
    "user": text,
    "session": text,
    "resume": flag,
    "interrupt": _interrupt,
    "expect": lambda tree: tree,
}


def _turn(tree: Tree) -> tuple[TurnPlan, Tree]:
    """The plan of a turn, and the tree where its expectations stand."""
    read = fields(tree, _TURN, needed=("user",))
    plan = TurnPlan(read["user"], read.get("session", "main"), read.get("resume", False), read.get("interrupt"))
    return plan, tree


_listed_turns: Final = items(_turn, "a list of turns")


def _turns(tree: Tree) -> tuple[tuple[TurnPlan, Tree], ...]:
    turns = _listed_turns(tree)
    if not turns:
        raise misfit(tree, "at least one turn")
    return turns


_DOCUMENT: Final[dict[str, Shape[Any]]] = {
    "name": text,
    "clauses": items(_clause, "a list of clauses"),
    "why": text,
    "config": _config,
    "env": _env,
    "says": says,
    "faults": faults,
    "limits": limits,
    "refresh": refresh,
    "history": history,
    "tools": tools,
    "entry": choice("entrance", ENTRIES),
    "target": _target,
    "seed": whole(0, 2**63),
    "turns": _turns,
    "expect": lambda tree: expectations(tree, None),
    "each": lambda tree: tree,
}
_SAME_NAME: Final = ("clauses", "why", "env", "says", "history", "tools", "seed")


def scenario(tree: Tree, item_id: str, read_config: ConfigReader) -> Scenario:
    """The scenario that a document without `each` holds. Raises ScenarioError for whatever cannot be used."""
    read = fields(tree, _DOCUMENT, needed=("name", "turns"))
    turns = read["turns"]
    renewals = read.get("refresh", {})
    made = Scenario(
        id=item_id,
        name=read["name"],
        place=_place(tree.mark),
        turns=tuple([plan for plan, _ in turns]),
        expectations=_expected(turns) + read.get("expect", ()),
        policy=_policy(tree, read, renewals, read_config),
        config=read.get("config", DEFAULT_CONFIG),
        primary=_side(PRIMARY, read, renewals),
        fallback=_side(FALLBACK, read, renewals),
        target=_entered(read),
        **{name: read[name] for name in _SAME_NAME if name in read},
    )
    refuse_contradictions(made, tree)
    return made


def _policy(tree: Tree, read: Mapping[str, Any], renewals: Mapping[str, Any], read_config: ConfigReader) -> Policy:
    found = read_config(read.get("config", DEFAULT_CONFIG), read.get("env", ()), tuple(renewals.items()))
    if isinstance(found, Policy):
        return found
    at = tree.value.get("config", tree)
    for name in found.path:
        at = at.value.get(name, at) if type(at.value) is dict else at
    raise refusal(at.mark, found.message)


def _side(name: str, read: Mapping[str, Any], renewals: Mapping[str, Any]) -> Side:
    return Side(read.get("faults", {}).get(name, ()), read.get("limits", {}).get(name), renewals.get(name))


def _entered(read: Mapping[str, Any]) -> Target:
    target: Target = read.get("target", _WORDS["hermes"])
    if "entry" not in read or not isinstance(target, HermesTarget):
        return target
    return replace(target, entry=read["entry"])


def _expected(turns: tuple[tuple[TurnPlan, Tree], ...]) -> tuple[Expectation, ...]:
    """What each turn is held to: what its `expect` says, and the two defaults where it says nothing."""
    found: list[Expectation] = []
    for turn, (_, tree) in enumerate(turns, 1):
        own = tree.value.get("expect")
        said = expectations(own, turn) if own is not None else ()
        place = _place(own.key if own is not None else tree.mark)
        keys = {expectation.key for expectation in said}
        found += [Expectation(key, value, place, turn) for key, value in DEFAULTS if key not in keys]
        found += said
    return tuple(found)


def _place(mark: Any) -> Place:
    return Place(mark.name, mark.line + 1, mark.column + 1)
