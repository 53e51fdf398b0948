"""A campaign's results file: one SQLite database that is written run by run, and read by every report.

What was written stays whatever happens to the process. Who plays and who reports is not known here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from faultlab.errors import HarnessError
from faultlab.subject import Finding
from faultlab.trial import Breach, Edge, Ending, Record, Standing, Step
from faultlab.verdict import Place

__all__ = ["About", "Found", "Results"]

_FORMAT: Final = 1

_TABLES: Final = f"""
pragma user_version = {_FORMAT};
create table about (told text not null);
create table run (of text, number integer, standing text not null, told text not null, primary key (of, number))
    without rowid;
create table pass (of text primary key, ended text not null);
create table found (breach text primary key, told text not null);
"""

_CHOSEN: Final = """
select told from run where (? is null or of = ?) and number >= ? and number < ? order by of, number
"""


@dataclass(frozen=True, slots=True)
class About:
    """What the campaign was told: enough to go on with it, and to say what it was about.

    `passes` are (name, options as text), `config` the text of the healthy scenario's file with made-up keys only.
    """

    shown: str
    digest: str
    seed: int
    passes: tuple[tuple[str, str], ...]
    version: str
    findings: tuple[Finding, ...] = ()
    rules: str = ""
    config: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A breach made as small as it gets: the file that was written, its text, and why shrinking stopped.

    `breach` is what it breaks, `of` and `number` the run that broke it first, `runs` how many did. `entries` are the
    entries of faults that are left.
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
    advice: str = ""
    place: Place | None = None


class Results:
    """An open results file. Every `add` is on the disk when it returns."""

    def __init__(self, connection: sqlite3.Connection, about: About) -> None:
        self._connection = connection
        self.about = about

    @classmethod
    def create(cls, path: Path, about: About) -> Results:
        """A new file. Raises HarnessError if there is one already, or it cannot be written."""
        if path.exists():
            raise HarnessError(f"{path} is there already: go on with it by --resume, or choose another name")
        connection = sqlite3.connect(path, isolation_level=None)
        connection.executescript("pragma journal_mode = wal; pragma synchronous = normal;" + _TABLES)
        connection.execute("insert into about values (?)", (_json(asdict(about)),))
        return cls(connection, about)

    @classmethod
    def open(cls, path: Path) -> Results:
        """A file that is there. Raises HarnessError if it holds no results."""
        if not path.is_file():
            raise HarnessError(f"{path}: no such results file")
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            (told,) = connection.execute("select told from about").fetchone()
        except (sqlite3.DatabaseError, TypeError):
            connection.close()
            raise HarnessError(f"{path} holds no results of a campaign") from None
        return cls(connection, _about(json.loads(told)))

    def close(self) -> None:
        """Nothing more is written."""
        self._connection.close()

    def add(self, record: Record) -> None:
        """Keep a run."""
        row = (record.of, record.number, record.standing.value, _json(asdict(record)))
        self._connection.execute("insert or replace into run values (?, ?, ?, ?)", row)

    def numbers(self, of: str) -> set[int]:
        """Which runs of a pass are there."""
        return {number for (number,) in self._connection.execute("select number from run where of = ?", (of,))}

    def records(self, of: str | None = None, numbers: range | None = None) -> Iterator[Record]:
        """Runs by pass and number; all, those of one pass, or of these numbers. Never all of them in memory at once."""
        wanted = numbers if numbers is not None else range(2**62)
        with closing(self._connection.execute(_CHOSEN, (of, of, wanted.start, wanted.stop))) as rows:
            yield from (_record(json.loads(told)) for (told,) in rows)

    def end(self, of: str, why: str) -> None:
        """A pass is through, or was stopped."""
        self._connection.execute("insert or replace into pass values (?, ?)", (of, why))

    def ended(self) -> dict[str, str]:
        """Why each pass ended, in words; one that is missing has not."""
        return dict(self._connection.execute("select of, ended from pass order by of"))

    def add_found(self, found: Found) -> None:
        """Keep what was shrunk."""
        self._connection.execute("insert or replace into found values (?, ?)", (found.breach, _json(asdict(found))))

    def found(self) -> list[Found]:
        """What was shrunk, by the breach."""
        rows = self._connection.execute("select told from found order by breach")
        return [_found(json.loads(told)) for (told,) in rows]


def _json(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _about(told: dict[str, Any]) -> About:
    findings = tuple(Finding(**{**each, "place": _place(each["place"])}) for each in told["findings"])
    passes = tuple((name, options) for name, options in told["passes"])
    return About(**{**told, "findings": findings, "passes": passes})


def _found(told: dict[str, Any]) -> Found:
    return Found(**{**told, "place": _place(told["place"])})


def _place(told: dict[str, Any] | None) -> Place | None:
    return None if told is None else Place(**told)


def _record(told: dict[str, Any]) -> Record:
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
