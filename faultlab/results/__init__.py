"""A campaign's results file: one SQLite database that is written run by run, and read by every report.

What was written stays whatever happens to the process. Who plays and who reports is not known here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from faultlab.errors import HarnessError
from faultlab.results import database
from faultlab.results.base import About, Found, Row, about_from, found_from, record_from, row, told
from faultlab.results.database import one_line
from faultlab.trial import Record, Standing

__all__ = ["About", "Found", "Results", "Row", "row"]

_ADD: Final = "insert or replace into run (of, number, standing, entries, told) values (?, ?, ?, ?, ?)"

_CHOSEN: Final = """
select told from run where (? is null or of = ?) and number >= ? and number < ? order by of, number
"""

_BROKEN: Final = """
select number, entries, told from run
where of = ? and number >= ? and number < ? and standing = 'broken' order by number
"""

_ADD_FOUND: Final = "insert or replace into found values (?, ?)"

_NUMBERS: Final = "select number from run where of = ? and number >= ? and number < ?"


class Results:
    """An open results file. What was added outlives the process as soon as `add` or `keep` returns.

    Whatever cannot be written or read raises HarnessError, in one line; what was written before stays.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, about: About, held: int | None = None) -> None:
        self.path = path
        self.about = about
        self._connection = connection
        self._held = held
        self._is_refused = False

    @classmethod
    def create(cls, path: Path, about: About) -> Results:
        """A new file, and the folders above it. Raises HarnessError if it holds results, or cannot be written."""
        held = database.hold(path)
        try:
            with one_line(path):
                return cls(path, database.new(path, told(asdict(about))), about, held)
        except HarnessError:
            database.let_go(held)
            raise

    @classmethod
    def go_on(cls, path: Path) -> Results:
        """A file that is there, to be written on. Raises HarnessError as `open` does, or if somebody else writes it."""
        _check_is_there(path)
        held = database.hold(path)
        try:
            connection, about = _opened(path)
            with one_line(path):
                database.written_on(connection)
        except HarnessError:
            database.let_go(held)
            raise
        return cls(path, connection, about, held)

    @classmethod
    def open(cls, path: Path) -> Results:
        """A file that is there, to be read. Raises HarnessError if it holds no results."""
        _check_is_there(path)
        return cls(path, *_opened(path))

    @staticmethod
    def has_begun(path: Path) -> bool:
        """Whether there is something that can be gone on with: who ended at once has left an empty file, or none."""
        return path.is_file() and not database.is_empty(path)

    def close(self) -> None:
        """Nothing more is written; all of it then stands in this one file, which can be taken elsewhere."""
        try:
            if self._held is not None:
                # What the disk refused before it refuses now as well; that was said, and all that was kept can be read.
                with suppress(HarnessError) if self._is_refused else nullcontext(), one_line(self.path):
                    self._connection.execute("pragma journal_mode = delete")
        finally:
            self._connection.close()
            if self._held is not None:
                database.let_go(self._held)

    def add(self, record: Record, entries: int = 0) -> None:
        """Keep a run."""
        self.keep([row(record, entries)])

    def keep(self, rows: Sequence[Row]) -> None:
        """Keep runs: all of them, or none if it raises."""
        with self._writing(), database.at_once(self._connection):
            self._connection.executemany(_ADD, rows)

    def numbers(self, of: str, within: range | None = None) -> set[int]:
        """Which runs of a pass are there, of all or of these numbers."""
        with one_line(self.path):
            return {number for (number,) in self._connection.execute(_NUMBERS, (of, *_bounds(within)))}

    def records(self, of: str | None = None, numbers: range | None = None) -> Iterator[Record]:
        """Runs by pass and number; all, those of one pass, or of these numbers. Never all of them in memory at once."""
        with one_line(self.path), closing(self._connection.execute(_CHOSEN, (of, of, *_bounds(numbers)))) as rows:
            yield from (record_from(json.loads(text)) for (text,) in rows)

    def broken(self, of: str, numbers: range | None = None) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        """Of the broken runs of a pass, all or those with these numbers: number, entries, and what did not hold."""
        with one_line(self.path), closing(self._connection.execute(_BROKEN, (of, *_bounds(numbers)))) as rows:
            for number, entries, text in rows:
                yield number, entries, tuple(each["what"] for each in json.loads(text)["breaches"])

    def standings(self) -> dict[Standing, int]:
        """How many runs stand how; what no run does is not there."""
        with one_line(self.path):
            rows = self._connection.execute("select standing, count(*) from run group by standing").fetchall()
        return {Standing(standing): count for standing, count in rows}

    def end(self, of: str, why: str) -> None:
        """A pass is through."""
        self._write("insert or replace into pass values (?, ?)", of, why)

    def ended(self) -> dict[str, str]:
        """Why each pass ended, in words; one that is missing has not."""
        with one_line(self.path):
            return dict(self._connection.execute("select of, ended from pass order by of"))

    def add_found(self, found: Sequence[Found]) -> None:
        """Keep what was shrunk: all of it, or none if it raises."""
        with one_line(self.path), database.at_once(self._connection):
            self._connection.executemany(_ADD_FOUND, [(each.breach, told(asdict(each))) for each in found])

    def found(self) -> list[Found]:
        """What was shrunk, by the breach."""
        with one_line(self.path):
            rows = self._connection.execute("select told from found order by breach").fetchall()
        return [found_from(json.loads(text)) for (text,) in rows]

    def _write(self, statement: str, *values: str) -> None:
        with self._writing():
            self._connection.execute(statement, values)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with one_line(self.path):
                yield
        except HarnessError:
            self._is_refused = True
            raise


def _check_is_there(path: Path) -> None:
    if not path.is_file():
        raise HarnessError(f"{path}: no such results file")


def _opened(path: Path) -> tuple[sqlite3.Connection, About]:
    with one_line(path):
        connection = database.reopened(path)
    try:
        return connection, about_from(json.loads(database.what_it_is_about(connection)))
    except (sqlite3.Error, TypeError, ValueError, KeyError):
        connection.close()
        raise HarnessError(f"{path} holds no results of a campaign") from None


def _bounds(numbers: range | None) -> tuple[int, int]:
    return (0, 2**62) if numbers is None else (numbers.start, numbers.stop)
