"""What a server can make happen to a connection, and what it cannot, with the reason. Knows no socket."""

from __future__ import annotations

from collections.abc import Mapping

from faultlab.errors import HarnessError
from faultlab.faults import Fault
from faultlab.upstream import Upstream
from faultlab.wire import DropKind

__all__ = [
    "DECIDED_BY_THE_KERNEL",
    "NEEDS_PLAIN",
    "NEEDS_TLS",
    "NOT_ON_A_SOCKET",
    "OTHERWISE_OVER_TLS",
    "SLOWER_ON_A_SOCKET",
    "hold_playable",
    "unplayable",
    "why_unplayable",
]

_BY_ITSELF = "the client fails by itself, whatever the server does"

NOT_ON_A_SOCKET: Mapping[DropKind, str] = {
    DropKind.DNS_FAILURE: "a name is resolved before there is a server to be asked",
    DropKind.POOL_TIMEOUT: f"{_BY_ITSELF}: its own pool has no connection left",
    DropKind.WRITE_TIMEOUT: "the kernel takes a request of usual size whole, even if nobody reads it",
    DropKind.WRITE_ERROR: f"{_BY_ITSELF}: httpx2 and httpx keep it to themselves, and read on for an answer",
    DropKind.CLOSE_ERROR: f"{_BY_ITSELF}, while it closes the connection",
    DropKind.LOCAL_PROTOCOL: f"{_BY_ITSELF}: it refuses to send what is no HTTP",
    DropKind.PROXY_ERROR: "a proxy sends a status, and each has a name of its own here",
    DropKind.UNSUPPORTED_PROTOCOL: f"{_BY_ITSELF}: it knows no way to ask for such a URL",
    DropKind.TOO_MANY_REDIRECTS: "the client decides whether it follows any",
}
"""What only the transport can play, and why."""

DECIDED_BY_THE_KERNEL: Mapping[DropKind, str] = {
    DropKind.UPLOAD_RESET: "the reset meets a client that sends or one that reads already, which is told otherwise",
}
"""What a client meets in one of two forms, as it happens."""

_AT_THE_SECOND_TRY = (
    "a closed port cannot tell that somebody knocked: it is closed when somebody has, and he is refused as his kernel "
    "knocks again, a second later; a client that waits less for a connection meets a connect time-out, and one that "
    "comes again within a millisecond of the refusal may be refused once more"
)

SLOWER_ON_A_SOCKET: Mapping[DropKind, str] = {
    DropKind.REFUSED: _AT_THE_SECOND_TRY,
    DropKind.PROXY_REFUSED: _AT_THE_SECOND_TRY,
}
"""What comes at once in process, and later on a socket."""

_TAKEN_FOR_AN_END = (
    "the reset leaves, but the ssl module of Python 3.10 and of several after it (cpython's issue 115627) tells a "
    "client that is not asynchronous of an end: RemoteProtocolError for ReadError"
)

OTHERWISE_OVER_TLS: Mapping[DropKind, str] = {
    DropKind.RESET: _TAKEN_FOR_AN_END,
    DropKind.CLOSED_AT_ONCE: _TAKEN_FOR_AN_END,
}
"""What a client may be told otherwise where its upstream is served by https."""

NEEDS_TLS = frozenset({DropKind.TLS_CUT, DropKind.CERTIFICATE_INVALID, DropKind.HOSTNAME_MISMATCH, DropKind.PLAIN_HTTP})
"""What goes wrong with https only."""

NEEDS_PLAIN = frozenset({DropKind.PROXY_407, DropKind.PROXY_403, DropKind.PROXY_502})
"""What a proxy says before there is any TLS."""


def hold_playable(upstream: Upstream, *, is_tls: bool) -> None:
    """Raise if something is to go wrong that cannot go wrong there: a fault that is not played must not be counted."""
    for entry in upstream.schedule.entries:
        for fault in entry.faults:
            if why := why_unplayable(fault, is_tls=is_tls):
                where = f"{entry.written}: " if entry.written else ""
                raise HarnessError(f"{where}{upstream.name}: {unplayable(fault, why)}")


def unplayable(fault: Fault, why: str) -> str:
    """The sentence for whoever planned it."""
    return f"{fault.name} ({fault.drops()}) cannot be played on a socket: {why}"


def why_unplayable(fault: Fault, *, is_tls: bool) -> str | None:
    """The reason, where there is one."""
    kind = fault.drops()
    if kind in NEEDS_TLS and not is_tls:
        return "there is no TLS where an upstream is served by plain HTTP: `tls` names those that are not"
    if kind in NEEDS_PLAIN and is_tls:
        return "a proxy is asked in plain HTTP: serve it without tls"
    return NOT_ON_A_SOCKET.get(kind) if kind else None
