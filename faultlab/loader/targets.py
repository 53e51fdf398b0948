"""What is under test, as a file names it: a word, or a mapping with what that target needs to know."""

from __future__ import annotations

import re
from typing import Any, Final

from faultlab.loader.described import array_of, described, object_of, schema_of
from faultlab.loader.shapes import Shape, choice, fields, flag, items, misfit, number, text, whole
from faultlab.loader.tree import Tree, refusal
from faultlab.scenario import CallableTarget, CommandTarget, HermesTarget, SdkTarget, Target

__all__ = ["target"]

_FUNCTION: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_HOST: Final = re.compile(r"[^\s*/]+")

_SDK: Final[dict[str, tuple[str, Shape[Any]]]] = {
    "call": ("call", choice("call", ("chat", "responses"))),
    "stream": ("stream", flag),
    "async": ("is_async", flag),
    "max_retries": ("max_retries", whole(0, 20)),
}
_SDK_SHAPES: Final = {name: shape for name, (_, shape) in _SDK.items()}


@described(lambda: {"anyOf": [object_of(_SDK_SHAPES), {"type": "null"}]})
def _sdk(tree: Tree) -> Target:
    if tree.value is None:
        return SdkTarget()
    return SdkTarget(**{_SDK[name][0]: value for name, value in fields(tree, _SDK_SHAPES).items()})


@described({"type": "string", "pattern": f"^{_FUNCTION.pattern}$"})
def _function(tree: Tree) -> str:
    if not _FUNCTION.fullmatch(text(tree)):
        raise misfit(tree, "a function, as `package.module:function`")
    return text(tree)


@described({"type": "string", "pattern": r"^[^\s*/]+$"})
def _host(tree: Tree) -> str:
    if not _HOST.fullmatch(text(tree)):
        raise misfit(tree, "a host, as `localhost:8000` or `example.com`")
    return text(tree)


_allow: Final = items(_host, "a list of hosts")

_CALLABLE: Final[dict[str, Shape[Any]]] = {"callable": _function, "allow": _allow}


@described(lambda: object_of(_CALLABLE, needed=("callable",)))
def _callable(tree: Tree) -> Target:
    read = fields(tree, _CALLABLE)
    return CallableTarget(read["callable"], read.get("allow", ()))


@described(lambda: array_of(text, least=1))
def _argv(tree: Tree) -> tuple[str, ...]:
    parts = _parts(tree)
    if not parts or not parts[0]:
        raise misfit(tree, "a program and its arguments")
    for part, child in zip(parts, tree.value, strict=True):
        if "\0" in part:
            raise refusal(child.mark, "the system takes no argument with a zero byte")
    return parts


_parts: Final = items(text, "a list: a program and its arguments")


@described({"type": "number", "exclusiveMinimum": 0})
def _timeout(tree: Tree) -> float:
    seconds = number(tree)
    if not seconds:
        raise misfit(tree, "a number of seconds above 0")
    return seconds


_COMMAND: Final[dict[str, Shape[Any]]] = {"command": _argv, "timeout_s": _timeout, "allow": _allow}


@described(lambda: object_of(_COMMAND, needed=("command",)))
def _command(tree: Tree) -> Target:
    read = fields(tree, _COMMAND)
    return CommandTarget(read.pop("command"), **read)


_ALONE: Final[dict[str, Shape[Any]]] = {"sdk": _sdk}


@described(lambda: object_of(_ALONE, needed=("sdk",)))
def _client(tree: Tree) -> Target:
    found: Target = fields(tree, _ALONE)["sdk"]
    return found


_MAPPINGS: Final[dict[str, Shape[Target]]] = {"sdk": _client, "callable": _callable, "command": _command}
"""Each by its first key; a function and a command may have a second one."""

_WORDS: Final[dict[str, Target]] = {"hermes": HermesTarget(), "sdk": SdkTarget()}


_target_word: Final = choice("target", _WORDS)


@described(lambda: {"anyOf": [schema_of(_target_word), *map(schema_of, _MAPPINGS.values())]})
def target(tree: Tree) -> Target:
    """The thing under test."""
    if type(tree.value) is not dict:
        return _WORDS[_target_word(tree)]
    named = [name for name in tree.value if name in _MAPPINGS]
    if len(named) == 1:
        return _MAPPINGS[named[0]](tree)
    if len(tree.value) == 1:  # a name that is none, and the nearest one
        fields(tree, _MAPPINGS)
    raise misfit(tree, "one target")
