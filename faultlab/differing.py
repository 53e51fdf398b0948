"""In what two documents differ: paths, and what stands at them in either. Texts and numbers only, no files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from faultlab.wire import REDACTED, carries_credential

__all__ = ["Difference", "differences", "shortened"]

_SHOWN: Final = 48
"""Characters of a value that a sentence has room for."""

_MISSING: Final = object()
_MOST_DEEP: Final = 40
"""Levels that are looked into: a request is nested far less, and what is nested more differs as a whole."""


class Difference(NamedTuple):
    """Where two documents differ, dotted (`messages.1.content`), and what each has there, as a sentence shows it."""

    path: str
    there: str
    here: str


def differences(there: Any, here: Any) -> list[Difference]:
    """All places where two JSON documents differ, in the order of the first one."""
    return list(_differing(there, here, ()))


def _differing(there: Any, here: Any, path: tuple[str, ...]) -> Iterator[Difference]:
    if there == here and type(there) is type(here):
        return
    if isinstance(there, dict) and isinstance(here, dict) and len(path) < _MOST_DEEP:
        for name in there | here:
            yield from _differing(there.get(name, _MISSING), here.get(name, _MISSING), (*path, name))
    elif isinstance(there, list) and isinstance(here, list) and len(path) < _MOST_DEEP:
        for place in range(max(len(there), len(here))):
            yield from _differing(_at(there, place), _at(here, place), (*path, str(place)))
    else:
        is_secret = any(carries_credential(name.lower()) for name in path[-1:])
        shown = (REDACTED if is_secret and each is not _MISSING else shortened(each) for each in (there, here))
        yield Difference(".".join(path), *shown)


def _at(items: list[Any], place: int) -> Any:
    return items[place] if place < len(items) else _MISSING


def shortened(value: Any) -> str:
    """A value as JSON, no longer than a sentence has room for; `nothing` where there is none."""
    if value is _MISSING:
        return "nothing"
    told = json.dumps(value, ensure_ascii=False)
    return told if len(told) <= _SHOWN else f"{told[: _SHOWN - 3]}..."
