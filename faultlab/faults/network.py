"""The connection fails before a byte of the answer: it never came to be, or it ends in silence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from faultlab.faults.base import Events, Fault, Moment
from faultlab.wire import FOR_EVER, Drop, DropKind, Event, Pause, Request

__all__ = [
    "CertificateInvalid",
    "ConnectTimeout",
    "Disconnected",
    "DnsFailure",
    "HalfClosed",
    "NetworkFault",
    "ReadTimeout",
    "Refused",
    "Reset",
    "TlsFailure",
]


@dataclass(frozen=True, slots=True)
class NetworkFault(Fault):
    """One event instead of an answer; subclasses say which."""

    event: ClassVar[Event]

    def answer(self, _request: Request, _moment: Moment) -> Events | None:
        """The one event."""
        return (self.event,)

    def drops(self) -> DropKind | None:
        """What the event says, unless it is silence."""
        return self.event.kind if isinstance(self.event, Drop) else None


@dataclass(frozen=True, slots=True)
class DnsFailure(NetworkFault):
    """The host's name cannot be resolved."""

    event: ClassVar[Event] = Drop(DropKind.DNS_FAILURE)


@dataclass(frozen=True, slots=True)
class Refused(NetworkFault):
    """Nobody listens on the port."""

    event: ClassVar[Event] = Drop(DropKind.REFUSED)


@dataclass(frozen=True, slots=True)
class Reset(NetworkFault):
    """RST before a byte of the answer."""

    event: ClassVar[Event] = Drop(DropKind.RESET)


@dataclass(frozen=True, slots=True)
class Disconnected(NetworkFault):
    """FIN before a byte of the answer."""

    event: ClassVar[Event] = Drop(DropKind.CLOSED)


@dataclass(frozen=True, slots=True)
class HalfClosed(NetworkFault):
    """FIN before a byte of the answer, from one who reads on."""

    event: ClassVar[Event] = Drop(DropKind.HALF_CLOSED)


@dataclass(frozen=True, slots=True)
class TlsFailure(NetworkFault):
    """The TLS handshake is cut."""

    event: ClassVar[Event] = Drop(DropKind.TLS_CUT)


@dataclass(frozen=True, slots=True)
class CertificateInvalid(NetworkFault):
    """The certificate cannot be verified."""

    event: ClassVar[Event] = Drop(DropKind.CERTIFICATE_INVALID)


@dataclass(frozen=True, slots=True)
class ConnectTimeout(NetworkFault):
    """No connection comes about until the client gives up."""

    event: ClassVar[Event] = Drop(DropKind.CONNECT_TIMEOUT)


@dataclass(frozen=True, slots=True)
class ReadTimeout(NetworkFault):
    """The request is taken, and then there is silence until the client gives up."""

    event: ClassVar[Event] = Pause(FOR_EVER)
