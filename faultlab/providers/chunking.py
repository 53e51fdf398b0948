"""How a provider's answers differ from OpenAI's: comments that keep a stream alive, an opening chunk, other names.

Pure: events in, events out; a provider that differs in nothing gets its events back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from faultlab.wire import Data, Event, Head

__all__ = ["Chunking"]

_ID, _REASONING = b'"id":"chatcmpl-', b'"reasoning_content":'
"""As the dialect writes them; within a text their quotes would be escaped."""


@dataclass(frozen=True, slots=True)
class Chunking:
    """What a provider does its own way in chat completions, each with its source.

    `comment` is a line of a stream that says nothing, sent twice before the first chunk and once more behind it;
    `opening` a chunk that comes before the first one; `id_prefix` how its ids begin; `reasoning` its field for that.
    """

    comment: str = ""
    opening: Mapping[str, Any] | None = None
    id_prefix: str = ""
    reasoning: str = ""
    sources: tuple[Mapping[str, Any], ...] = ()

    def applied(self, events: tuple[Event, ...]) -> tuple[Event, ...]:
        """The events of a healthy answer as this provider sends them."""
        if self == _AS_IT_IS:
            return events
        renamed = tuple(self._renamed(event) for event in events)
        head = renamed[0]
        streamed = isinstance(head, Head) and (head.header("content-type") or "").startswith("text/event-stream")
        return (head, *self._opened(renamed[1:])) if streamed else _measured(renamed)

    def _renamed(self, event: Event) -> Event:
        if not isinstance(event, Data):
            return event
        data = event.data
        if self.id_prefix:
            data = data.replace(_ID, b'"id":"%b' % self.id_prefix.encode())
        return Data(data.replace(_REASONING, b'"%b":' % self.reasoning.encode())) if self.reasoning else Data(data)

    def _opened(self, chunks: tuple[Event, ...]) -> Iterator[Event]:
        comment = (Data(f"{self.comment}\n\n".encode()),) if self.comment else ()
        yield from comment + comment
        if self.opening is not None:
            yield Data(b"data: %b\n\n" % json.dumps(self.opening, separators=(",", ":")).encode())
        yield from (*chunks[:1], *comment, *chunks[1:])


def _measured(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """A whole answer whose length is its body's."""
    length = str(sum(len(event.data) for event in events if isinstance(event, Data)))
    return tuple(
        Head(event.status, tuple((name, length if name == "content-length" else text) for name, text in event.headers))
        if isinstance(event, Head)
        else event
        for event in events
    )


_AS_IT_IS = Chunking()
