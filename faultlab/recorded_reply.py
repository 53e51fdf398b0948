"""What a recorded answer says, as a reply: read from its bytes, whole or streamed, in either dialect.

So that a fault of content can change what somebody else once sent. Knows neither file nor fault.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from faultlab.dialects import CHAT, Dialect
from faultlab.documents import mapping_in, mappings_in, text_in
from faultlab.script import Reply, ToolCall
from faultlab.wire import Data, Event, Head

__all__ = ["recorded_reply", "server_sent_events"]

_OK: Final = 200
_EVENT: Final = re.compile(rb".+?(?:\r\n\r\n|\n\n|\r\r|\Z)", re.DOTALL)
_LINES: Final = re.compile(rb"\r\n|\n|\r")
_REASONS: Final = {"max_output_tokens": "length"}
"""What Responses calls otherwise."""

_TERMINAL: Final = ("response.completed", "response.incomplete")


def server_sent_events(body: bytes) -> list[bytes]:
    """The body of a stream in its events, each with the empty line that ends it; joined they are the body again."""
    return _EVENT.findall(body)


def recorded_reply(dialect: Dialect, events: Sequence[Event]) -> Reply | None:
    """The reply in these events of an answer; None when they hold none: an error, or a document of another kind."""
    head = next((event for event in events if isinstance(event, Head)), None)
    if head is None or head.status != _OK:
        return None
    body = b"".join(event.data for event in events if isinstance(event, Data))
    if (head.header("content-type") or "").startswith("text/event-stream"):
        documents = list(_streamed(body))
        return _chat_stream(documents) if dialect is CHAT else _responses_stream(documents)
    document = mapping_in(_read(body))
    return _chat_whole(document) if dialect is CHAT else _response(document)


def _read(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _streamed(body: bytes) -> Iterator[Mapping[str, Any]]:
    """The documents of a stream, in order; what is no document (a comment, the end) is passed over."""
    for event in server_sent_events(body):
        lines = [line.removeprefix(b"data:") for line in _LINES.split(event) if line.startswith(b"data:")]
        document = _read(b"\n".join(lines))
        if isinstance(document, Mapping):
            yield document


def _chat_whole(document: Mapping[str, Any]) -> Reply | None:
    choice = _first(document.get("choices"))
    message = mapping_in(choice.get("message"))
    if not message:
        return None
    calls = tuple(_call(mapping_in(call.get("function"))) for call in mappings_in(message.get("tool_calls")))
    content = message.get("content")
    text = None if content is None else text_in(content)
    return Reply(text, calls, _reasoning(message), choice.get("finish_reason"), _chat_usage(document))


def _chat_stream(documents: Sequence[Mapping[str, Any]]) -> Reply | None:
    choices = [_first(document.get("choices")) for document in documents]
    deltas = [mapping_in(choice.get("delta")) for choice in choices]
    if not any(deltas) or any("error" in document for document in documents):
        return None
    calls: dict[Any, tuple[str, str]] = {}
    for call in (call for delta in deltas for call in mappings_in(delta.get("tool_calls"))):
        function, number = mapping_in(call.get("function")), call.get("index", 0)
        name, arguments = calls.get(number, ("", ""))
        calls[number] = name or text_in(function.get("name")), arguments + text_in(function.get("arguments"))
    return Reply(
        "".join(text_in(delta.get("content")) for delta in deltas),
        tuple(ToolCall(*call) for call in calls.values()),
        "".join(_reasoning(delta) for delta in deltas),
        next((choice["finish_reason"] for choice in reversed(choices) if choice.get("finish_reason")), None),
        next((usage for document in reversed(documents) if (usage := _chat_usage(document))), None),
    )


def _responses_stream(documents: Sequence[Mapping[str, Any]]) -> Reply | None:
    """The response as its last event shows it; where that leaves out the items, as those before it do."""
    ended = next((each for each in documents if each.get("type") in _TERMINAL), None)
    response = mapping_in(ended.get("response")) if ended else {}
    items = [each.get("item") for each in documents if each.get("type") == "response.output_item.done"]
    return _response({**response, "output": response.get("output") or items})


def _response(document: Mapping[str, Any]) -> Reply | None:
    items = mappings_in(document.get("output"))
    if not items or document.get("status", "completed") not in {"completed", "incomplete"}:
        return None
    text = "".join(text_in(item.get("content")) for item in items if item.get("type") == "message")
    calls = tuple(_call(item) for item in items if item.get("type") == "function_call")
    reasoning = "".join(text_in(item.get("summary")) for item in items if item.get("type") == "reasoning")
    reason = mapping_in(document.get("incomplete_details")).get("reason")
    usage = _usage(mapping_in(document.get("usage")), "input_tokens", "output_tokens")
    return Reply(text, calls, reasoning, _REASONS.get(reason, reason) if reason else None, usage)


def _call(function: Mapping[str, Any]) -> ToolCall:
    arguments = function.get("arguments")
    arguments = "{}" if arguments is None else arguments
    return ToolCall(text_in(function.get("name")), arguments if isinstance(arguments, str) else json.dumps(arguments))


def _reasoning(message: Mapping[str, Any]) -> str:
    return text_in(message.get("reasoning_content") or message.get("reasoning"))


def _chat_usage(document: Mapping[str, Any]) -> tuple[int, int] | None:
    return _usage(mapping_in(document.get("usage")), "prompt_tokens", "completion_tokens")


def _usage(usage: Mapping[str, Any], asked: str, said: str) -> tuple[int, int] | None:
    counts = usage.get(asked), usage.get(said)
    return (counts[0], counts[1]) if isinstance(counts[0], int) and isinstance(counts[1], int) else None


def _first(value: Any) -> Mapping[str, Any]:
    return next(iter(mappings_in(value)), {})
