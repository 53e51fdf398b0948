"""What a results file holds, as values and as the JSON that stands in it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from faultlab.subject import Finding
from faultlab.trial import Breach, Edge, Ending, Record, Standing, Step
from faultlab.verdict import Place

__all__ = ["About", "Found", "Row", "about_from", "found_from", "record_from", "row", "told"]


class Row(NamedTuple):
    """A record as it is stored: it is made where the run was played, which spares the one who writes the work.

    `entries` are the faults that its scenario plans.
    """

    of: str
    number: int
    standing: str
    entries: int
    told: str


def row(record: Record, entries: int) -> Row:
    """What is stored of a run."""
    return Row(record.of, record.number, record.standing.value, entries, told(asdict(record)))


@dataclass(frozen=True, slots=True)
class About:
    """What the campaign was told: enough to go on with it, and to say what it was about.

    `passes` are (name, options as text), `config` the text of the healthy scenario's file with made-up keys only,
    `command` the words of the command line that gives the same results, whoever plays.
    """

    shown: str
    digest: str
    seed: int
    passes: tuple[tuple[str, str], ...]
    version: str
    findings: tuple[Finding, ...] = ()
    rules: str = ""
    config: str = ""
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A breach made as small as it gets: the file that was written, its text, and why shrinking stopped.

    `breach` is what it breaks, `of` and `number` the run that broke it first, `runs` how many did. `entries` are the
    entries of faults that are left, `place` is the line of the policy that it breaks (None: an invariant).
    """

    breach: str
    of: str
    number: int
    runs: int
    name: str
    file: str
    text: str
    command: str
    entries: int
    stopped: str
    place: Place | None = None


def told(value: Any) -> str:
    """As JSON, the shortest way."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def about_from(told: dict[str, Any]) -> About:
    """What a campaign was told, from JSON."""
    findings = tuple(Finding(**{**each, "place": _place(each["place"])}) for each in told["findings"])
    passes = tuple((name, options) for name, options in told["passes"])
    command = tuple(told["command"])
    return About(**{**told, "findings": findings, "passes": passes, "command": command})


def found_from(told: dict[str, Any]) -> Found:
    """What was shrunk, from JSON."""
    return Found(**{**told, "place": _place(told["place"])})


def _place(told: dict[str, Any] | None) -> Place | None:
    return None if told is None else Place(**told)


def record_from(told: dict[str, Any]) -> Record:
    """A run, from JSON."""
    return Record(
        **told
        | {
            "standing": Standing(told["standing"]),
            "ending": Ending(told["ending"]),
            "labels": tuple((name, value) for name, value in told["labels"]),
            "calls": (told["calls"][0], told["calls"][1]),
            "breaches": tuple(Breach(**each) for each in told["breaches"]),
            "reasons": tuple(told["reasons"]),
            "covered": tuple(told["covered"]),
            "steps": tuple(Step(**each) for each in told["steps"]),
            "edge": None if told["edge"] is None else Edge(**told["edge"]),
        }
    )
