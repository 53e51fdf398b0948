"""Faults, limits and renewals as a scenario file writes them: as short as it allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from faultlab.errors import HarnessError
from faultlab.faults import Fault
from faultlab.policy import FALLBACK, PRIMARY
from faultlab.scenario import Scenario
from faultlab.schedule import Entry

__all__ = ["faults", "limits", "refresh"]


def faults(scenario: Scenario) -> dict[str, Any]:
    """What goes wrong, by upstream."""
    sides = {PRIMARY: scenario.primary.faults, FALLBACK: scenario.fallback.faults}
    return {name: [_entry(each) for each in entries] for name, entries in sides.items() if entries}


def limits(scenario: Scenario) -> dict[str, Any]:
    """Limits, by upstream."""
    sides = {PRIMARY: scenario.primary.limits, FALLBACK: scenario.fallback.limits}
    return {name: _set(each) for name, each in sides.items() if each is not None}


def refresh(scenario: Scenario) -> Any:
    """What renewals do: a word, a list of words, or either by upstream."""
    sides = {PRIMARY: scenario.primary.refresh, FALLBACK: scenario.fallback.refresh}
    told = {name: words[0] if len(words) == 1 else list(words) for name, words in sides.items() if words}
    return told[PRIMARY] if told.keys() == {PRIMARY} else told


def _entry(entry: Entry) -> Any:
    named: dict[str, Any] = {}
    for fault in entry.faults:
        if fault.name in named:
            raise HarnessError(f"one request meets {fault.name} twice: no file can hold that")
        named[fault.name] = _fault(fault)
    if entry.times == 1:
        bare = next(iter(named), "ok")
        return bare if len(named) <= 1 and named.get(bare, {}) == {} else named
    return {**(named or {"ok": {}}), "times": "forever" if entry.times is None else entry.times}


def _fault(fault: Fault) -> Any:
    """The fields that are not left as they are; the one that a bare value fills alone as that."""
    told = _set(fault)
    return told[fault.shorthand] if told.keys() == {fault.shorthand} else told


def _set(value: Any) -> dict[str, Any]:
    """The fields of a frozen value that are not as they would be when left out."""
    told = {one.name: getattr(value, one.name) for one in fields(value)}
    kept = {one.name for one in fields(value) if one.default is MISSING or told[one.name] != one.default}
    return {name: _plain(each) for name, each in told.items() if name in kept}


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value
