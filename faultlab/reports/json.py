"""Runs as one JSON document, for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from faultlab.reports.base import counted, without
from faultlab.runner import Run
from faultlab.timeline import timeline
from faultlab.verdict import Outcome, Violation

__all__ = ["document", "for_terminals"]

_FORMAT: Final = 1
"""Raised when a key changes its meaning or goes; new keys may come at any time."""


def document(runs: Sequence[Run], unreadable: Sequence[str] = ()) -> str:
    """All runs; the steps of those that did not hold. `unreadable` are the messages of files that held no scenario."""
    found = {
        "format": _FORMAT,
        "counts": {outcome.value: count for outcome, count in counted(runs).items()},
        "unreadable": list(unreadable),
        "scenarios": [_scenario(run) for run in runs],
    }
    secrets = {secret for run in runs for secret in run.secrets}
    return for_terminals(without(secrets, json.dumps(found, indent=2, ensure_ascii=False)))


def for_terminals(document: str) -> str:
    """The same document without a character that a terminal would obey, or that no encoding can write."""
    return _OF_A_TERMINAL.sub(_escaped, document)


_OF_A_TERMINAL: Final = re.compile("[\x7f-\x9f\ud800-\udfff]")  # JSON leaves them as they are; a terminal obeys them


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _scenario(run: Run) -> dict[str, Any]:
    scenario, verdict = run.scenario, run.verdict
    told: dict[str, Any] = {
        "id": scenario.node_id,
        "name": scenario.name,
        "file": scenario.place.file,
        "line": scenario.place.line,
        "clauses": list(scenario.clauses),
        "outcome": verdict.outcome.value,
    }
    if verdict.outcome is Outcome.HELD:
        return told
    return told | {
        "trouble": verdict.trouble,
        "violations": [_violation(violation) for violation in verdict.violations],
        "signs": list(verdict.signs),
        "turns": [asdict(turn) for turn in timeline(run.trace, run.before)],
    }


def _violation(violation: Violation) -> dict[str, Any]:
    place = violation.place
    told = {name: getattr(violation, name) for name in ("what", "expected", "found", "turn", "step")}
    return told | {"file": place.file if place else None, "line": place.line if place else None}
