"""`faultlab chaos`: what users will see of a configuration when its provider has a bad day, and what breaks then."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from textwrap import indent
from typing import Any, Final

from faultlab.campaign import Crew, dask, our_version, processes, run
from faultlab.cli.base import COULD_NOT_RUN, DID_NOT_HOLD, HELD, STOPPED, refuse_unwritable
from faultlab.cli.live import Live
from faultlab.cli.passes import add_options, address, as_told, as_words, depth_of, go_on_as, made, whole
from faultlab.cli.reporting import add_forms, tell
from faultlab.errors import FaultlabError, HarnessError
from faultlab.policies import read_rules
from faultlab.results import About, Results
from faultlab.shown import printable
from faultlab.subject import Subject, subject_of
from faultlab.trial import Standing
from faultlab.written import scenario_text

__all__ = ["add_to", "chaos"]

_ABOUT: Final = """\
Breaks the providers of a configuration in every way that they are known to break in, offline and with made-up keys, and
holds what the agent does against its contract. Results, and a scenario for everything that breaks, stand in the folder
of --out. Ctrl-C tells what is known so far, and --resume goes on from there."""

_FILE: Final = "results.sqlite"
_ANEW: Final = "give another --out"


def add_to(commands: Any) -> None:
    """The command's own arguments."""
    added = commands.add_parser("chaos", help="break a configuration in every known way", description=_ABOUT)
    added.add_argument("config", metavar="CONFIG", help="an agent's config.yaml, or a scenario file, or file::name")
    add_options(added)
    played = added.add_mutually_exclusive_group()
    played.add_argument("--jobs", type=whole(1), metavar="N", help="processes that play; as many as there are cores")
    played.add_argument(
        "--dask", type=address, metavar="ADDRESS", help="have it played by a Dask cluster: tcp://host:8786"
    )
    added.add_argument("--out", type=Path, default=Path("scenarios/found"), metavar="FOLDER", help="where all is kept")
    added.add_argument("--resume", action="store_true", help="go on with what stands in the folder of --out")
    add_forms(added)
    added.set_defaults(do=chaos, read_words=added.parse_args)


def chaos(chosen: argparse.Namespace) -> int:
    """Go through the passes that the arguments ask for, and tell what came of it; the exit code."""
    refuse_unwritable(chosen.junit, chosen.html, within=chosen.out)
    results = _to_go_on_with(chosen) if chosen.resume else None
    try:
        subject = _subject(chosen)
        if results is None:
            results = Results.create(chosen.out / _FILE, _about(subject, chosen))
        elif results.about.digest != subject.digest:
            raise HarnessError(
                f"--resume: {subject.shown}, or its policy, is another since that campaign began; {_ANEW}"
            )
        return _told(subject, results, chosen)
    finally:
        if results is not None:
            results.close()


def _subject(chosen: argparse.Namespace) -> Subject:
    """What is to be broken, with what it is held to."""
    rules = read_rules(chosen.policy) if chosen.policy else None
    return subject_of(chosen.config, entry=chosen.entry or "agent", rules=rules)


def _about(subject: Subject, chosen: argparse.Namespace) -> About:
    return About(
        subject.shown,
        subject.digest,
        chosen.seed or 0,
        as_told(chosen),
        our_version(),
        subject.findings,
        subject.rules.name if subject.rules else "",
        scenario_text(subject.healthy),
        ("faultlab", "chaos", chosen.config, *as_words(chosen)),
    )


def _to_go_on_with(chosen: argparse.Namespace) -> Results | None:
    """What is there, whose arguments are these now; None when the campaign ended before it had written anything."""
    path = chosen.out / _FILE
    if not Results.has_begun(path):
        print(printable(f"--resume: no campaign has begun in {chosen.out} yet: this one begins"), file=sys.stderr)
        return None
    results = Results.go_on(path)
    try:
        _go_on(results.about, chosen)
    except HarnessError:
        results.close()
        raise
    return results


def _go_on(was: About, chosen: argparse.Namespace) -> None:
    if was.version != our_version():
        raise HarnessError(f"--resume: faultlab {was.version} began that campaign, this is {our_version()}; {_ANEW}")
    go_on_as(chosen.read_words([*was.command[2:]]), chosen)


def _told(subject: Subject, results: Results, chosen: argparse.Namespace) -> int:
    """The findings, the campaign, and the report of as much of it as there was."""
    told = sys.stderr if chosen.json else sys.stdout
    for finding in (each for each in subject.findings if each.certain):
        print(printable(f"{finding.place or subject.shown}: {finding.text}"), file=told)
        if finding.mend:
            print(printable(indent(finding.mend, "    ")), file=told)
    told.flush()
    live = Live(sys.stderr, depth_of(chosen))
    with live.told_to_stop():
        trouble = _played(subject, results, live, chosen)
    tell(results, chosen)
    told.flush()
    stopped = "stopped: the same command with --resume goes on from there" if live.stops else ""
    for sentence in (trouble, stopped, _changed(subject, chosen)):
        if sentence:
            print(printable(sentence), file=sys.stderr)
    return STOPPED if live.stops else _exit_code(results, trouble)


def _played(subject: Subject, results: Results, live: Live, chosen: argparse.Namespace) -> str:
    """Play it as far as it goes; what came in the way."""
    try:
        run(subject, made(chosen), results, _crew(chosen), live)
    except HarnessError as error:
        return str(error)
    finally:
        live.clear()
    return ""


def _crew(chosen: argparse.Namespace) -> Crew:
    return dask(chosen.dask) if chosen.dask else processes(chosen.jobs or len(os.sched_getaffinity(0)))


def _changed(subject: Subject, chosen: argparse.Namespace) -> str:
    """A sentence if the file is no longer what was played."""
    try:
        now = _subject(chosen).digest
    except FaultlabError:
        now = "unreadable"
    if now == subject.digest:
        return ""
    return f"{subject.shown} has changed meanwhile: all this is about what stood there when it was read"


def _exit_code(results: Results, trouble: str) -> int:
    """By what is worst: something broken is a definite answer, what was not reached or not played is none."""
    standings = results.standings()
    if Standing.BROKEN in standings:
        return DID_NOT_HOLD
    return COULD_NOT_RUN if trouble or standings.keys() - {Standing.HELD} else HELD
