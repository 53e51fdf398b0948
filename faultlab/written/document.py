"""A scenario as the keys of its file, in the format's order, and only those that are not as they would be left out.

A made-up key that the configuration's reader gave out stands in none: only what the scenario itself says is written.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from faultlab.loader import DEFAULT_CONFIG
from faultlab.scenario import CallableTarget, CommandTarget, HermesTarget, Scenario, SdkTarget, TurnPlan
from faultlab.written.expecting import expect, number
from faultlab.written.layout import laid_out
from faultlab.written.sides import faults, limits, refresh
from faultlab.written.speech import history, says, tools

__all__ = ["document", "scenario_text"]

_OPENED: Final = ("turns",)
_EMPTY_TOO: Final = ("name", "config")
"""What says something even if it is empty."""


def scenario_text(scenario: Scenario, *, why: str = "", folder: Path | None = None) -> str:
    """The scenario as a file of its own. Raises HarnessError for what no file can hold.

    `why` takes the place of its own. `folder` is where the file will stand, for what stands beside the one that it was
    read from; None: there.
    """
    return laid_out(document(scenario, why=why, folder=folder), _OPENED)


def document(scenario: Scenario, *, why: str = "", folder: Path | None = None) -> dict[str, Any]:
    """The same before it is text: the values of its keys."""
    told = {
        "name": scenario.name,
        "clauses": list(scenario.clauses),
        "why": why or scenario.why,
        "config": json.loads(scenario.config) if scenario.config != DEFAULT_CONFIG else None,
        "env": dict(scenario.env),
        "says": says(scenario, folder),
        "faults": faults(scenario),
        "limits": limits(scenario),
        "refresh": refresh(scenario),
        "history": history(scenario),
        "tools": tools(scenario),
        "entry": _entry(scenario),
        "target": _target(scenario, folder),
        "seed": scenario.seed,
        "turns": [_turn(plan, expect(scenario.expectations, n)) for n, plan in enumerate(scenario.turns, 1)],
        "expect": expect(scenario.expectations, None),
    }
    return {name: value for name, value in told.items() if value or (name in _EMPTY_TOO and value is not None)}


def _turn(plan: TurnPlan, expected: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"user": plan.user}
    if plan.session != TurnPlan("").session:
        told["session"] = plan.session
    if plan.resume:
        told["resume"] = True
    if plan.interrupt_after_s is not None:
        told["interrupt"] = {"after_s": number(plan.interrupt_after_s)}
    return told | ({"expect": expected} if expected else {})


def _entry(scenario: Scenario) -> str | None:
    target = scenario.target
    return target.entry if isinstance(target, HermesTarget) and target != HermesTarget() else None


def _target(scenario: Scenario, folder: Path | None) -> Any:
    match scenario.target:
        case HermesTarget():
            return None
        case SdkTarget() as sdk:
            return {"sdk": _options(sdk)} if sdk != SdkTarget() else "sdk"
        case CallableTarget(path, allow):
            return {"callable": path} | ({"allow": list(allow)} if allow else {})
        case CommandTarget(argv, timeout_s, allow):
            told: dict[str, Any] = {"command": _argv(argv, Path(scenario.place.file).absolute().parent, folder)}
            told |= {"timeout_s": number(timeout_s)} if timeout_s != CommandTarget(argv).timeout_s else {}
            return told | ({"allow": list(allow)} if allow else {})


def _options(sdk: SdkTarget) -> dict[str, Any]:
    told = {one.name: getattr(sdk, one.name) for one in fields(sdk) if getattr(sdk, one.name) != one.default}
    return {{"is_async": "async"}.get(name, name): value for name, value in told.items()}


def _argv(argv: Sequence[str], there: Path, folder: Path | None) -> list[str]:
    """What names its own folder goes on naming that one."""
    is_there = folder is None or folder.absolute() == there
    return [part if is_there else part.replace("{folder}", str(there)) for part in argv]
