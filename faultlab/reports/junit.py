"""Runs as JUnit XML, which build servers show."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from faultlab.reports.base import counted
from faultlab.runner import Run
from faultlab.verdict import Outcome

__all__ = ["clean", "document", "value"]

_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ELEMENTS: Final = {Outcome.FAILED: "failure", Outcome.ERROR: "error"}


def document(runs: Sequence[Run], unreadable: Sequence[str], told: Callable[[Run], str]) -> str:
    """One suite with a case for each scenario, and one for each file that could not be read.

    `told` is what there is to say of a run that did not hold.
    """
    counts = counted(runs)
    numbers = {
        "tests": len(runs) + len(unreadable),
        "failures": counts[Outcome.FAILED],
        "errors": counts[Outcome.ERROR] + len(unreadable),
    }
    totals = " ".join(f'{name}="{number}"' for name, number in numbers.items())
    cases = [*(_case(run, told) for run in runs), *map(_unreadable, unreadable)]
    body = "\n".join(cases)
    return f'<?xml version="1.0" encoding="utf-8"?>\n<testsuite name="faultlab" {totals}>\n{body}\n</testsuite>\n'


def _case(run: Run, told: Callable[[Run], str]) -> str:
    scenario, outcome = run.scenario, run.verdict.outcome
    head = f"  <testcase classname={value(scenario.place.file)} name={value(scenario.id)}"
    if outcome is Outcome.HELD:
        return f"{head}/>"
    return f"{head}>\n{_problem(_ELEMENTS[outcome], scenario.name, told(run))}\n  </testcase>"


def _unreadable(message: str) -> str:
    first = message.partition("\n")[0]
    return f'  <testcase classname="faultlab" name={value(first)}>\n{_problem("error", first, message)}\n  </testcase>'


def _problem(element: str, message: str, text: str) -> str:
    return f"    <{element} message={value(message)}>{escape(clean(text))}</{element}>"


def value(text: str) -> str:
    """An attribute's value in its quotes."""
    return quoteattr(clean(text))


def clean(text: str) -> str:
    """A question mark for each character that XML has no way to write."""
    return _NOT_IN_XML.sub("?", text)
