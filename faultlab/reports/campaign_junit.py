"""A campaign as JUnit XML: a suite for each pass, in it a case for each fault or family that it tried.

Not one for each run: a build server keeps the history of a case under its name, and shows all cases. Faults and
families have the same names in every campaign, drawn runs have none, and nobody reads ten thousand lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final
from xml.sax.saxutils import escape

from faultlab.reports.junit import clean, value
from faultlab.reports.tally import Group, Tally, group_of, tallied, title
from faultlab.results import Found, Results
from faultlab.trial import Record, Standing

__all__ = ["document"]

_MOST_RUNS: Final = 5
"""Runs that a case tells of; the count is there, and the page has them all."""

_SUITE: Final = """\
  <testsuite name={name} tests="{tests}" failures="{failures}" errors="{errors}">
{cases}
  </testsuite>"""


def document(results: Results, tally: Tally | None = None) -> str:
    """A case fails if one of its runs broke something; it is an error if one was not reached, or was trouble."""
    tally = tally or tallied(results.records())
    told = _told(results)
    names = dict.fromkeys([*(name for name, _ in results.about.passes), *tally.passes])
    suites = "\n".join(_suite(name, tally, told) for name in names)
    return f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites name="faultlab chaos">\n{suites}\n</testsuites>\n'


def _told(results: Results) -> dict[tuple[str, str], list[str]]:
    """Pass and group → what its first runs say that did not hold, those that broke something before the others."""
    found = {each.breach: each for each in results.found()}
    kept: dict[tuple[str, str], dict[Standing, list[Record]]] = {}
    for record in results.records():
        if record.standing is not Standing.HELD:
            there = kept.setdefault((record.of, group_of(record)), {}).setdefault(record.standing, [])
            if len(there) < _MOST_RUNS:
                there.append(record)
    return {
        group: ["\n".join(_run(record, found)) for standing in Standing for record in there.get(standing, ())]
        for group, there in kept.items()
    }


def _run(record: Record, found: Mapping[str, Found]) -> Iterator[str]:
    labels = ", ".join(f"{name} {text}" for name, text in record.labels)
    yield f"{record.of} {record.number}: {record.standing.value.replace('_', ' ')}{labels and f' ({labels})'}"
    for breach in record.breaches:
        yield f"  {breach.what}: expected {breach.expected}, found {breach.found}"
        if breach.what in found:
            yield f"    again: {found[breach.what].command}"
    yield from (f"  {reason}" for reason in islice(record.reasons, _MOST_RUNS))


def _suite(name: str, tally: Tally, told: Mapping[tuple[str, str], list[str]]) -> str:
    groups = {group: runs for (of, group), runs in tally.groups.items() if of == name}
    elements = [_element(runs) for runs in groups.values()]
    cases = "\n".join(_case(name, group, runs, told.get((name, group), [])) for group, runs in groups.items())
    return _SUITE.format(
        name=value(name),
        tests=len(groups),
        failures=elements.count("failure"),
        errors=elements.count("error"),
        cases=cases,
    )


def _element(runs: Group) -> str | None:
    if runs.standings[Standing.BROKEN]:
        return "failure"
    return "error" if runs.standings[Standing.NOT_REACHED] or runs.standings[Standing.TROUBLE] else None


def _case(of: str, group: str, runs: Group, told: list[str]) -> str:
    head = f"    <testcase classname={value(f'chaos.{of}')} name={value(group)}"
    element = _element(runs)
    if element is None:
        return f"{head}/>"
    text = escape(clean("\n".join(told[:_MOST_RUNS])))
    return f"{head}>\n      <{element} message={value(title(runs.standings))}>{text}</{element}>\n    </testcase>"
