"""What a fault is: one frozen class with one of three pure verbs, its fields its whole meaning.

A verb that gives back what it was handed says that the fault cannot apply there. No chance, no clock, and no knowledge
of who plays it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from faultlab.dialects import Dialect, Question
from faultlab.providers import Entry, Occasion, Provider
from faultlab.script import Reply
from faultlab.wire import Data, DropKind, Event, Head, Request

__all__ = [
    "CALL",
    "CODE",
    "COUNTED",
    "DATE",
    "EVENTS",
    "FLAG",
    "HEADERS",
    "MILLISECONDS",
    "SECONDS",
    "STATUS",
    "TEXT",
    "TOKENS",
    "Events",
    "Fault",
    "Moment",
    "Unit",
    "count_events",
    "inject",
    "is_stream",
    "option",
    "split",
]

Events = tuple[Event, ...]

_MOST = 1e9
"""No number of a fault is larger: some thirty years, and more tokens than any window holds."""


class Moment(NamedTuple):
    """What a fault may know when it answers: in whose name, what was asked, and the time (seconds since 1970).

    `account` and `answer` are what ids are made from; `counted` are the provider's own counts, where it has limits.
    """

    provider: Provider
    dialect: Dialect
    question: Question
    time: float
    account: str = ""
    answer: str = ""
    counted: Mapping[str, Any] = MappingProxyType({})

    def occasion(self, given: Mapping[str, Any]) -> Occasion:
        """The same as an entry of the catalogue wants it, with what the fault itself states."""
        asked = self.question
        return Occasion(
            asked.model,
            asked.estimate,
            asked.max_tokens,
            self.time,
            self.account,
            self.answer,
            self.provider.counting.with_output,
            {**self.counted, **given},
        )


class Unit(NamedTuple):
    """What a field may hold: a sentence for people, types, and the range of a number or the words of a text."""

    sentence: str
    types: tuple[type, ...]
    low: float = -_MOST
    high: float = _MOST
    words: tuple[str, ...] = ()

    def holds(self, value: object) -> bool:
        """Whether `value` is one; true and false are no numbers."""
        if isinstance(value, bool) != (self.types == (bool,)) or not isinstance(value, self.types):
            return False
        if isinstance(value, Mapping):
            return all(_is_header(name, text) for name, text in value.items())
        if isinstance(value, int | float):
            return self.low <= value <= self.high
        return not self.words or value in self.words


def _is_header(name: str, text: object) -> bool:
    """Whether HTTP can carry it; anything else would break the client's parser, not the provider."""
    named = re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) is not None
    written = not isinstance(text, bool) and isinstance(text, str | int | float)
    return named and written and re.fullmatch(r"[\t -~\x80-\xff]*", str(text)) is not None


SECONDS = Unit("a number of seconds from 0", (int, float), low=0)
MILLISECONDS = Unit("a number of milliseconds from 0", (int, float), low=0)
DATE = Unit("a number of seconds ahead of now, negative for the past", (int, float))
TOKENS = Unit("a whole number from 1", (int,), low=1)
CALL = Unit("the number of a tool call, counted from 1", (int,), low=1)
COUNTED = Unit("the word requests or tokens", (str,), words=("requests", "tokens"))
EVENTS = Unit("a whole number of events from 0", (int,), low=0)
STATUS = Unit("a status from 200 to 599", (int,), low=200, high=599)
FLAG = Unit("true or false", (bool,))
TEXT = Unit("a text", (str,))
CODE = Unit("a text or a whole number", (str, int))
HEADERS = Unit("a mapping of header names to texts in Latin-1, each in one line", (Mapping,))


def option(unit: Unit, default: object = None, *, kw_only: bool = False) -> Any:
    """A field of a fault that may be left out."""
    return field(default=default, metadata={"unit": unit}, kw_only=kw_only)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong. Subclasses override exactly one verb; a field out of its unit is a ValueError."""

    name: ClassVar[str]
    shorthand: ClassVar[str] = ""
    """The field that a bare value in a scenario fills; empty: none."""

    def __init_subclass__(cls) -> None:
        cls.name = re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "_", cls.__name__).lower()

    def __post_init__(self) -> None:
        for one in fields(self):
            value, unit = getattr(self, one.name), one.metadata.get("unit")
            if unit and value is not None and not unit.holds(value):
                raise ValueError(f"{one.name}: {unit.sentence}, not {value!r:.60}")

    @property
    def rewords(self) -> bool:
        """Whether it works on what an answer says."""
        return type(self).reply is not Fault.reply

    def answer(self, request: Request, moment: Moment) -> Events | None:
        """Events instead of the model's; None when this fault does not answer."""

    def reply(self, reply: Reply) -> Reply:
        """The reply before it becomes bytes."""
        return reply

    def events(self, events: Events, _moment: Moment) -> Events:
        """The events that would be sent."""
        return events

    def drops(self) -> DropKind | None:
        """How it ends the connection in place of an answer; None when it does not."""

    def fits(self, call: str, provider: Provider) -> str | None:
        """Why it has no meaning in this API (`chat`, `responses`) and this provider's name; None when it has."""

    def entry(self, call: str, provider: Provider) -> Entry | None:
        """The entry of the catalogue that it sends in this name; None when it has no use of one."""


def inject(
    faults: Sequence[Fault], request: Request, moment: Moment, reply: Reply, say: Callable[[Reply], Events]
) -> tuple[Events, list[Fault]]:
    """What faults, in this order, make of an answer; and those of them that had something to work on.

    The first one that answers takes the model's place; what is left then are the faults that work on events.
    """
    answers = ((fault, fault.answer(request, moment)) for fault in faults)
    answering, events = next(((fault, events) for fault, events in answers if events is not None), (None, ()))
    applied = [answering] if answering else []
    if answering is None:
        for fault in faults:
            spoiled = fault.reply(reply)
            applied += [fault] if spoiled is not reply else []
            reply = spoiled
        events = say(reply)
    for fault in faults:
        played = fault.events(events, moment)
        applied += [fault] if played is not events else []
        events = played
    return events, applied


def is_stream(events: Events) -> bool:
    """Whether these are the events of a streamed answer."""
    head = next((event for event in events if isinstance(event, Head)), None)
    return head is not None and (head.header("content-type") or "").startswith("text/event-stream")


def split(events: Events, after_events: int | None) -> tuple[Events, Events] | None:
    """Events before and after a point of the body; None when there is no such point.

    In a stream the point is after so many events (half of them), in a whole answer in the middle of its body: nothing
    there can be counted.
    """
    data = [index for index, event in enumerate(events) if isinstance(event, Data) and _counts(event.data)]
    if is_stream(events):
        count = len(data) // 2 if after_events is None else after_events
        return (events[: data[count]], events[data[count] :]) if count < len(data) else None
    if after_events is not None or not data:
        return None
    return _halved(events, data[0])


def count_events(events: Events) -> int:
    """How many events of a stream these are; comments are none."""
    return sum(isinstance(event, Data) and _counts(event.data) for event in events)


def _counts(data: bytes) -> bool:
    """Whether it is an event: a comment of a stream is none."""
    return bool(data) and not data.startswith(b":")


def _halved(events: Events, index: int) -> tuple[Events, Events]:
    event = events[index]
    body = event.data if isinstance(event, Data) else b""
    half = len(body) // 2
    return (*events[:index], Data(body[:half])), (Data(body[half:]), *events[index + 1 :])
