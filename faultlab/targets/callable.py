"""Somebody's own function `(lab, user) -> str` as the thing under test.

It is alone with the lab: no variable of whoever runs it is there, and no client that it makes for itself gets out.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from faultlab.environment import surroundings
from faultlab.errors import HarnessError, TargetError, UnknownHost
from faultlab.invariants import ON_THE_WIRE
from faultlab.lab import Lab
from faultlab.made_up import drawing_from
from faultlab.scenario import CallableTarget, Scenario
from faultlab.targets.base import Played, outcome_of, played
from faultlab.virtual_time import virtual_time

__all__ = ["play"]


def play(scenario: Scenario, lab: Lab) -> Played:
    """Each turn is one call of the function."""
    target = scenario.target
    if not isinstance(target, CallableTarget):
        raise HarnessError(f"target callable was handed a scenario for {target}")
    env = {**dict(scenario.policy.environ), **dict(scenario.env)}
    with surroundings(env), _reaching_nobody_else(target, lab):
        function = _found(target, scenario.place.file)
        with drawing_from(scenario.seed), virtual_time(lab.clock):
            for plan in scenario.turns:
                with played(lab, plan) as told:
                    told.end = outcome_of(partial(_text, function, lab, plan.user))
                    told.shown = told.end.reply
    return Played(lab, ON_THE_WIRE)


@contextmanager
def _reaching_nobody_else(target: CallableTarget, lab: Lab) -> Iterator[None]:
    """Meanwhile the lab answers whatever clients there are; what is refused says how a scenario lets it through."""
    try:
        with lab.intercept(allow=target.allow):
            yield
    except UnknownHost as error:
        if not error.place:
            raise
        known = sorted({provider.base_url for provider in lab})
        remedy = f"to let it through, `allow: [{error.place!r}]` beside `callable`"
        raise UnknownHost(error.url, known, remedy, error.place) from None


def _text(function: Callable[..., Any], lab: Lab, user: str) -> str:
    return str(function(lab, user))


def _found(target: CallableTarget, file: str) -> Callable[..., Any]:
    """The function of this name. Raises TargetError if there is none."""
    module_name, _, name = target.path.partition(":")
    try:
        with _importable_from(Path.cwd(), *Path(file).resolve().parents):
            found: Any = importlib.import_module(module_name)
        for part in name.split("."):
            found = getattr(found, part)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # somebody's module may do anything while it is imported
        told = f"target {target.path} cannot be imported: {type(error).__name__}: {error}"
        raise TargetError(told) from None
    if not callable(found):
        raise TargetError(f"target {target.path} is no function")
    function: Callable[..., Any] = found
    return function


@contextmanager
def _importable_from(*folders: Path) -> Iterator[None]:
    """Meanwhile: what stands in these folders can be imported, after all that could be before."""
    before = list(sys.path)
    sys.path += [str(folder) for folder in folders]
    try:
        yield
    finally:
        sys.path[:] = before
