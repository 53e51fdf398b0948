"""What crosses the wire: one request in, a stream of events out.

A healthy answer is `Head`, `Data`…, and then nothing: the stream ends cleanly. Everything that can go wrong on a
connection is a `Drop` (the last event of its stream) or a `Pause`. Nothing here knows who plays the events.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

__all__ = [
    "FOR_EVER",
    "REDACTED",
    "SECRET_HEADERS",
    "Data",
    "Drop",
    "DropKind",
    "Event",
    "Head",
    "Headers",
    "Pause",
    "Request",
]

FOR_EVER = float("inf")
"""Seconds of a pause that only the client's own time-out ends."""

REDACTED = "[redacted]"
"""What stands where a credential stood."""

_KEY_HEADERS = ("api-key", "x-api-key", "x-goog-api-key")

SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", *_KEY_HEADERS})
"""Headers that carry credentials, in lower case."""


class Headers(Mapping[str, str]):
    """Header names in lower case → values, kept as the bytes that came and read when somebody looks."""

    __slots__ = ("_raw",)

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._raw = {name.lower(): value for name, value in raw}

    def __getitem__(self, name: str) -> str:
        return self._raw[name.encode("latin-1", "replace")].decode("latin-1")

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name in self._raw)

    def __len__(self) -> int:
        return len(self._raw)

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"


@dataclass(frozen=True)
class Request:
    """One HTTP request as it arrived; header names in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def credential(self) -> str | None:
        """The key or token that the request carries; None when it carries none."""
        bearer = self.headers.get("authorization")
        if bearer is not None:
            return bearer.removeprefix("Bearer ")
        return next((self.headers[name] for name in _KEY_HEADERS if name in self.headers), None)

    def redacted(self) -> Request:
        """The same request; where a header held a credential, the word for that stands."""
        headers = {name: REDACTED if name in SECRET_HEADERS else text for name, text in self.headers.items()}
        return Request(self.method, self.url, headers, self.body)

    @cached_property
    def json(self) -> Any:
        """The body read as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class DropKind(StrEnum):
    """How a connection ends that does not end well."""

    DNS_FAILURE = "dns_failure"
    REFUSED = "refused"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS_CUT = "tls_cut"
    CERTIFICATE_INVALID = "certificate_invalid"
    RESET = "reset"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence on the wire. Longer than the client's read time-out: the client gives up."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Head:
    """Status line and headers."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()

    def header(self, name: str) -> str | None:
        """The value of the header of this (lower case) name."""
        return next((value for found, value in self.headers if found == name), None)


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes of the body; in a streamed answer one event of it."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection is gone: RST, FIN before the end, or it never came to be."""

    kind: DropKind


Event = Pause | Head | Data | Drop
