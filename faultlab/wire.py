"""What crosses the wire: one request in, a stream of events out.

A healthy answer is `Head`, `Data`…, and then nothing: the stream ends cleanly. Everything that can go wrong on a
connection is a `Drop` (the last event of its stream) or a `Pause`. Nothing here knows who plays the events.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

__all__ = ["FOR_EVER", "Data", "Drop", "DropKind", "Event", "Head", "Pause", "Request"]

FOR_EVER = float("inf")
"""Seconds of a pause that only the client's own time-out ends."""


@dataclass(frozen=True)
class Request:
    """One HTTP request as it arrived; header names in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def json(self) -> Any:
        """The body read as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
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


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes of the body."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection is gone: RST, FIN before the end, or it never came to be."""

    kind: DropKind


Event = Pause | Head | Data | Drop
