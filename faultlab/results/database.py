"""The database of a results file: its tables, made whole or not at all, and the hold that one writer has on it."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from faultlab.errors import HarnessError

__all__ = ["at_once", "hold", "is_empty", "let_go", "new", "one_line", "reopened", "what_it_is_about", "written_on"]

_FORMAT: Final = 2

_TABLES: Final = (
    f"pragma user_version = {_FORMAT}",
    "create table about (told text not null)",
    """
    create table run (
        of text, number integer, standing text not null, entries integer not null, told text not null,
        primary key (of, number)
    ) without rowid
    """,
    "create index broken on run (of, number) where standing = 'broken'",
    "create table pass (of text primary key, ended text not null)",
    "create table found (breach text primary key, told text not null)",
)

_ANOTHER: Final = "give another folder by --out"


@contextmanager
def one_line(path: Path) -> Iterator[None]:
    """Meanwhile what the disk refuses is said in one line."""
    try:
        yield
    except sqlite3.Error as error:
        raise HarnessError(f"{path} cannot be written or read: {error}; what was written before is kept") from None


@contextmanager
def at_once(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is written meanwhile, or nothing of it."""
    connection.execute("begin immediate")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:  # a full disk may have ended it already
            connection.execute("rollback")
        raise


def hold(path: Path) -> int:
    """Make the file if it is not there, and hold it for as long as this process lives: two would write over each other.

    Nobody may close what is returned while a connection to the file is open: that would take the connection's locks.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise HarnessError(f"{path} cannot be written: {error.strerror}; {_ANOTHER}") from None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        let_go(held)
        raise HarnessError(f"{path}: another campaign is writing it; wait for that one, or {_ANOTHER}") from None
    return held


def let_go(held: int) -> None:
    """Another process may have it."""
    os.close(held)


def is_empty(path: Path) -> bool:
    """Whether nothing was written to it yet. What is no database is not empty."""
    with closing(sqlite3.connect(path)) as connection:
        try:
            return connection.execute("select 1 from sqlite_master").fetchone() is None
        except sqlite3.Error:
            return False


def new(path: Path, about: str) -> sqlite3.Connection:
    """One transaction, so that whatever ends this process leaves a whole file, or an empty one, which is none yet."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        _make(connection, path, about)
    except BaseException:
        connection.close()
        raise
    return connection


def _make(connection: sqlite3.Connection, path: Path, about: str) -> None:
    if connection.execute("select 1 from sqlite_master").fetchone():
        raise HarnessError(f"{path} is there already: go on with it by --resume, or {_ANOTHER}")
    written_on(connection)
    with at_once(connection):
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute("insert into about values (?)", (about,))


def written_on(connection: sqlite3.Connection) -> None:
    """It is about to be written, while others may read it."""
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = normal")
    connection.execute("pragma cache_size = -256")  # KiB: runs are written once, one after the other


def reopened(path: Path) -> sqlite3.Connection:
    """A file that is there."""
    return sqlite3.connect(path, isolation_level=None)


def what_it_is_about(connection: sqlite3.Connection) -> str:
    """What `new` was told. Raises ValueError if it was written in another form, sqlite3.Error if it is none of ours."""
    (form,) = connection.execute("pragma user_version").fetchone()
    told = connection.execute("select told from about").fetchone()
    if form != _FORMAT or told is None:
        raise ValueError(form)
    return str(told[0])
