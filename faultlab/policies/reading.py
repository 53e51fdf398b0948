"""A policy file into rules, with file, line and column for whatever cannot be used."""

from __future__ import annotations

from dataclasses import fields as fields_of
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from faultlab.contract import FAILURES, OUTCOMES, REASONS
from faultlab.errors import ScenarioError
from faultlab.faults import FAULTS
from faultlab.loader import text_of
from faultlab.loader.shapes import Shape, choice, entries, fields, flag, misfit, number, text, unknown, whole
from faultlab.loader.tree import Tree, documents, refusal
from faultlab.policies.rules import (
    FIRST_ANSWERS,
    NO_FAILURE,
    Budget,
    Compression,
    Pieces,
    Row,
    Rules,
    Texts,
    Timeouts,
    Waits,
)

__all__ = ["hermes_rules", "read_rules"]

_NEVER: Final = "never"
_HERMES: Final = Path(__file__).with_name("hermes.yaml")


def read_rules(path: str | Path) -> Rules:
    """The rules in this file. Raises ScenarioError."""
    file = Path(path)
    trees = documents(text_of(file), str(path))
    if len(trees) != 1:
        raise ScenarioError(f"a policy file holds one document, and this one {len(trees)}", path=str(path))
    return _rules(trees[0], str(path))


@cache
def hermes_rules() -> Rules:
    """The contract's own table."""
    (tree,) = documents(_HERMES.read_text(encoding="utf-8"), f"policies/{_HERMES.name}")
    return _rules(tree, f"policies/{_HERMES.name}")


def _rules(tree: Tree, shown: str) -> Rules:
    read = fields(tree, _SHAPES, needed=("name", "failures"))
    rows, like = read.pop("failures"), read.pop("like", None)
    if like is None:
        return Rules(file=shown, rows=rows, **_sections(Rules(""), read))
    base = hermes_rules()
    named = {row.name for row in rows}
    kept = tuple(replace(row, line=1) for row in base.rows if row.name not in named)
    ours = tuple(_worded(row, base) for row in rows)
    return replace(base, file=shown, rows=(*ours, *kept), **_sections(base, read))


def _worded(row: Row, base: Rules) -> Row:
    """What is done about a failure may be otherwise, and its user is told of it in the same words."""
    same = base.row(row.name)
    return row if row.told or same is None else replace(row, told=same.told)


def _sections(base: Rules, read: dict[str, Any]) -> dict[str, Any]:
    """What a section leaves out stays as it is."""
    return {name: _over(getattr(base, name), value) for name, value in read.items()}


def _over(base: Any, value: Any) -> Any:
    if isinstance(value, dict):
        return replace(base, **value)
    return tuple({**dict(base), **dict(value)}.items()) if isinstance(value, tuple) else value


def _never(tree: Tree) -> bool:
    if tree.value != _NEVER:
        raise misfit(tree, f"the word {_NEVER}")
    return True


_ROW: Final[dict[str, Shape[Any]]] = {
    "first": choice("first answer", FIRST_ANSWERS),
    "reason": choice("reason", REASONS),
    "after_calls": whole(1),
    "switch": _never,
    "ends": choice("outcome", ("failed", "partial")),
    "halves_output": flag,
    "told": text,
}


def _row(name: str, tree: Tree) -> Row:
    """`never`, or what is to happen."""
    line = tree.key.line + 1
    if tree.value == _NEVER:
        return Row(name, never=True, line=line)
    if type(tree.value) is not dict:
        raise misfit(tree, f"{_NEVER}, or a mapping of {', '.join(_ROW)}")
    read = fields(tree, _ROW)
    never = read.pop("switch", False)
    if never and ("reason" in read or "after_calls" in read):
        raise refusal(tree.mark, f"what {_NEVER} switches has neither reason nor calls before it")
    return Row(name, never=never, line=line, **read)


def _rows(tree: Tree) -> tuple[Row, ...]:
    if type(tree.value) is not dict or not tree.value:
        raise misfit(tree, "a mapping from failure kinds or faults to what is to come of them")
    known = (*FAILURES, NO_FAILURE, *FAULTS)
    for name, child in tree.value.items():
        if name not in known:
            raise unknown(child.key, "failure kind or fault", name, known)
    return tuple(_row(name, child) for name, child in tree.value.items())


def _section(kind: type[Any], shape: Shape[Any]) -> Shape[dict[str, Any]]:
    known = {one.name: shape for one in fields_of(kind)}
    return lambda tree: fields(tree, known)


def _numbers(tree: Tree) -> float | int:
    return whole()(tree) if type(tree.value) is int else number(tree)


def _exit_codes(tree: Tree) -> tuple[tuple[str, int], ...]:
    read = fields(tree, dict.fromkeys(OUTCOMES, whole(0, 255)))
    return tuple(read.items())


_SHAPES: Final[dict[str, Shape[Any]]] = {
    "name": text,
    "like": choice("policy", ("hermes",)),
    "failures": _rows,
    "budget": _section(Budget, whole(1)),
    "waits": _section(Waits, _numbers),
    "compression": _section(Compression, _numbers),
    "pieces": _section(Pieces, whole()),
    "timeouts": _section(Timeouts, _numbers),
    "texts": _section(Texts, text),
    "exit_codes": _exit_codes,
    "output_limits": entries(text),
}
