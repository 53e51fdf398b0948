"""The fixture's labs: set up as the marks of a test say, judged while the test can still fail, ended with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import pytest

from faultlab.errors import NotAsPlanned, UnknownName
from faultlab.lab import Lab
from faultlab.pytest_plugin.base import LAB, seed_asked_for

__all__ = ["NotSo", "judge", "meanwhile"]

_JUDGED = pytest.StashKey[Sequence[str]]()
"""Of an item: what was not as planned when its own part was over."""

_UNITS: Final[Mapping[str, type]] = {
    "seed": int,
    "virtual_time": bool,
    "unused_replies": bool,
    "intercept": bool,
    "allow_loopback": bool,
}
_SENTENCES: Final[Mapping[type, str]] = {int: "a whole number from 0", bool: "True or False"}


class NotSo(pytest.fail.Exception, NotAsPlanned):  # type: ignore[misc, name-defined]  # pytest makes it at runtime
    """A test's lab did not see what it was told to do; a failure of the test that needs no traceback."""

    __module__ = "builtins"
    __qualname__ = "NotAsPlanned"  # so the summary calls it

    def __init__(self, signs: Sequence[str]) -> None:
        pytest.fail.Exception.__init__(self, "\n".join(signs), pytrace=False)
        self.signs = tuple(signs)


@contextmanager
def meanwhile(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A lab for this test. What came about after the test's own part, in the end of another fixture, is judged here."""
    options = _options(request.node)
    intercepts, allow_loopback = options.pop("intercept"), options.pop("allow_loopback")
    lab = request.node.stash[LAB] = Lab(**options)
    lab.begin()
    try:
        if intercepts:
            lab.intercept(allow_loopback=allow_loopback)
        yield lab
    finally:
        lab.end()
    judged = request.node.stash.get(_JUDGED, None)
    if judged is not None:
        del request.node.stash[_JUDGED]  # the same item may run again
        _fail([sign for sign in lab.signs() if sign not in judged])


def judge(item: pytest.Item) -> None:
    """Fail the test unless all came about as planned."""
    item.stash[_JUDGED] = item.stash[LAB].signs()
    _fail(item.stash[_JUDGED])


def _fail(signs: Sequence[str]) -> None:
    if signs:
        raise NotSo(signs)


def _options(item: pytest.Item) -> dict[str, Any]:
    """As the item's marks say, the nearest one first; else as the command line and the ini file do."""
    options: dict[str, Any] = {
        "seed": seed_asked_for(item.config) or 0,
        "virtual_time": item.config.getini("faultlab_virtual_time"),
        "unused_replies": item.config.getini("faultlab_unused_replies"),
        "intercept": item.config.getini("faultlab_intercept"),
        "allow_loopback": False,
    }
    for mark in reversed(list(item.iter_markers("faultlab"))):
        _refuse(mark)
        options |= mark.kwargs
    if options["allow_loopback"] and not options["intercept"]:
        pytest.fail("the mark faultlab: allow_loopback has a meaning with intercept=True only", pytrace=False)
    return options


def _refuse(mark: pytest.Mark) -> None:
    """Fail a test whose mark says what no lab knows."""
    if mark.args:
        pytest.fail(f"the mark faultlab takes names only, as in faultlab(seed=7), not {mark.args[0]!r}", pytrace=False)
    for name, value in mark.kwargs.items():
        if name not in _UNITS:
            pytest.fail(f"{UnknownName('option of the mark faultlab', name, _UNITS)}", pytrace=False)
        if type(value) is not _UNITS[name] or (isinstance(value, int) and value < 0):
            pytest.fail(f"the mark faultlab: {name}: {_SENTENCES[_UNITS[name]]}, not {value!r}", pytrace=False)
