"""Everything that faultlab raises on purpose; leaves are named by who must act.

FaultlabError           the root; never raised itself
├── ScenarioError       the author of a scenario or config: something in a file cannot be used
├── TargetError         whoever brought what is under test: it cannot be found, imported or started
├── NotAsPlanned        whoever wrote the test: what was planned did not come about, or what nobody planned did
└── HarnessError        whoever drives faultlab: it was asked for something that it cannot do
    ├── UnknownHost     a request went to a host that no upstream stands for
    ├── UnknownName     a provider, a variant or an entry of the catalogue that is not there
    ├── UnusableSchema  a JSON schema for which no value can be made
    ├── LabBusy         another thread's lab has the time or the connections of this process
    ├── UnreadableCassette  a file that should hold recorded traffic, and does not
    ├── NothingMoves    virtual time stands still: the program waits for itself, or in a way that nothing virtualises
    └── WaitsForEver    nothing can end a wait: no time-out, no interrupt

Runaway                 whoever wrote what is under test: it never stops asking; no Exception, so nobody swallows it
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from faultlab.nearest import did_you_mean

__all__ = [
    "FaultlabError",
    "HarnessError",
    "LabBusy",
    "NotAsPlanned",
    "NothingMoves",
    "Runaway",
    "ScenarioError",
    "TargetError",
    "UnknownHost",
    "UnknownName",
    "UnreadableCassette",
    "UnusableSchema",
    "WaitsForEver",
    "not_intercepted",
]


class FaultlabError(Exception):
    """Root of the tree: catch it to catch all that this package raises on purpose."""


class ScenarioError(FaultlabError):
    """Something in a file cannot be used: `file:line:column: message`, and in a second line what is allowed."""

    def __init__(
        self,
        message: str,
        *,
        path: str | Path | None = None,
        line: int | None = None,
        column: int | None = None,
        allowed: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.line = line
        self.column = column
        self.allowed = tuple(allowed)

    def __str__(self) -> str:
        place = [str(part) for part in (self.path, self.line, self.column) if part is not None]
        told = f"{':'.join(place)}: {self.message}" if place else self.message
        return f"{told}\nallowed: {', '.join(self.allowed)}" if self.allowed else told


class TargetError(FaultlabError):
    """What is under test cannot be found, imported or started."""


class NotAsPlanned(FaultlabError, AssertionError):
    """What a lab was told to do did not come about, or what nobody planned did: a sentence each, then the timeline."""

    def __init__(self, signs: Sequence[str], timeline: str = "") -> None:
        super().__init__("\n".join([*signs, *(["", timeline] if timeline else [])]))
        self.signs = tuple(signs)


class HarnessError(FaultlabError):
    """faultlab was asked for something that it cannot do; never a verdict on what is under test."""


class UnknownHost(HarnessError):
    """A request went to a host that no upstream stands for; nothing left the machine. `remedy`: how it could have.

    `place` is what would have to be allowed for that, where that is possible.
    """

    def __init__(self, url: str, known: Sequence[str] = (), remedy: str = "", place: str = "") -> None:
        there_are = f"there are upstreams for: {', '.join(known) or 'nothing at all'}"
        super().__init__("; ".join(filter(None, (f"nobody stands for {url}", there_are, remedy))))
        self.url = url
        self.place = place


def not_intercepted(url: str, known: Iterable[str]) -> str:
    """What is to be done about a bare socket or a name that is the host of an upstream; nothing where it is none."""
    wanted = urlsplit(url)
    hosts = {wanted.hostname == there.hostname and wanted.port in (None, there.port) for there in map(urlsplit, known)}
    if wanted.scheme not in {"dns", "socket"} or True not in hosts:
        return ""
    return "upstreams answer httpx, httpx2, requests, urllib3 and aiohttp, and other clients by lab.serve()"


class UnknownName(HarnessError, ValueError):
    """A name that is not there, with the nearest one that is; `allowed` are all of them, or what they begin with."""

    def __init__(self, noun: str, name: str, known: Iterable[str], allowed: Iterable[str] | None = None) -> None:
        names = sorted(known)
        self.allowed = tuple(names if allowed is None else sorted(allowed))
        super().__init__(f"unknown {noun} {name!r:.80}{did_you_mean(name, names)}")


class LabBusy(HarnessError):
    """Time and connections belong to the process, and a lab of another thread has them."""

    def __init__(self, what: str, holder: str) -> None:
        super().__init__(
            f"{what} belongs to the process, and {holder}; labs of one thread stack, and a lab of another thread has "
            f"to do without: `Lab(virtual_time=False)`, and no `intercept()`"
        )


class UnreadableCassette(HarnessError):
    """A file holds no recorded traffic that could be played, or cannot be read at all."""

    def __init__(self, path: str | Path, why: str) -> None:
        super().__init__(f"{path} cannot be played as a cassette: {why}")
        self.path = path
        self.why = why


class UnusableSchema(HarnessError, ValueError):
    """No value can be made for a JSON schema: `path` says where in it, as a pointer; `reason` why."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class NothingMoves(HarnessError):
    """Virtual time stands still: names every thread, where it stands, and what may be the reason."""


class WaitsForEver(HarnessError):
    """Nothing can end a wait: the client has no time-out, and nobody interrupts it."""


class Runaway(BaseException):
    """What is under test has asked more often than any plan needs, and has to be stopped from outside."""
