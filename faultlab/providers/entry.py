"""One entry of the catalogue: what a provider sends, as a template, with its sources. Knows no file and no fault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from faultlab.providers.figures import Figures, Seen
from faultlab.providers.occasion import Occasion
from faultlab.providers.template import Template, Values, of_json, of_text
from faultlab.wire import FOR_EVER, Data, Drop, DropKind, Event, Head, Pause

__all__ = ["STALL", "Entry", "Headers"]

STALL: Final = "stall"
"""What a body or a connection ends in that just falls silent."""

Headers = tuple[tuple[str, str], ...]

_INFERRED_BODY: Final = ("body", "whole entry")
_COUNTED: Final = "content-length"


@dataclass(frozen=True)
class Entry:
    """What is sent, where that was seen, and how sure it is.

    `faults` are the faults of a scenario that it is a variant of. `call` is the API that it was seen with (`chat`,
    `responses`), `calls` those that are taken to send it, `streamed` that only a streamed answer holds it. `of` tells
    whose limit it speaks of: `requests`, `tokens` or `any`. Of `json`, `text` and `sse` at most one is set; `then` is
    how the body breaks off. `drop` is what fails before there is an answer: then there is no `status`.
    """

    id: str
    provider: str
    faults: tuple[str, ...] = ()
    kind: str = ""
    summary: str = ""
    call: str = "chat"
    calls: tuple[str, ...] = ("chat", "responses")
    of: str = ""
    streamed: bool = False
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    text: str | None = None
    sse: tuple[str, ...] = ()
    then: str = ""
    drop: str = ""
    seen: Mapping[str, Any] = field(default_factory=dict)
    confidence: str = "inferred"
    inferred: tuple[str, ...] = ()
    look_alikes: tuple[str, ...] = ()
    notes: str = ""
    sources: tuple[Mapping[str, Any], ...] = ()

    @property
    def variant(self) -> str:
        """What tells it from most other entries of its provider and fault: its id behind the status."""
        parts = self.id.split(".")[1:]
        while len(parts) > 1 and (parts[0] in {"stream", "responses"} or parts[0].isdecimal()):
            parts = parts[1:]
        return ".".join(parts)

    def is_called(self, variant: str) -> bool:
        """Whether a variant of this name means it; where two statuses share one, the status goes in front."""
        return f".{self.id}".endswith(f".{variant}")

    @property
    def inferred_body(self) -> str | None:
        """What of its body no source shows; None when it was seen, read in source code or measured."""
        return next((part for part in self.inferred if part.startswith(_INFERRED_BODY)), None)

    def events(
        self, occasion: Occasion, headers: Headers = (), *, without: frozenset[str] = frozenset()
    ) -> tuple[Event, ...]:
        """What goes onto the wire, its numbers made for this occasion.

        `headers` stand in place of those it has of the same names, and of those named in `without`.
        """
        return self._events(Figures(occasion, self.seen, self.of), headers, without)

    def example(self) -> tuple[Event, ...]:
        """The same with the numbers that were seen."""
        return self._events(Seen(self.seen), (), frozenset())

    def _events(self, values: Values, headers: Headers, without: frozenset[str]) -> tuple[Event, ...]:
        if self.status is None:
            return _ended(self.drop)
        body = tuple(Data(part.filled(values).encode("utf-8", "backslashreplace")) for part in self._body)
        length = None if self.sse else sum(len(data.data) for data in body)
        return (Head(self.status, self._head(values, headers, without, length)), *body, *_ended(self.then))

    def _head(self, values: Values, given: Headers, without: frozenset[str], length: int | None) -> Headers:
        """Its headers, without those that tell of None; the length is the body's own.

        Where the body breaks off there is none, unless it is stated.
        """
        told = {name: part for name, part in self._headers.items() if _is_told(part, values)}
        own = {name: part for name, part in told.items() if name != _COUNTED or self.then}
        made = {name: part.filled(values) for name, part in own.items()}
        if length is not None and not self.then:
            made[_COUNTED] = str(length)
        replaced = without.union(name for name, _ in given)
        return (*((name, text) for name, text in made.items() if name not in replaced), *given)

    @cached_property
    def _headers(self) -> Mapping[str, Template]:
        return {name.lower(): of_text(text) for name, text in self.headers.items()}

    @cached_property
    def _body(self) -> tuple[Template, ...]:
        """The templates of its body: one for each event of a stream."""
        if self.sse:
            return tuple(of_text(f"{block}\n\n", is_json=True) for block in self.sse)
        if self.text is not None:
            return (of_text(self.text),)
        return () if self.json is None else (of_json(self.json),)


def _is_told(part: Template, values: Values) -> bool:
    return all(values[hole.quantity] is not None for hole in part.holes)


def _ended(how: str) -> tuple[Event, ...]:
    if not how:
        return ()
    return (Pause(FOR_EVER),) if how == STALL else (Drop(DropKind(how)),)
