"""What a file expects: each key of an `expect` has a shape. Trees in, expectations out."""

from __future__ import annotations

import math
from typing import Any, Final

from faultlab.contract import FAILURES, OUTCOMES, REASONS
from faultlab.dialects import API_MODES
from faultlab.expectations import ANY, NEVER, Contains, Expectation, Range, RequestLike, Switched, is_waived
from faultlab.loader.described import described, object_of, schema_of
from faultlab.loader.shapes import Shape, choice, entries, fields, items, misfit, number, plain, text, unknown, whole
from faultlab.loader.tree import Tree, refusal, shown
from faultlab.policy import UPSTREAMS
from faultlab.verdict import Place

__all__ = ["expectations"]

_FAILURES: Final = (*FAILURES, "internal")
"""What a turn may fail with: a fault of the agent's own is no failure of a provider's."""

_REFUSALS: Final = ("no_key", "same_backend", "unknown_provider")


_CONTAINS: Final[dict[str, Shape[Any]]] = {"contains": text}


def _contains(tree: Tree) -> Contains:
    return Contains(fields(tree, _CONTAINS, needed=_CONTAINS)["contains"])


@described(lambda: {"anyOf": [schema_of(text), object_of(_CONTAINS, needed=_CONTAINS)]})
def _text_or_contains(tree: Tree) -> str | Contains:
    return _contains(tree) if type(tree.value) is dict else text(tree)


_failure_kind: Final = choice("failure", _FAILURES)


@described(lambda: {"enum": [*sorted(_FAILURES), None]})
def _failure(tree: Tree) -> str | None:
    return None if tree.value is None else _failure_kind(tree)


_SWITCHED: Final[dict[str, Shape[Any]]] = {"reason": choice("reason", REASONS), "after_calls": whole()}


@described(lambda: {"anyOf": [{"enum": [NEVER, ANY]}, object_of(_SWITCHED) | {"minProperties": 1}]})
def _fallback(tree: Tree) -> str | Switched:
    if type(tree.value) is dict:
        if not tree.value:
            raise refusal(tree.mark, "expected a reason, a number of calls, or both", sorted(_SWITCHED))
        return Switched(**fields(tree, _SWITCHED))
    if tree.value not in (NEVER, ANY):
        raise misfit(tree, f"`{NEVER}`, `{ANY}` or {{reason, after_calls}}")
    return str(tree.value)


_CALLS: Final[dict[str, Shape[Any]]] = dict.fromkeys(UPSTREAMS, whole())


@described(lambda: object_of(_CALLS))
def _calls(tree: Tree) -> tuple[tuple[str, int], ...]:
    return tuple(fields(tree, _CALLS).items())


@described({"type": "string", "pattern": "^[PF]*$"})
def _order(tree: Tree) -> str:
    if type(tree.value) is not str or tree.value.strip("PF"):
        raise misfit(tree, "letters P and F, one for each request, such as PPF")
    return tree.value


_BOUNDS: Final[dict[str, Shape[Any]]] = {"at_least": number, "at_most": number}


@described(lambda: object_of(_BOUNDS) | {"minProperties": 1})
def _range(tree: Tree) -> Range:
    read = fields(tree, _BOUNDS)
    if not read:
        raise refusal(tree.mark, "expected a bound", ("at_least", "at_most"))
    if read.get("at_least", 0) > read.get("at_most", math.inf):
        raise refusal(tree.mark, f"nothing is {Range(**read)}")
    return Range(**read)


_runs_by_name = entries(whole(), "a number, or a mapping from tools to numbers")


@described(lambda: {"anyOf": [{"type": "integer"}, schema_of(_runs_by_name)]})
def _tool_runs(tree: Tree) -> int | tuple[tuple[str, int], ...]:
    return tree.value if type(tree.value) is int else _runs_by_name(tree)


_REQUEST: Final[dict[str, Shape[Any]]] = {
    "n": whole(1),
    "to": choice("upstream", UPSTREAMS),
    "model": text,
    "url": text,
    "api_mode": choice("api_mode", tuple(API_MODES.values())),
    "has": entries(plain, "a mapping from dotted paths to values"),
    "lacks": items(text, "a list of dotted paths"),
}


@described(lambda: object_of(_REQUEST, needed=("n",)) | {"minProperties": 2})
def _request(tree: Tree) -> RequestLike:
    read = fields(tree, _REQUEST, needed=("n",))
    for path in (*dict(read.get("has", ())), *read.get("lacks", ())):
        if path.partition(".")[0] not in {"headers", "body"}:
            raise refusal(tree.mark, f"a path begins with `headers` or `body`, not {shown(path)}")
    if len(read) == 1:
        raise refusal(tree.mark, "expected something of this request beside its number", sorted(_REQUEST))
    return RequestLike(**read)


_KEYS: Final[dict[str, Shape[Any]]] = {
    "outcome": choice("outcome", (*OUTCOMES, ANY)),
    "failure": _failure,
    "refused": choice("refusal", _REFUSALS),
    "reply": _text_or_contains,
    "user_sees": _text_or_contains,
    "final_model": text,
    "exit_code": whole(0, 255),
    "warnings": items(_text_or_contains, "a list of texts"),
    "fallback": _fallback,
    "calls": _calls,
    "order": _order,
    "compressions": whole(),
    "refreshes": whole(),
    "tool_runs": _tool_runs,
    "waits_s": items(number, "a list of seconds"),
    "waited_s": _range,
    "ended_after_s": _range,
    "requests": items(_request, "a list of {n, …}"),
}


@described(lambda: object_of(_KEYS) | {"minProperties": 1})
def expectations(tree: Tree, turn: int | None) -> tuple[Expectation, ...]:
    """The keys of one `expect`, each with its line; `turn` None: the one beside `turns`.

    A key that holds `any` is among them, for whoever has to know that it was said.
    """
    if type(tree.value) is not dict or not tree.value:
        raise refusal(tree.mark, "an `expect` without a key expects nothing; name one, or leave it out", sorted(_KEYS))
    return tuple([_expectation(name, child, turn) for name, child in tree.value.items()])


def _expectation(name: str, tree: Tree, turn: int | None) -> Expectation:
    shape = _KEYS.get(name)
    if shape is None:
        raise unknown(tree.key, "key", name, _KEYS)
    mark = tree.key
    read = Expectation(name, shape(tree), Place(mark.name, mark.line + 1, mark.column + 1), turn)
    if turn is None and is_waived(read):
        raise refusal(mark, f"beside `turns` no default holds that could be waived: leave out `{ANY}`")
    return read
