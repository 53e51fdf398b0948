"""What crosses the wire: one request in, a stream of events out.

A healthy answer is `Head`, `Data`…, and then nothing: the stream ends cleanly. Everything that can go wrong on a
connection is a `Drop` (the last event of its stream) or a `Pause`. Nothing here knows who plays the events.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, unquote_plus, urlsplit

__all__ = [
    "BEFORE_A_REQUEST",
    "FOR_EVER",
    "REDACTED",
    "SHORTEST_CREDENTIAL",
    "Data",
    "Drop",
    "DropKind",
    "Event",
    "Head",
    "Pause",
    "Request",
    "carries_credential",
    "credential_in",
    "json_in",
    "received",
    "without_secrets",
]

FOR_EVER = float("inf")
"""Seconds of a pause that only the client's own time-out ends."""

REDACTED = "[redacted]"
"""What stands where a credential stood."""

SHORTEST_CREDENTIAL = 8
"""Characters from which on a credential is told from an ordinary word."""

_KEYS = ("authorization", "api-key", "x-api-key", "x-goog-api-key")
"""Headers that carry the key of a request, the usual one first."""

_CARRIES = (
    r"(?:(?<!idempotency-)key(?!word)|(?<!page)(?<!page[-_])token(?!s)|secret|credential|passw|cookie"
    r"|auth(?!ors?(?![a-z])))"
)
"""What is in the name of whatever carries a credential, known to us or not."""

_SECRET_HEADER = re.compile(_CARRIES)
_USER_OF_A_URL = re.compile(r"(?<=://)[^/?#]*@")
_SECRET_IN_QUERY = re.compile(rf"(?i)([?&][^=&#]*{_CARRIES}[^=&#]*=)([^&#]+)")


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as it arrived, but for the credentials in its URL and headers: `received` splits them off.

    Header names are in lower case.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as `json_in` reads it."""
        return json_in(self.body)


@lru_cache(maxsize=16)
def json_in(body: bytes) -> Any:
    """A body read as JSON; None when it is none. To be looked at, not to be changed: it is read once."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def received(method: str, url: str, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> tuple[Request, str | None]:
    """A request as it came in, and the key or token that it carried; where that stood, now `REDACTED` stands."""
    kept, credential = _split(tuple(headers))
    if "@" in url:
        url = _USER_OF_A_URL.sub("", url, count=1)  # clients send it as a header
    told, shown = without_secrets(url) if "?" in url else (url, None)
    return Request(method, told, kept, body), credential or shown


@lru_cache(maxsize=64)
def credential_in(url: str) -> str:
    """What clients send in place of any key to a URL that names a user: nothing where it names none."""
    parts = urlsplit(url)
    if parts.username is None and parts.password is None:
        return ""
    pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return f"Basic {b64encode(pair.encode()).decode()}"


# A client sends the same headers with every request: a trace that keeps them once has its memory at hand.
@lru_cache(maxsize=64)
def _split(headers: tuple[tuple[bytes, bytes], ...]) -> tuple[Mapping[str, str], str | None]:
    """Headers without credentials, and the credential that was among them."""
    read = {name.decode("latin-1").lower(): text.decode("latin-1") for name, text in headers}
    key = next((read[name] for name in _KEYS if name in read), None)
    kept = read | dict.fromkeys(filter(_SECRET_HEADER.search, read), REDACTED)
    return kept, None if key is None else key.removeprefix("Bearer ")


def carries_credential(name: str) -> bool:
    """Whether what has this (lower case) name, a header or a parameter, carries a credential."""
    return _SECRET_HEADER.search(name) is not None


@lru_cache(maxsize=64)
def without_secrets(url: str) -> tuple[str, str | None]:
    """A URL without credentials in its query, and the first of those that were there."""
    found = _SECRET_IN_QUERY.search(url)
    return _SECRET_IN_QUERY.sub(rf"\1{REDACTED}", url), unquote_plus(found[2]) if found else None


class DropKind(StrEnum):
    """How a connection ends that does not end well."""

    # It never comes to be.
    DNS_FAILURE = "dns_failure"
    REFUSED = "refused"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS_CUT = "tls_cut"
    CERTIFICATE_INVALID = "certificate_invalid"
    HOSTNAME_MISMATCH = "hostname_mismatch"
    PLAIN_HTTP = "plain_http"
    PROXY_REFUSED = "proxy_refused"
    PROXY_407 = "proxy_407"
    PROXY_403 = "proxy_403"
    PROXY_502 = "proxy_502"

    # It breaks: by RST or FIN, before or while the request is read, before or within the answer.
    CLOSED_AT_ONCE = "closed_at_once"
    UPLOAD_RESET = "upload_reset"
    RESET = "reset"
    CLOSED = "closed"
    HALF_CLOSED = "half_closed"
    NOT_HTTP = "not_http"

    # The client fails by itself, whatever the server does.
    POOL_TIMEOUT = "pool_timeout"
    WRITE_TIMEOUT = "write_timeout"
    WRITE_ERROR = "write_error"
    CLOSE_ERROR = "close_error"
    LOCAL_PROTOCOL = "local_protocol"
    PROXY_ERROR = "proxy_error"
    UNSUPPORTED_PROTOCOL = "unsupported_protocol"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    DECODING = "decoding"


BEFORE_A_REQUEST = frozenset(
    {
        DropKind.DNS_FAILURE,
        DropKind.REFUSED,
        DropKind.CONNECT_TIMEOUT,
        DropKind.TLS_CUT,
        DropKind.CERTIFICATE_INVALID,
        DropKind.HOSTNAME_MISMATCH,
        DropKind.PLAIN_HTTP,
        DropKind.PROXY_REFUSED,
        DropKind.PROXY_407,
        DropKind.PROXY_403,
        DropKind.PROXY_502,
        DropKind.CLOSED_AT_ONCE,
        DropKind.UPLOAD_RESET,
    }
)
"""What happens to a new connection: whoever plays it on one must not wait for a request."""


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
    """The connection is gone, or it never came to be."""

    kind: DropKind


Event = Pause | Head | Data | Drop
