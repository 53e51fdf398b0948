"""`faultlab chaos`: what users will see of a configuration when its provider has a bad day, and what breaks then."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import indent
from typing import Any, Final

from faultlab.campaign import Crew, dask, our_version, processes, run
from faultlab.cli.base import COULD_NOT_RUN, DID_NOT_HOLD, HELD, STOPPED
from faultlab.cli.live import Live
from faultlab.cli.passes import OPTIONS, add_options, asked_for, made
from faultlab.cli.reporting import add_forms, tell
from faultlab.errors import FaultlabError, HarnessError
from faultlab.results import About, Results
from faultlab.shown import printable
from faultlab.subject import Subject, subject_of
from faultlab.trial import Standing
from faultlab.written import scenario_text

__all__ = ["add_to", "chaos"]

_ABOUT: Final = """\
Breaks the providers of a configuration in every way that they are known to break in, offline and with made-up keys, and
holds what the agent does against its contract. Findings, results and a scenario for everything that breaks stand in the
folder of --out. Ctrl-C tells what is known so far, and --resume goes on from there."""

_FILE: Final = "results.sqlite"


def add_to(commands: Any) -> None:
    """The command's own arguments."""
    added = commands.add_parser("chaos", help="break a configuration in every known way", description=_ABOUT)
    added.add_argument("config", metavar="CONFIG", help="an agent's config.yaml, or a scenario file, or file::name")
    add_options(added)
    added.add_argument("--seed", type=_from(0), default=None, help="what is drawn is drawn from it; 0 if left out")
    played = added.add_mutually_exclusive_group()
    played.add_argument("--jobs", type=_from(1), metavar="N", help="processes that play; as many as there are cores")
    played.add_argument("--dask", metavar="ADDRESS", help="have it played by a Dask cluster: tcp://host:8786")
    added.add_argument("--out", type=Path, default=Path("scenarios/found"), metavar="FOLDER", help="where all is kept")
    added.add_argument("--resume", action="store_true", help="go on with what stands in the folder of --out")
    add_forms(added)
    added.set_defaults(do=chaos)


def _from(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isascii() or not text.isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(f"a whole number from {least}, not {text!r:.40}")
        return int(text)

    return number


def chaos(chosen: argparse.Namespace) -> int:
    """Go through the passes that the arguments ask for, and tell what came of it; the exit code."""
    subject = subject_of(chosen.config, entry=chosen.entry or "agent")
    results = _results(subject, chosen)
    try:
        return _told(subject, results, chosen)
    finally:
        results.close()


def _told(subject: Subject, results: Results, chosen: argparse.Namespace) -> int:
    """The findings, the campaign, and the report of as much of it as there was."""
    told = sys.stderr if chosen.json else sys.stdout
    for finding in subject.findings:
        print(printable(f"{finding.place or subject.shown}: {finding.text}"), file=told)
        if finding.mend:
            print(printable(indent(finding.mend, "    ")), file=told)
    told.flush()
    live = Live(sys.stderr)
    with live.told_to_stop():
        trouble = _played(subject, results, live, chosen)
    tell(results, chosen)
    if trouble:
        print(printable(trouble), file=sys.stderr)
    return STOPPED if live.stops else _exit_code(results, trouble)


def _played(subject: Subject, results: Results, live: Live, chosen: argparse.Namespace) -> str:
    """Play it as far as it goes; what came in the way."""
    try:
        run(subject, made(results.about.passes), results, _crew(chosen), live)
    except HarnessError as error:
        return str(error)
    finally:
        live.clear()
    return _changed(subject, chosen)


def _crew(chosen: argparse.Namespace) -> Crew:
    return dask(chosen.dask) if chosen.dask else processes(chosen.jobs or len(os.sched_getaffinity(0)))


def _changed(subject: Subject, chosen: argparse.Namespace) -> str:
    """A sentence if the file is no longer what was played."""
    try:
        now = subject_of(chosen.config, entry=chosen.entry or "agent").digest
    except FaultlabError:
        now = "unreadable"
    if now == subject.digest:
        return ""
    return f"{subject.shown} has changed meanwhile: all this is about what stood there when the campaign began"


def _exit_code(results: Results, trouble: str) -> int:
    """By what is worst: something broken is a definite answer, what was not reached or not played is none."""
    standings = results.standings()
    if Standing.BROKEN in standings:
        return DID_NOT_HOLD
    return COULD_NOT_RUN if trouble or standings.keys() - {Standing.HELD} else HELD


def _results(subject: Subject, chosen: argparse.Namespace) -> Results:
    """The file of a new campaign, or that of the one to go on with."""
    path = chosen.out / _FILE
    about = About(
        subject.shown,
        subject.digest,
        chosen.seed or 0,
        asked_for(chosen),
        our_version(),
        subject.findings,
        subject.rules.name if subject.rules else "",
        scenario_text(subject.healthy),
        _command(chosen),
    )
    if not chosen.resume or not _has_begun(path):
        return Results.create(path, about)
    results = Results.go_on(path)
    why = _why_not(results.about, about, chosen)
    if why:
        results.close()
        raise HarnessError(f"{path} cannot be gone on with: {why}; begin anew with another --out")
    return results


def _command(chosen: argparse.Namespace) -> tuple[str, ...]:
    """The words that give the same results, whoever plays and wherever they are kept."""
    options = {f"--{name}": getattr(chosen, name) for name in OPTIONS}
    given = [word for name, value in options.items() if value is not None for word in (name, str(value))]
    passes = [word for name in chosen.passes or () for word in ("--pass", name)]
    return ("faultlab", "chaos", chosen.config, *passes, *given)


def _has_begun(path: Path) -> bool:
    """A campaign that ended before it wrote anything has left an empty file, or none."""
    return path.is_file() and path.stat().st_size > 0


def _why_not(was: About, now: About, chosen: argparse.Namespace) -> str:
    """Why what the file holds and what would be played now are not one campaign."""
    if was.digest != now.digest:
        return f"{now.shown} is not what it was when that campaign began"
    if was.version != now.version:
        return f"faultlab {was.version} has begun it, and this is {now.version}"
    if (was.rules, was.seed) != (now.rules, now.seed if chosen.seed is not None else was.seed):
        return "it has another policy or seed"
    asked = chosen.passes is not None or any(options for _, options in now.passes)
    return "it was asked for other passes" if asked and was.passes != now.passes else ""
