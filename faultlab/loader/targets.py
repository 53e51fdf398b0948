"""What is under test, as a file names it: a word, or a mapping with what that target needs to know."""

from __future__ import annotations

import re
from typing import Any, Final

from faultlab.loader.described import Schema, array_of, described, object_of, schema_of
from faultlab.loader.shapes import Shape, choice, fields, flag, items, misfit, number, text, whole
from faultlab.loader.tree import Tree, refusal
from faultlab.scenario import CallableTarget, CommandTarget, HermesTarget, SdkTarget, Target

__all__ = ["target"]

_FUNCTION: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


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
def _callable(tree: Tree) -> Target:
    if not _FUNCTION.fullmatch(text(tree)):
        raise misfit(tree, "a function, as `package.module:function`")
    return CallableTarget(text(tree))


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


_COMMAND: Final[dict[str, Shape[Any]]] = {"command": _argv, "timeout_s": _timeout}


@described(lambda: object_of(_COMMAND, needed=("command",)))
def _command(tree: Tree) -> Target:
    read = fields(tree, _COMMAND)
    if "timeout_s" not in read:
        return CommandTarget(read["command"])
    return CommandTarget(read["command"], read["timeout_s"])


_TARGETS: Final[dict[str, Shape[Any]]] = {"sdk": _sdk, "callable": _callable, "command": _argv}
_WORDS: Final[dict[str, Target]] = {"hermes": HermesTarget(), "sdk": SdkTarget()}


_target_word: Final = choice("target", _WORDS)


def _mappings() -> list[Schema]:
    """Each target that is a mapping of one key; a command may have a second one."""
    return [object_of({name: shape}, needed=(name,)) for name, shape in _TARGETS.items() if name != "command"]


@described(lambda: {"anyOf": [schema_of(_target_word), *_mappings(), schema_of(_command)]})
def target(tree: Tree) -> Target:
    """The thing under test."""
    if type(tree.value) is dict and "command" in tree.value:
        return _command(tree)
    if type(tree.value) is dict and len(tree.value) == 1:
        found: Target
        (found,) = fields(tree, _TARGETS).values()
        return found
    if type(tree.value) is dict:
        raise misfit(tree, "one target")
    return _WORDS[_target_word(tree)]
