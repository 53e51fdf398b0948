"""What a document of a scenario's own says that is sent with status 200: whole, or as a stream in whatever pieces.

Servers differ in what they repeat and leave out; what they mean by it is the same. A tool call is known by its index,
where there is one, unless a name comes with another id: some send every call under index 0. A name may come whole with
each piece, and arguments as the object itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from faultlab.dialects import CHAT, Dialect
from faultlab.documents import mapping_in, mappings_in, text_in
from faultlab.faults import Events
from faultlab.faults.base import is_stream
from faultlab.recorded_reply import recorded_reply, server_sent_events
from faultlab.script import Reply, ToolCall
from faultlab.wire import Data

__all__ = ["said_in"]


def said_in(dialect: Dialect, events: Events) -> Reply | None:
    """The answer in these events; None where there is none, or something beside it that is none."""
    streamed = is_stream(events)
    body = b"".join(event.data for event in events if isinstance(event, Data))
    documents = list(_documents(body, streamed=streamed))
    if not all(map(_is_plain, documents)):
        return None
    if dialect is not CHAT or not streamed:
        return recorded_reply(dialect, events)
    stream = _Stream()
    for document in documents:
        stream.take(document)
    return stream.reply() if stream.finish else None


def _is_plain(value: Any) -> bool:
    """Whether no error and no refusal is in it, at any depth."""
    if isinstance(value, list):
        return all(map(_is_plain, value))
    if not isinstance(value, Mapping):
        return True
    told = any(value.get(name) for name in ("error", "refusal", "code")) or value.get("type") in ("error", "refusal")
    return not told and value.get("object") != "error" and all(map(_is_plain, value.values()))


def _documents(body: bytes, *, streamed: bool) -> Iterator[Mapping[str, Any]]:
    for event in server_sent_events(body) if streamed else [b"data:" + body]:
        lines = [
            line.removeprefix(b"data:") for line in event.splitlines() if not streamed or line.startswith(b"data:")
        ]
        try:
            document = json.loads(b"\n".join(lines))
        except ValueError:
            continue
        if isinstance(document, dict):
            yield document


@dataclass(slots=True)
class _Call:
    index: Any
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class _Stream:
    """The first choice of a stream, as far as it came."""

    index: Any = None
    text: str = ""
    reasoning: str = ""
    finish: str = ""
    calls: list[_Call] = field(default_factory=list)

    def take(self, document: Mapping[str, Any]) -> None:
        """One more of its documents."""
        for choice in mappings_in(document.get("choices")):
            index = choice.get("index")
            self.index = index if self.index is None else self.index
            if index in (None, self.index):
                self._take(choice)
                return

    def _take(self, choice: Mapping[str, Any]) -> None:
        self.finish = text_in(choice.get("finish_reason")) or self.finish
        delta = mapping_in(choice.get("delta"))
        self.text += text_in(delta.get("content"))
        self.reasoning += text_in(delta.get("reasoning_content")) or text_in(delta.get("reasoning"))
        for piece in mappings_in(delta.get("tool_calls")):
            self._call(piece)

    def _call(self, piece: Mapping[str, Any]) -> None:
        function = mapping_in(piece.get("function"))
        name, call_id = text_in(function.get("name")), text_in(piece.get("id"))
        call = self._known(piece.get("index"), call_id, name)
        call.id = call.id or call_id
        call.name += "" if name == call.name else name
        given = function.get("arguments")
        call.arguments += given if isinstance(given, str) else "" if given is None else json.dumps(given)

    def _known(self, index: Any, call_id: str, name: str) -> _Call:
        """The call that a piece is of, or a new one."""
        alike = [call for call in reversed(self.calls) if index is None or call.index == index]
        found = next((call for call in alike if call_id and call.id == call_id), None)
        begins = bool(name) and (
            (bool(call_id) and bool(alike) and bool(alike[0].id)) or (not call_id and index is None)
        )
        if found is None and alike and not begins:
            found = alike[0]
        if found is None:
            found = _Call(index)
            self.calls.append(found)
        return found

    def reply(self) -> Reply:
        """What it says."""
        calls = tuple(ToolCall(call.name, call.arguments) for call in self.calls)
        return Reply(self.text, calls, self.reasoning, self.finish)
