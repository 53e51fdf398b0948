"""The command `faultlab`: runs scenarios without pytest, and checks what is written.

Exit codes: 0 all held, 1 something did not hold, 2 it could not be run (usage, an unreadable file, a scenario in
error, and nothing failed), 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from faultlab.errors import ScenarioError
from faultlab.loader import Loader, files_below, is_agent_config
from faultlab.reports import json, junit
from faultlab.reports.text import Style, render, style_for, summary
from faultlab.runner import Run, check_config, loader, run_fully
from faultlab.scenario import Scenario
from faultlab.verdict import Outcome

__all__ = ["main"]

_HELD, _DID_NOT_HOLD, _COULD_NOT_RUN, _STOPPED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the arguments say and return the exit code."""
    chosen = _parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        return _check(chosen.paths) if chosen.command == "check" else _run(chosen)
    except ScenarioError as error:
        print(error, file=sys.stderr)
        return _COULD_NOT_RUN
    except KeyboardInterrupt:
        print("stopped by Ctrl-C", file=sys.stderr)
        return _STOPPED
    except BrokenPipeError:
        # Whoever read us has read enough; what is still buffered must not fail a second time at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _COULD_NOT_RUN


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("faultlab", description="Fault injection for LLM agents.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run scenarios", description="Run scenarios in virtual time, offline.")
    run.add_argument("paths", nargs="+", metavar="PATH", help="a file, a folder, or file::name for one scenario")
    run.add_argument("--json", action="store_true", help="one JSON document on standard output")
    run.add_argument("--junit", metavar="FILE", type=Path, help="write JUnit XML")
    run.add_argument("--overlay", metavar="FILE", type=Path, help="lay the keys of this file over every scenario")
    check = commands.add_parser("check", help="read scenarios and agent configurations, and say what is wrong")
    check.add_argument("paths", nargs="+", metavar="PATH", help="a scenario file, a config.yaml, or a folder")
    return parser


@dataclass(slots=True)
class _Session:
    """What one command has come to so far."""

    runs: list[Run] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    stopped: bool = False

    @property
    def exit_code(self) -> int:
        """By what is worst; a failure is a definite answer, an error is none."""
        outcomes = {run.verdict.outcome for run in self.runs}
        if self.stopped:
            return _STOPPED
        if Outcome.FAILED in outcomes:
            return _DID_NOT_HOLD
        return _COULD_NOT_RUN if self.unreadable or Outcome.ERROR in outcomes else _HELD


def _run(chosen: argparse.Namespace) -> int:
    session = _Session()
    scenarios = _scenarios(chosen.paths, loader(chosen.overlay), session)
    told = sys.stderr if chosen.json else sys.stdout
    _play(scenarios, session, style_for(told), quiet=chosen.json)
    if chosen.json:
        print(json.document(session.runs, session.unreadable))
    if chosen.junit:
        _written(chosen.junit, junit.document(session.runs, session.unreadable, partial(render, style=Style())))
    stopped = ", stopped by Ctrl-C" if session.stopped else ""
    print(f"{summary(session.runs, style_for(told))}{stopped}", file=told)
    return session.exit_code


def _play(scenarios: list[Scenario], session: _Session, style: Style, *, quiet: bool) -> None:
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


def _scenarios(paths: Sequence[str], read: Loader, session: _Session) -> list[Scenario]:
    """All scenarios that these paths name; a file that cannot be read is told of, and the others go on."""
    found: list[Scenario] = []
    for path in paths:
        file, _, name = path.partition("::")
        for each in _files(file, session):
            try:
                found += _chosen(read.load(each), each, name)
            except ScenarioError as error:
                _unreadable(error, session)
    return found


def _files(path: str, session: _Session) -> Iterator[str]:
    if not Path(path).is_dir():
        yield path
        return
    try:
        yield from map(str, files_below(Path(path)))
    except ScenarioError as error:
        _unreadable(error, session)


def _chosen(scenarios: list[Scenario], file: str, name: str) -> list[Scenario]:
    chosen = [scenario for scenario in scenarios if name in ("", scenario.id)]
    if not chosen:
        raise ScenarioError(f"no scenario called {name!r:.60}", path=file, allowed=[each.id for each in scenarios])
    return chosen


def _unreadable(error: ScenarioError, session: _Session) -> None:
    session.unreadable.append(str(error))
    print(error, file=sys.stderr)


def _check(paths: Sequence[str]) -> int:
    session, read = _Session(), loader()
    complaints = 0
    for path in paths:
        for file in _files(path, session):
            try:
                complaints += _checked(file, read)
            except ScenarioError as error:
                _unreadable(error, session)
    if session.unreadable:
        return _COULD_NOT_RUN
    return _DID_NOT_HOLD if complaints else _HELD


def _checked(file: str, read: Loader) -> int:
    """Tell what a file is; returns how many complaints there are about it."""
    if not is_agent_config(Path(file)):
        count = len(read.load(file))
        print(f"{file}: {count} scenario{'' if count == 1 else 's'}")
        return 0
    complaints = check_config(file)
    for complaint in complaints or ["nothing to complain of"]:
        print(f"{file}: {complaint}")
    return len(complaints)


def _written(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ScenarioError(f"cannot be written: {error.strerror}", path=path) from None
