"""A run as people read it at a terminal: what did not hold, where it is written, and the steps that led there."""

from __future__ import annotations

import os
import shlex
import textwrap
from collections.abc import Iterable, Iterator
from typing import Final, TextIO

from faultlab.reports.base import counted, printable, without
from faultlab.runner import Run
from faultlab.timeline import timeline
from faultlab.timetable import NARROWEST, Style, table
from faultlab.verdict import Outcome, Verdict, Violation

__all__ = ["NARROWEST", "Style", "render", "style_for", "summary"]

_OUTCOMES: Final = {Outcome.HELD: "good", Outcome.FAILED: "bad", Outcome.ERROR: "odd"}
_SHOWN_LINES: Final = 20
"""Of an error: its end tells most."""


def style_for(stream: TextIO) -> Style:
    """The style of a stream: colour on a terminal only, and not against the user's word."""
    if not stream.isatty():
        return Style()
    colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Style(max(NARROWEST, min(os.get_terminal_size(stream.fileno()).columns, 160)), colour)


def render(run: Run, style: Style) -> str:
    """All that there is to say of a run that did not hold."""
    lines = [*_heading(run, style), "", *_turns(run, style), *_findings(run.verdict, style), *_commands(run, style)]
    return without(run.secrets, "\n".join(lines))


def _heading(run: Run, style: Style) -> Iterator[str]:
    outcome = run.verdict.outcome
    yield style.paint(style.cut(run.scenario.name), "strong")
    clauses = f"  {' '.join(run.scenario.clauses)}" if run.scenario.clauses else ""
    yield f"{style.paint(outcome.value, _OUTCOMES[outcome])}  {printable(run.scenario.node_id)}{clauses}"
    yield from _wrapped(run.scenario.why, style)


def _turns(run: Run, style: Style) -> Iterator[str]:
    marks = {violation.step for violation in run.verdict.violations[:1]}
    sessions = {turn.session for turn in run.trace.turns}
    for turn in timeline(run.trace, run.before):
        session = f" ({turn.session})" if len(sessions) > 1 else ""
        yield style.cut(f"turn {turn.number}{session}: {turn.user!r}")
        yield from table(turn.steps, marks, style)
        yield style.cut(f"      => {turn.end}")
        yield from (style.cut(f"         {line}") for line in turn.error.splitlines()[-_SHOWN_LINES:])
        yield ""


def _findings(verdict: Verdict, style: Style) -> Iterator[str]:
    for violation in verdict.violations:
        yield from _violation(violation, style)
    if verdict.trouble is not None:
        yield from _wrapped(f"it could not be run: {verdict.trouble}", style)
    if verdict.violations and verdict.signs:
        yield "signs:"
    for sign in verdict.signs:
        yield from _wrapped(f"- {sign}", style)


def _violation(violation: Violation, style: Style) -> Iterator[str]:
    where = f"turn {violation.turn}" if violation.turn is not None else "the whole file"
    at = f", step {violation.step}" if violation.step is not None else ""
    yield style.paint(f"{violation.what} did not hold ({where}{at})", "bad")
    yield from _wrapped(f"expected  {violation.expected}", style, "  ")
    yield from _wrapped(f"found     {violation.found}", style, "  ")
    if violation.place is not None:
        yield printable(f"  written   {violation.place}")


def _wrapped(text: str, style: Style, indent: str = "") -> list[str]:
    further = f"{indent}          " if indent else "  "
    return textwrap.wrap(
        printable(text), style.width, initial_indent=indent, subsequent_indent=further, break_long_words=False
    )


def _commands(run: Run, style: Style) -> Iterator[str]:
    alone = printable(shlex.quote(run.scenario.node_id))
    yield ""
    yield style.paint(f"this one alone:  pytest {alone}", "dim")
    yield style.paint(f"                 faultlab run {alone}", "dim")


def summary(runs: Iterable[Run], style: Style) -> str:
    """How many ended how, in one line."""
    counts = counted(runs)
    told = [style.paint(f"{count} {outcome.value}", _OUTCOMES[outcome]) for outcome, count in counts.items() if count]
    return ", ".join(told) or "nothing was run"
