"""`faultlab check`: what is wrong with a scenario file or an agent's configuration."""

from __future__ import annotations

import argparse
from pathlib import Path
from textwrap import indent
from typing import Any

from faultlab.cli.base import COULD_NOT_RUN, DID_NOT_HOLD, HELD, Session, files, unreadable
from faultlab.errors import ScenarioError
from faultlab.loader import Loader, is_agent_config
from faultlab.reports.base import printable
from faultlab.runner import check_config, loader

__all__ = ["add_to", "check"]


def add_to(commands: Any) -> None:
    """The command's own arguments."""
    added = commands.add_parser("check", help="read scenarios and agent configurations, and say what is wrong")
    added.add_argument("paths", nargs="+", metavar="PATH", help="a scenario file, a config.yaml, or a folder")
    added.set_defaults(do=check)


def check(chosen: argparse.Namespace) -> int:
    """Read what the arguments name and say what is wrong; the exit code."""
    session, read = Session(), loader()
    complaints = 0
    for path in chosen.paths:
        for file in files(path, session):
            try:
                complaints += _checked(file, read)
            except ScenarioError as error:
                unreadable(error, session)
    if session.unreadable:
        return COULD_NOT_RUN
    return DID_NOT_HOLD if complaints else HELD


def _checked(file: str, read: Loader) -> int:
    """Tell what a file is; returns how many complaints there are about it."""
    if not is_agent_config(Path(file)):
        count = len(read.load(file))
        print(f"{file}: {count} scenario{'' if count == 1 else 's'}")
        return 0
    found = check_config(file)
    for each in found:
        print(printable(f"{each.place or file}: {each.text}"))
        if each.mend:
            print(printable(indent(each.mend, "    ")))
    if not found:
        print(printable(f"{file}: nothing to complain of"))
    return len(found)
