"""The session store: conversations, each session's one switch, and which session a chat is in. SQLite.

It keeps what it is given and knows no provider, so no key ever reaches it. The file is not touched before it is needed.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import count
from pathlib import Path
from threading import RLock
from typing import Any, Self

from hermes_agent.errors import SessionError
from hermes_agent.messages import FailureKind, Message, Switch, ToolCall

__all__ = ["SessionStore"]

_SCHEMA = 1
_TABLES = f"""
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS messages (n INTEGER PRIMARY KEY, session BLOB NOT NULL, body TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS messages_by_session ON messages (session);
    CREATE TABLE IF NOT EXISTS switches (session BLOB PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS chats (chat BLOB PRIMARY KEY, session BLOB NOT NULL) WITHOUT ROWID;
    PRAGMA user_version = {_SCHEMA};
    COMMIT;
"""
_BUSY_S = 10.0
"""How long a chat waits for another's write; each is far shorter."""


class SessionStore:
    """The sessions of one home; any text is a session id. Every method raises SessionError, in one line.

    May be used from several threads, and beside other processes. What a method was given is stored when it returns:
    a crash loses at most the message being written.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / "hermes_agent.sqlite3"
        self._lock = RLock()
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; it is opened again when it is needed."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def append(self, session_id: str, message: Message) -> None:
        """Add one message to the end of the session."""
        with self._opened() as connection:
            connection.execute(_INSERT, (_key(session_id), _message_text(message)))

    def replace(self, session_id: str, messages: Sequence[Message]) -> None:
        """Make these the session's messages, all of them or, if that fails, none."""
        key = _key(session_id)
        with self._opened() as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("DELETE FROM messages WHERE session = ?", (key,))
            connection.executemany(_INSERT, [(key, _message_text(message)) for message in messages])

    def messages(self, session_id: str) -> tuple[Message, ...]:
        """The session from its beginning; () if there is none."""
        bodies = self._read("SELECT body FROM messages WHERE session = ? ORDER BY n", _key(session_id))
        return tuple(self._as_message(body) for (body,) in bodies)

    def keep_switch(self, session_id: str, switch: Switch) -> None:
        """Store the session's switch."""
        with self._opened() as connection:
            text = json.dumps(asdict(switch))
            connection.execute("INSERT OR REPLACE INTO switches VALUES (?, ?)", (_key(session_id), text))

    def switch(self, session_id: str) -> Switch | None:
        """The session's switch, if it has happened."""
        bodies = self._read("SELECT body FROM switches WHERE session = ?", _key(session_id))
        return self._as_switch(bodies[0][0]) if bodies else None

    def begin(self, chat: str, session_id: str) -> None:
        """Make this the session that a chat is in from now on."""
        with self._opened() as connection:
            connection.execute("INSERT OR REPLACE INTO chats VALUES (?, ?)", (_key(chat), _key(session_id)))

    def current(self, chat: str) -> str | None:
        """The session that a chat is in; None if it has never begun one."""
        rows = self._read("SELECT session FROM chats WHERE chat = ?", _key(chat))
        return _session_id(rows[0][0]) if rows else None

    def sessions(self) -> tuple[str, ...]:
        """The ids of all sessions that have messages, the latest first."""
        rows = self._read("SELECT session FROM messages GROUP BY session ORDER BY max(n) DESC")
        return tuple(_session_id(key) for (key,) in rows)

    def unused(self, wanted: str) -> str:
        """This id if no session has it, else the first free one of `wanted-2`, `wanted-3` and so on."""
        candidates = (wanted if n == 1 else f"{wanted}-{n}" for n in count(1))
        return next(name for name in candidates if not self._is_used(name))

    def _is_used(self, session_id: str) -> bool:
        query = "SELECT 1 FROM messages WHERE session = ?1 UNION SELECT 1 FROM switches WHERE session = ?1"
        return bool(self._read(query, _key(session_id)))

    def _read(self, query: str, *values: object) -> list[Any]:
        """The rows; none if there is no file yet, as reading makes none."""
        if self._connection is None and not os.path.lexists(self._path):
            return []
        with self._opened() as connection:
            return connection.execute(query, values).fetchall()

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock:
                if self._connection is None:
                    self._connection = self._open()
                yield self._connection
        except (sqlite3.Error, OSError) as error:
            raise SessionError(f"{self._path}: cannot be used as session store: {error}") from None

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.touch(mode=0o600)  # conversations are nobody else's business
        connection = sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > _SCHEMA:
            raise SessionError(f"{self._path}: was written by a newer version: schema {version}, known: {_SCHEMA}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if version < _SCHEMA:
            connection.executescript(_TABLES)

    def _as_message(self, body: str) -> Message:
        try:
            fields = json.loads(body)
            fields["tool_calls"] = tuple(ToolCall(**call) for call in fields["tool_calls"])
            return Message(**{**fields, "reasoning_items": tuple(fields["reasoning_items"])})
        except (ValueError, TypeError, KeyError):
            raise SessionError(f"{self._path}: holds a message that cannot be read") from None

    def _as_switch(self, body: str) -> Switch:
        try:
            fields = json.loads(body)
            return Switch(**{**fields, "failure": fields["failure"] and FailureKind(fields["failure"])})
        except (ValueError, TypeError, KeyError):
            raise SessionError(f"{self._path}: holds a switch that cannot be read") from None


_INSERT = "INSERT INTO messages (session, body) VALUES (?, ?)"


def _key(session_id: str) -> bytes:
    """Bytes, as SQLite's texts hold no half of a surrogate pair."""
    return session_id.encode("utf-8", "surrogatepass")


def _session_id(key: bytes) -> str:
    return key.decode("utf-8", "surrogatepass")


def _message_text(message: Message) -> str:
    try:
        return json.dumps({name: getattr(message, name) for name in Message.__slots__}, default=_call)
    except TypeError:
        raise SessionError("a message holds what cannot be stored: reasoning_items are JSON values") from None


def _call(value: object) -> dict[str, str]:
    if not isinstance(value, ToolCall):
        raise TypeError
    return asdict(value)
