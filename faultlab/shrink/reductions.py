"""What could be simpler in a scenario file, one thing at a time: the values of its keys in, simpler ones out.

What is removed stands in the file no more, so that it is as it would be when nobody had said anything. Whether a file
can be used without it, and what it still breaks, is for others to find out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from faultlab.shrink.plain import Path, at, chunks, paths, put, without

__all__ = ["joined", "reductions"]

_STAYS: Final = frozenset({("name",), ("turns",)})
_OK: Final = "ok"
_TIMES: Final = "times"
_FOREVER: Final = "forever"
_ENOUGH: Final = (2, 3, 6, 12)
"""How often may be as good as for ever."""

_SHORT: Final = "hi"
_NAMES: Final = ("config", "target", "env", "faults")
"""Below these a text is a name, or what is sent as it stands: no shorter one can stand for it."""


def reductions(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Simpler documents, those that lack the most first."""
    for ways in (_in_parts, _without_the_switch, _turns, _removals, _entries, _values):
        yield from map(joined, ways(document))


def joined(document: dict[str, Any]) -> dict[str, Any]:
    """The same with equal neighbours among the entries of faults as one of them, so many times; each as it is short."""
    if not document.get("faults"):
        return {name: value for name, value in document.items() if name != "faults"}
    sides = {name: _joined(entries) for name, entries in document["faults"].items() if entries}
    return {**document, "faults": sides}


def _joined(entries: list[Any]) -> list[Any]:
    found: list[Any] = []
    for entry in entries:
        if found and _faults(found[-1]) == _faults(entry) and _FOREVER not in (_times(found[-1]), _times(entry)):
            found[-1] = _entry(_faults(entry), _times(found[-1]) + _times(entry))
        else:
            found.append(_entry(_faults(entry), _times(entry)))
    return found


def _faults(entry: Any) -> dict[str, Any]:
    """The faults of an entry, however it is written."""
    if isinstance(entry, str):
        return {} if entry == _OK else {entry: {}}
    return {name: given for name, given in entry.items() if name not in (_OK, _TIMES)}


def _times(entry: Any) -> Any:
    return 1 if isinstance(entry, str) else entry.get(_TIMES, 1)


def _entry(faults: dict[str, Any], times: Any) -> Any:
    """As short as the format allows."""
    if times == 1:
        bare = next(iter(faults), _OK)
        return bare if len(faults) <= 1 and faults.get(bare, {}) == {} else faults
    return {**(faults or {_OK: {}}), _TIMES: times}


def _in_parts(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Without half of the turns, the entries, the answers or the messages, then a quarter, and so on."""
    for path in paths(document):
        value = at(document, path)
        if isinstance(value, list):
            yield from (put(document, path, shorter) for shorter in chunks(value))


def _without_the_switch(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What goes wrong with the fallback goes wrong with the primary, so that nothing has to lead there."""
    sides = document.get("faults", {})
    if "fallback" in sides:
        yield {**document, "faults": {"primary": sides["fallback"]}}


def _turns(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Without a turn and the healthy answer that it got: without one of them alone all else would be met elsewhere."""
    for index in range(len(document["turns"]) - 1, -1, -1):
        less = without(document, ("turns", index))
        for side, entries in document.get("faults", {}).items():
            for place, entry in enumerate(entries):
                if not _faults(entry):
                    yield put(less, ("faults", side), [*entries[:place], *_once_less(entry), *entries[place + 1 :]])


def _once_less(entry: Any) -> list[Any]:
    times = _times(entry)
    return [entry] if times == _FOREVER else [_entry(_faults(entry), times - 1)] if times > 1 else []


def _removals(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Without one thing: a turn, an entry, a key, at any depth."""
    yield from (without(document, path) for path in paths(document) if path not in _STAYS)


def _entries(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """With less in an entry of faults: nothing, what its neighbour has, or fewer times."""
    for side, entries in document.get("faults", {}).items():
        for index, entry in enumerate(entries):
            for simpler in _simpler(entries, index, entry):
                yield put(document, ("faults", side, index), simpler)


def _simpler(entries: list[Any], index: int, entry: Any) -> Iterator[Any]:
    faults, times = _faults(entry), _times(entry)
    if faults:
        yield _entry({}, times)
    for beside in (index - 1, index + 1):
        if 0 <= beside < len(entries) and _faults(entries[beside]) not in ({}, faults):
            yield _entry(_faults(entries[beside]), times)
    fewer = _ENOUGH if times == _FOREVER else _less(times)
    yield from (_entry(faults, each) for each in fewer if each > 1)


def _values(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """With a smaller number, or a shorter text."""
    for path in paths(document):
        if path[-1] != _TIMES and path not in _STAYS:
            yield from (put(document, path, smaller) for smaller in _smaller(at(document, path), path))


def _smaller(value: Any, path: Path) -> Iterator[Any]:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield from _less(value)
    elif isinstance(value, str) and path[0] not in _NAMES and len(value) > len(_SHORT):
        yield from dict.fromkeys(
            (_SHORT, *(value[: int(length)] for length in _less(len(value)) if length > len(_SHORT)))
        )


def _less(value: float) -> Iterator[float]:
    """Smaller numbers above 0, the smallest first: in a few steps near the smallest that does, however large it was."""
    step = value if isinstance(value, int) else int(value) or 1
    found = [1, 2]
    while (step := step // 2) > 0:
        found.append(int(value) - step)
    yield from (each for each in dict.fromkeys([*found, int(value)]) if 0 < each < value)
