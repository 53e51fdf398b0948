"""What a scenario expects, as the `expect` of a turn or of the file; the two defaults only where that says more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, Final

from faultlab.expectations import ANY, DEFAULTS, Contains, Expectation, Range, RequestLike, Switched

__all__ = ["expect", "number"]


def expect(expectations: Sequence[Expectation], turn: int | None) -> dict[str, Any]:
    """The keys of one `expect`; `turn` None: the one beside `turns`."""
    held = [each for each in expectations if each.turn == turn]
    if turn is None:
        return {each.key: _value(each) for each in held}
    keys = {each.key for each in held}
    waived = {key: ANY for key, _ in DEFAULTS if key not in keys}
    return waived | {each.key: _value(each) for each in held[_left_out(held) :]}


def _left_out(held: Sequence[Expectation]) -> int:
    """How many of the first ones are what would hold if nothing were said, and stand where that would."""
    count = 0
    for key, value in DEFAULTS:
        if count < len(held) and (held[count].key, held[count].value) == (key, value):
            count += 1
    return count


def _value(expectation: Expectation) -> Any:
    write = _OTHERWISE.get(expectation.key)
    return _said(expectation.value) if write is None else write(expectation.value)


def _said(value: Any) -> Any:
    return {"contains": value.text} if isinstance(value, Contains) else value


def _set(value: Any) -> Any:
    """A frozen value's fields that are not None; a word as it is."""
    if not isinstance(value, Switched | Range | RequestLike):
        return value
    told = {one.name: getattr(value, one.name) for one in fields(value)}
    return {name: number(each) for name, each in told.items() if each is not None}


def _request(value: RequestLike) -> dict[str, Any]:
    told = {name: each for name, each in _set(value).items() if each != ()}
    return (
        told | ({"has": dict(value.has)} if value.has else {}) | ({"lacks": list(value.lacks)} if value.lacks else {})
    )


def number(value: Any) -> Any:
    """A number of seconds without a point that it does not need."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _pairs(value: Any) -> Any:
    return value if isinstance(value, int) else dict(value)


_OTHERWISE: Final[dict[str, Callable[[Any], Any]]] = {
    "fallback": _set,
    "calls": _pairs,
    "tool_runs": _pairs,
    "waits_s": lambda waits: [number(each) for each in waits],
    "waited_s": _set,
    "ended_after_s": _set,
    "warnings": lambda texts: [_said(each) for each in texts],
    "requests": lambda requests: [_request(each) for each in requests],
}
"""Keys whose values are no plain words and numbers."""
