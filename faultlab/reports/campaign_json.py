"""A campaign as one JSON document, for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from faultlab.reports.covered import Covered, covered_of
from faultlab.reports.json import for_terminals
from faultlab.reports.tally import Broken, Group, Tally, tallied
from faultlab.results import Found, Results
from faultlab.trial import Ending, Record, Standing

__all__ = ["counts", "document", "group", "head"]

_FORMAT: Final = 1
"""Raised when a key changes its meaning or goes; new keys may come at any time."""


def document(results: Results, tally: Tally | None = None) -> str:
    """What the other reports say, and every run on a line of its own; the steps of those that did not hold."""
    tally = tally or tallied(results.records(), results.about.findings)
    told = json.dumps({"format": _FORMAT} | head(results, tally), indent=2, ensure_ascii=False)
    runs = [f"\n    {json.dumps(_run(record), ensure_ascii=False)}" for record in results.records()]
    return for_terminals(told.removesuffix("\n}") + ',\n  "runs": [' + ",".join(runs) + "\n  ]\n}")


def head(results: Results, tally: Tally) -> dict[str, Any]:
    """A campaign without its runs."""
    about = results.about
    return {
        "config": about.shown,
        "digest": about.digest,
        "seed": about.seed,
        "policy": about.rules or None,
        "version": about.version,
        "counts": counts(tally.all),
        "passes": list(_passes(results, tally)),
        "findings": [asdict(finding) for finding in about.findings if finding.certain],
        "families": [{"family": name} | group(each) for name, each in tally.families.items()],
        "weak_spots": [asdict(spot) for spot in tally.weak_spots],
        "broken": list(_broken(results.found(), tally)),
        "not_reached": dict(sorted(tally.not_reached.items())),
        "trouble": dict(sorted(tally.trouble.items())),
        "coverage": _coverage(covered_of(about, tally.covered)),
        "scenario": about.config,
    }


def counts(group: Group) -> dict[str, int]:
    """How many stood how; every standing is there."""
    return {standing.value: group.standings[standing] for standing in Standing}


def group(group: Group) -> dict[str, Any]:
    """How some runs ended, and the seconds that their users waited."""
    return {
        "runs": group.runs,
        "counts": counts(group),
        "endings": {ending.value: group.endings[ending] for ending in Ending},
        "waits": {str(waits): group.waits[waits] for waits in sorted(group.waits)},
        "median_s": group.median_s,
        "worst_s": group.worst_s,
        "worst": group.worst and {"pass": group.worst[0], "number": group.worst[1]},
    }


def _passes(results: Results, tally: Tally) -> Iterator[dict[str, Any]]:
    options, ended = dict(results.about.passes), results.ended()
    for name in dict.fromkeys([*options, *tally.passes]):
        runs = tally.passes.get(name, Group())
        told = {"name": name, "options": options.get(name), "ended": ended.get(name)}
        yield told | {"runs": runs.runs, "counts": counts(runs)}


def _broken(found: list[Found], tally: Tally) -> Iterator[dict[str, Any]]:
    written = {each.breach: asdict(each) for each in found}
    for what, broken in tally.broken.items():
        yield _breach(what, broken) | {"found": written.get(what)}


def _coverage(covered: Covered) -> dict[str, Any]:
    return {
        "unknown": covered.unknown or None,
        "cells": len(covered.cells),
        "covered": len(covered.cells) - len(covered.missing),
        "dimensions": covered.dimensions,
        "missing": list(covered.missing),
    }


def _breach(what: str, broken: Broken) -> dict[str, Any]:
    first = {"pass": broken.of, "number": broken.number, "expected": broken.first.expected, "found": broken.first.found}
    return {"what": what, "runs": broken.runs, "first": first}


def _run(record: Record) -> dict[str, Any]:
    told = asdict(record)
    told = {"pass": told.pop("of")} | told | {"labels": dict(record.labels)}
    if record.standing is Standing.HELD:
        del told["steps"]
    return told
