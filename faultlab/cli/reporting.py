"""`faultlab report`: what a campaign's results file holds, told again in any form."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from faultlab.cli.base import HELD, refuse_unwritable, write
from faultlab.reports import campaign_json, campaign_junit, campaign_text, page
from faultlab.reports.tally import tallied
from faultlab.reports.text import style_for
from faultlab.results import Results

__all__ = ["add_forms", "add_to", "report", "tell"]


def add_to(commands: Any) -> None:
    """The command's own arguments."""
    added = commands.add_parser("report", help="what a campaign has found, from its results file")
    added.add_argument("file", metavar="FILE.sqlite", type=Path, help="what faultlab chaos wrote, finished or not")
    add_forms(added)
    added.set_defaults(do=report)


def add_forms(parser: argparse.ArgumentParser) -> None:
    """The arguments that choose a report's form."""
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    parser.add_argument("--junit", metavar="FILE", type=Path, help="write JUnit XML")
    parser.add_argument("--html", metavar="FILE", type=Path, help="write a web page, one file that asks no network")


def report(chosen: argparse.Namespace) -> int:
    """Tell it; the exit code says whether that was possible, not how the campaign went."""
    refuse_unwritable(chosen.junit, chosen.html)
    with _opened(chosen.file) as results:
        tell(results, chosen)
    return HELD


@contextmanager
def _opened(file: Path) -> Iterator[Results]:
    results = Results.open(file)
    try:
        yield results
    finally:
        results.close()


def tell(results: Results, chosen: argparse.Namespace) -> None:
    """Every form that the arguments ask for; the text on standard error where the JSON document is on the other."""
    told = sys.stderr if chosen.json else sys.stdout
    tally = tallied(results.records(), results.about.findings)
    if chosen.junit:
        write(chosen.junit, campaign_junit.document(results, tally))
    if chosen.html:
        write(chosen.html, page.of_campaign(results, tally))
    if chosen.json:
        print(campaign_json.document(results, tally))
    print(campaign_text.render(results, style_for(told), tally), file=told)
