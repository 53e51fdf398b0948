"""A campaign, or the runs of scenarios, as one web page: a single file that asks no network for anything.

What is shown stands in it as JSON; its own script makes everything of that by text nodes. Its content security policy
names that script and its style by their digests and forbids all else.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any, Final

from faultlab.playing import recorded
from faultlab.reports.base import printable, without
from faultlab.reports.campaign_json import head
from faultlab.reports.campaign_text import render
from faultlab.reports.page_data import Shown, packed
from faultlab.reports.tally import ENDINGS, Tally, tallied
from faultlab.results import Results
from faultlab.runner import Run
from faultlab.subject import Subject
from faultlab.timeline import timeline
from faultlab.timetable import Style
from faultlab.trial import Standing, Trial

__all__ = ["of_campaign", "of_runs"]

_FORMAT: Final = 1
_FOLDER: Final = Path(__file__).parent / "page_files"
_SCRIPTS: Final = ("values", "address", "summary", "heat_map", "states", "timeline", "filters", "run_list", "page")
"""In the order in which they stand in the page; each may use what stands before it."""

_MOST_RUNS: Final = 50_000
"""Runs of one page: a browser takes its time over more. Those that did not hold are all there."""

_STANDINGS: Final = {each.value: each.value.replace("_", " ") for each in Standing}
_OUTCOMES: Final = {"held": "held", "broken": "failed", "not_reached": "not as planned", "trouble": "could not be run"}


def of_campaign(results: Results, tally: Tally | None = None) -> str:
    """The page of a campaign. `tally`: what was counted already."""
    tally = tally or tallied(results.records(), results.about.findings)
    told = {
        "kind": "campaign",
        "title": f"Chaos of {results.about.shown}",
        "standings": _STANDINGS,
        "left_out": max(0, tally.all.runs - _MOST_RUNS),
        **head(results, tally),
        **packed(_kept(results, tally)),
    }
    return _page(told, render(results, Style(80), tally))


def _kept(results: Results, tally: Tally) -> Iterator[Shown]:
    """As many as a page holds: of those that held the first ones."""
    room = _MOST_RUNS - tally.all.runs + tally.all.standings[Standing.HELD]
    for record in results.records():
        if record.standing is not Standing.HELD:
            yield Shown(record)
        elif room > 0:
            room -= 1
            yield Shown(record)


def of_runs(runs: Sequence[Run], unreadable: Sequence[str] = ()) -> str:
    """The page of scenarios that were run, with the messages of files that held none."""
    shown = list(_shown(runs))
    tally = tallied(each.record for each in shown)
    told = {
        "kind": "scenarios",
        "title": "Scenarios",
        "standings": _OUTCOMES,
        "counts": {each.value: tally.all.standings[each] for each in Standing},
        "unreadable": [printable(each) for each in unreadable],
        **packed(shown),
    }
    names = "\n".join(f"{each.record.standing.value}  {each.name}" for each in shown)
    return _page(told, names, {secret for run in runs for secret in run.secrets})


def _shown(runs: Sequence[Run]) -> Iterator[Shown]:
    """Each run under its file and its number there."""
    numbers: Counter[str] = Counter()
    for run in runs:
        scenario = run.scenario
        file = scenario.place.file
        told = (("scenario", scenario.node_id), ("clauses", " ".join(scenario.clauses)))
        trial = Trial(file, numbers[file], scenario, tuple((name, text) for name, text in told if text))
        numbers[file] += 1
        turns = tuple((turn.user, turn.end, turn.error) for turn in timeline(run.trace, run.before))
        again = f"faultlab run {shlex.quote(scenario.node_id)}"
        yield Shown(recorded(Subject(file, scenario), trial, run), scenario.name, turns, again)


def _page(told: dict[str, Any], plain: str, secrets: Iterable[str] = ()) -> str:
    """The whole file. `plain` is what a reader without scripts gets."""
    style, script = _file("page.css"), "".join(_file(f"{name}.js") for name in _SCRIPTS)
    told = {"format": _FORMAT, "endings": {ending.value: word for ending, word in ENDINGS.items()}, **told}
    data = without(secrets, json.dumps(told, ensure_ascii=False, separators=(",", ":")))
    return Template(_file("page.html")).substitute(
        policy=f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'",
        title=escape(printable(told["title"])),
        plain=escape(printable(without(secrets, plain))).encode(errors="replace").decode(),
        style=style,
        script=script,
        data=data.translate(_INERT),
    )


_INERT: Final = {ord(each): f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"} | {
    code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), *range(0xD800, 0xE000))
}
"""Characters that could end the script that the data stand in, or that no encoding can write, as JSON writes them."""


@cache
def _file(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
