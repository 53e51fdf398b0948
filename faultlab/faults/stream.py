"""An answer that begins well, and ends early, late or badly. Needs an answer to work on; most need a stream."""

from __future__ import annotations

import re
from dataclasses import dataclass

from faultlab.faults.base import (
    EVENTS,
    SECONDS,
    Events,
    Fault,
    Moment,
    count_events,
    is_stream,
    option,
    split,
)
from faultlab.faults.catalogued import Worded
from faultlab.script import ApiError
from faultlab.wire import FOR_EVER, Data, Drop, DropKind, Event, Pause

__all__ = ["Cut", "Drip", "ErrorEvent", "MissingEnd", "Slow", "Stall", "Truncated"]

_SLOW_S = 1.0
_BYTES = tuple(Data(bytes((each,))) for each in range(256))


@dataclass(frozen=True, slots=True)
class Truncated(Fault):
    """The body ends before its announced length (a stream: before its last chunk), then FIN."""

    def events(self, events: Events, _moment: Moment) -> Events:
        """Half of the body under a head that announces all of it."""
        halves = split(events, None)
        return (*halves[0], Drop(DropKind.CLOSED)) if halves else events


@dataclass(frozen=True, slots=True)
class Cut(Fault):
    """RST within the body: after so many events of a stream, or half-way.

    `after_events`: events of the stream before it, half of them if left out.
    """

    after_events: int | None = option(EVENTS)

    def events(self, events: Events, _moment: Moment) -> Events:
        """What came before, then the reset."""
        parts = split(events, self.after_events)
        return (*parts[0], Drop(DropKind.RESET)) if parts else events


@dataclass(frozen=True, slots=True)
class MissingEnd(Fault):
    """A stream that ends cleanly before its finish reason or terminal event."""

    def events(self, events: Events, moment: Moment) -> Events:
        """All that comes before the end."""
        end = next(
            (n for n, e in enumerate(events) if isinstance(e, Data) and moment.dialect.is_terminal(e.data)), None
        )
        return events[:end] if is_stream(events) and end is not None else events


@dataclass(frozen=True, slots=True)
class Stall(Fault):
    """Silence within the body, after so many events of a stream or half-way; for ever when it is not said how long.

    `after_events`: events of the stream before it. `for_s`: seconds of silence.
    """

    after_events: int | None = option(EVENTS)
    for_s: float | None = option(SECONDS)

    def events(self, events: Events, _moment: Moment) -> Events:
        """Both parts, and the silence between them."""
        parts = split(events, self.after_events)
        silence = Pause(FOR_EVER if self.for_s is None else self.for_s)
        return (*parts[0], silence, *parts[1]) if parts else events


@dataclass(frozen=True, slots=True)
class Slow(Fault):
    """A healthy answer that takes its time: before the first byte, before each further event of a stream.

    `first_s`: seconds before the first byte, 1 if nothing is said. `event_every_s`: seconds before each further
    event of a stream.
    """

    first_s: float | None = option(SECONDS)
    event_every_s: float | None = option(SECONDS)

    def events(self, events: Events, _moment: Moment) -> Events:
        """The same events, later."""
        first_s = _SLOW_S if self.first_s is None and self.event_every_s is None else self.first_s
        paced = self._paced(events) if self.event_every_s is not None and is_stream(events) else events
        return paced if first_s is None else (Pause(first_s), *paced)

    def _paced(self, events: Events) -> Events:
        pause = Pause(self.event_every_s or 0.0)
        first = next((index for index, event in enumerate(events) if isinstance(event, Data)), len(events)) + 1
        spread = ((pause, event) if isinstance(event, Data) else (event,) for event in events[first:])
        return (*events[:first], *(event for pair in spread for event in pair))


@dataclass(frozen=True, slots=True)
class Drip(Fault):
    """A healthy body that comes one byte at a time, with a pause between them when it is said how long.

    `every_s`: seconds between two bytes.
    """

    every_s: float | None = option(SECONDS)

    def events(self, events: Events, _moment: Moment) -> Events:
        """The same bytes, one by one."""
        dripped = tuple(one for event in events for one in self._dripped(event))
        return dripped if len(dripped) > len(events) else events

    def _dripped(self, event: Event) -> Events:
        if not isinstance(event, Data) or len(event.data) < len("ab"):
            return (event,)
        drops = [_BYTES[each] for each in event.data]
        if self.every_s is None:
            return tuple(drops)
        pause = Pause(self.every_s)
        return tuple(one for drop in drops for one in (pause, drop))[1:]


@dataclass(frozen=True, slots=True)
class ErrorEvent(Worded):
    """An error in the middle of a stream, which ends with it.

    Usual shape (`provider_generic.stream.error_event_openai`): 200, neither type nor code.

    `after_events`: events of the stream before it, half of them if left out. `code`, `message`: words of your
    own in the usual shape.
    """

    after_events: int | None = option(EVENTS)

    def events(self, events: Events, moment: Moment) -> Events:
        """What came before, then the error."""
        parts = split(events, self.after_events) if is_stream(events) else None
        return (*parts[0], *self._error(moment, count_events(parts[0]))) if parts else events

    def _error(self, moment: Moment, number: int) -> Events:
        """Of the provider's own stream what begins with its error; `number` is that of the event."""
        entry = self.entry(moment.dialect.name, moment.provider)
        if entry is None:
            error = ApiError(self.message or "the server had an error processing your request", self.code)
            return (Data(moment.dialect.error_event(error, number)),)
        sent = [event for event in entry.events(moment.occasion({})) if isinstance(event, Data)]
        first = next(place for place, event in enumerate(sent) if _ERROR.search(event.data))
        return tuple(sent[first:])


_ERROR = re.compile(rb'"error": (?!null)|"finish_reason": "error"')
