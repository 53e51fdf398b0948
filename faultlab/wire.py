"""What crosses the wire: one request in, a stream of events out.

A healthy answer is `Head`, `Data`…, and then nothing: the stream ends cleanly. Everything that can go wrong on a
connection is a `Drop` (the last event of its stream) or a `Pause`. Nothing here knows who plays the events.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

__all__ = [
    "FOR_EVER",
    "REDACTED",
    "Data",
    "Drop",
    "DropKind",
    "Event",
    "Head",
    "Headers",
    "Pause",
    "Request",
    "received",
]

FOR_EVER = float("inf")
"""Seconds of a pause that only the client's own time-out ends."""

REDACTED = "[redacted]"
"""What stands where a credential stood."""

_REDACTED = REDACTED.encode()

_KEYS = (b"authorization", b"api-key", b"x-api-key", b"x-goog-api-key")
"""Headers that carry the key of a request, the usual one first."""

_SECRETS = frozenset({*_KEYS, b"proxy-authorization", b"cookie"})
"""Headers that carry credentials."""


class Headers(Mapping[str, str]):
    """Header names in lower case → values, kept as the bytes that came and read when somebody looks."""

    def __init__(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        self._raw = raw

    @cached_property
    def _read(self) -> dict[str, str]:
        return {name.decode("latin-1").lower(): text.decode("latin-1") for name, text in self._raw}

    def __getitem__(self, name: str) -> str:
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)

    def __repr__(self) -> str:
        return f"Headers({self._read!r})"


@dataclass(frozen=True)
class Request:
    """One HTTP request as it arrived, but for the credentials in its headers: `received` splits them off."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def json(self) -> Any:
        """The body read as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


def received(method: str, url: str, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> tuple[Request, str | None]:
    """A request as it came in, and the key or token that it carried; where that stood, now `REDACTED` stands."""
    kept: list[tuple[bytes, bytes]] = []
    keys: dict[bytes, bytes] = {}
    for pair in headers:
        name = pair[0].lower()
        if name in _SECRETS:
            keys[name] = pair[1]
            kept.append((name, _REDACTED))
        else:
            kept.append(pair)
    key = next((keys[name] for name in _KEYS if name in keys), None)
    credential = None if key is None else key.decode("latin-1").removeprefix("Bearer ")
    return Request(method, url, Headers(kept), body), credential


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
