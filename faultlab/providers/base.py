"""A provider as faults see it: which of its entries is sent for which fault. Knows no file.

Also how any whole response is built.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from faultlab.providers.chunking import Chunking
from faultlab.providers.entry import Entry
from faultlab.wire import Data, Head

__all__ = ["Counting", "Provider", "response"]


@dataclass(frozen=True, slots=True)
class Counting:
    """How it tells of its limits: in which headers of every answer (as templates), its requests by the day or not.

    `with_output`: the output that a request asks for counts among its tokens.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    requests_by_day: bool = False
    with_output: bool = False


@dataclass(frozen=True, slots=True)
class Provider:
    """In whose name errors are sent. `name` is the catalogue's; one that the catalogue lacks has no entries."""

    name: str
    title: str = ""
    base_url: str | None = None
    notes: str = ""
    also: tuple[str, ...] = ()
    counting: Counting = Counting()
    chunking: Chunking = field(default_factory=Chunking)
    entries: tuple[Entry, ...] = field(default=(), repr=False)

    def variants(self, fault: str) -> tuple[Entry, ...]:
        """Everything that it sends for a fault, the usual one first."""
        return tuple(entry for entry in self.entries if fault in entry.faults)

    def entry(self, fault: str, call: str, variant: str | None = None) -> Entry | None:
        """What it sends for a fault, to this API sooner than to the other; None where that is not known."""
        found = [entry for entry in self.variants(fault) if variant is None or entry.is_called(variant)]
        return next((entry for entry in found if call in entry.calls), next(iter(found), None))


def response(status: int, body: object, headers: Iterable[tuple[str, str]] = ()) -> tuple[Head, Data]:
    """A whole response: JSON, unless the body is a string; a header that is given is not made up."""
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    data = text.encode("utf-8", "backslashreplace")
    kind = "application/json" if not isinstance(body, str) else "text/html" if text.startswith("<") else "text/plain"
    given = tuple(headers)
    names = {name.lower() for name, _ in given}
    made = (("content-type", kind), ("content-length", str(len(data))))
    return Head(status, tuple(header for header in made if header[0] not in names) + given), Data(data)
