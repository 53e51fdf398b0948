"""`faultlab run`: scenarios without pytest."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from faultlab.cli.base import Session, named, refuse_unwritable, write
from faultlab.reports import json, junit, page
from faultlab.reports.text import Style, render, style_for, summary
from faultlab.runner import loader, run_fully
from faultlab.scenario import Scenario
from faultlab.verdict import Outcome

__all__ = ["add_to", "run"]


def add_to(commands: Any) -> None:
    """The command's own arguments."""
    added = commands.add_parser("run", help="run scenarios", description="Run scenarios in virtual time, offline.")
    added.add_argument("paths", nargs="+", metavar="PATH", help="a file, a folder, or file::name for one scenario")
    added.add_argument("--json", action="store_true", help="one JSON document on standard output")
    added.add_argument("--junit", metavar="FILE", type=Path, help="write JUnit XML")
    added.add_argument("--html", metavar="FILE", type=Path, help="write a web page, one file that asks no network")
    added.add_argument("--overlay", metavar="FILE", type=Path, help="lay the keys of this file over every scenario")
    added.set_defaults(do=run)


def run(chosen: argparse.Namespace) -> int:
    """Run what the arguments name; the exit code."""
    refuse_unwritable(chosen.junit, chosen.html)
    session = Session()
    scenarios = named(chosen.paths, loader(chosen.overlay), session)
    told = sys.stderr if chosen.json else sys.stdout
    with _told_to_end_as_by_ctrl_c():
        _play(scenarios, session, style_for(told), quiet=chosen.json)
    if chosen.json:
        print(json.document(session.runs, session.unreadable))
    if chosen.junit:
        write(chosen.junit, junit.document(session.runs, session.unreadable, partial(render, style=Style())))
    if chosen.html:
        write(chosen.html, page.of_runs(session.runs, session.unreadable))
    stopped = ", stopped" if session.stopped else ""
    print(f"{summary(session.runs, style_for(told))}{stopped}", file=told)
    return session.exit_code


@contextmanager
def _told_to_end_as_by_ctrl_c() -> Iterator[None]:
    """Who is told to end tells what was done so far, and leaves no program behind that a scenario has started."""

    def press_ctrl_c(*_: Any) -> None:
        # Not an exception of our own: what is being run may have a handler that tells it from a planned one.
        signal.raise_signal(signal.SIGINT)

    before = {number: signal.signal(number, press_ctrl_c) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _play(scenarios: list[Scenario], session: Session, style: Style, *, quiet: bool) -> None:
    try:
        for number, scenario in enumerate(scenarios, 1):
            _progress(number, len(scenarios))
            run = run_fully(scenario)
            session.runs.append(run)
            if run.verdict.outcome is not Outcome.HELD and not quiet:
                _progress(0, 0)
                print(render(run, style), end="\n\n", flush=True)
    except KeyboardInterrupt:
        session.stopped = True
    _progress(0, 0)


def _progress(number: int, total: int) -> None:
    """On a terminal: how far we are, in a line that comes and goes."""
    if sys.stderr.isatty():
        told = f"{number} of {total}" if total else ""
        print(f"\r\x1b[K{told}", end="", file=sys.stderr, flush=True)
