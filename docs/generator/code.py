"""Classes and functions as text: signatures as they stand in the code, docstrings as paragraphs."""

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cached_property
from typing import Any


def paragraphs(described: Any) -> str:
    """Its docstring, without indentation."""
    return inspect.cleandoc(described.__doc__ or "")


def signature(name: str, function: Callable[..., Any]) -> str:
    """`name(…) -> …`, without `self`."""
    found = inspect.signature(function)
    shown = ", ".join(_parameters(found))
    gives = found.return_annotation
    is_told = gives is not inspect.Signature.empty and gives is not None and not inspect.isclass(function)
    return f"{name}({shown})" + (f" -> {_annotation(gives)}" if is_told else "")


def _parameters(found: inspect.Signature) -> Iterator[str]:
    starred = False
    for name, each in found.parameters.items():
        if name in ("self", "cls"):
            continue
        if each.kind is inspect.Parameter.KEYWORD_ONLY and not starred:
            starred = True
            yield "*"
        starred = starred or each.kind is inspect.Parameter.VAR_POSITIONAL
        stars = _STARS.get(each.kind, "")
        told = "" if each.annotation is inspect.Parameter.empty else f": {_annotation(each.annotation)}"
        default = "" if each.default is inspect.Parameter.empty else f"{' = ' if told else '='}{_default(each.default)}"
        yield f"{stars}{name}{told}{default}"


_STARS: dict[object, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}


def _default(value: object) -> str:
    """As it is written: an object that has no such form is only said to be there."""
    shown = repr(value)
    return "…" if shown.startswith("<") else shown


def _annotation(annotation: object) -> str:
    if isinstance(annotation, str):
        return annotation
    return annotation.__name__ if inspect.isclass(annotation) else str(annotation)


def attributes(described: type) -> list[tuple[str, str, str]]:
    """Name, type and default of the fields of a dataclass that are public."""
    if not is_dataclass(described):
        return []
    return [
        (each.name, _annotation(each.type), _field_default(each))
        for each in fields(described)
        if not each.name.startswith("_") and each.init
    ]


def _field_default(field: Field[Any]) -> str:
    if field.default is not MISSING:
        return _default(field.default)
    return "" if field.default_factory is MISSING else "…"


def held(described: type) -> Iterator[str]:
    """What an instance holds from its beginning, as `name` or `name: type`."""
    if is_dataclass(described) or "__init__" not in vars(described):
        return
    tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(vars(described)["__init__"])))
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign):
            yield from (f"{name}: {ast.unparse(node.annotation)}" for name in _own([node.target]))
        elif isinstance(node, ast.Assign):
            yield from _own(node.targets)


def _own(targets: Iterable[ast.expr]) -> Iterator[str]:
    """The public names among the targets of an assignment to `self`."""
    for node in (node for target in targets for node in ast.walk(target)):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self" and not node.attr.startswith("_"):
            yield node.attr


def members(described: type) -> Iterator[tuple[str, str, str]]:
    """Name, how it is written, and docstring of the public members, own ones first, then those of its bases here."""
    seen: set[str] = set()
    for kind in described.__mro__:
        if not re.match(r"faultlab\b", kind.__module__):
            continue
        for name, held in vars(kind).items():
            told = None if name.startswith("_") or name in seen else _member(name, held)
            if told is not None:
                seen.add(name)
                yield name, *told


def _member(name: str, held: Any) -> tuple[str, str] | None:
    if isinstance(held, property | cached_property):
        getter = held.fget if isinstance(held, property) else held.func
        gives = inspect.signature(getter).return_annotation if getter else ""
        return f"{name}: {_annotation(gives)}", paragraphs(held)
    if isinstance(held, staticmethod | classmethod):
        held = held.__func__
    return (signature(name, held), paragraphs(held)) if inspect.isfunction(held) else None
