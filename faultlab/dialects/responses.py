"""The Responses API: how an answer looks there, whole and streamed. Knows no fault and no provider."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from faultlab.dialects.base import (
    CREATED,
    MODEL,
    PROMPT_TOKENS,
    TOKEN,
    TOTAL_TOKENS,
    Dialect,
    Document,
    as_json,
    completion_tokens,
    pieces,
    text_length,
)
from faultlab.documents import mappings_in
from faultlab.script import ApiError, Reply, Shape

__all__ = ["Responses"]

_STATUS = {"stop": "completed", "tool_calls": "completed", "error": "failed"}
"""Finish reason → status; every other reason is one for which the answer is incomplete."""

_REASONS = {"length": "max_output_tokens"}
"""Finish reasons that have another name here."""

_TERMINAL = re.compile(rb'"type"\s*:\s*"response\.(?:completed|incomplete|failed)"')
"""Not every server writes an `event:` line; within a text the quotes would be escaped."""


class Responses(Dialect):
    """`POST /responses`."""

    name: ClassVar[str] = "responses"
    path: ClassVar[str] = "/responses"
    output_limit: ClassVar[tuple[str, ...]] = ("max_output_tokens",)

    def whole(self, reply: Reply) -> Document:
        """One `response`."""
        if reply.shape is Shape.ERROR_ONLY:
            return {"error": _error(reply.error)}
        return _ended(reply)

    def stream(self, reply: Reply, _with_usage: bool) -> Iterator[Document | str]:
        """Events with a running number; usage stands in the last one whether it was asked for or not."""
        for number, (kind, fields) in enumerate(_events(reply)):
            yield {"type": kind, "sequence_number": number} | fields

    def frame(self, document: Document | str) -> bytes:
        """`event:` with the type, then `data:`."""
        if isinstance(document, str):
            return b"data: %b\n\n" % document.encode()
        return b"event: %b\ndata: %b\n\n" % (str(document["type"]).encode(), as_json(document))

    def error_event(self, error: ApiError, number: int) -> bytes:
        """An `error` event."""
        return self.frame({"type": "error", "sequence_number": number} | _error(error) | {"param": None})

    def is_terminal(self, data: bytes) -> bool:
        """Whether it is `response.completed`, `response.incomplete` or `response.failed`."""
        return _TERMINAL.search(data) is not None

    def lengths(self, body: Mapping[str, Any]) -> Iterable[int]:
        """Instructions, contents, arguments of function calls and their outputs."""
        yield text_length(body.get("instructions"))
        if isinstance(body.get("input"), str):
            yield len(body["input"])
        for item in mappings_in(body.get("input")):
            yield from (text_length(item.get(name)) for name in ("content", "arguments", "output"))


def _events(reply: Reply) -> Iterator[tuple[str, Document]]:
    started = _response(reply, "in_progress") | {"output": [], "usage": None}
    yield "response.created", {"response": started}
    yield "response.in_progress", {"response": started}
    if reply.shape is Shape.WHOLE:
        for index, item in enumerate(_output(reply)):
            for kind, fields in _ITEM_EVENTS[item["type"]](item):
                yield kind, {"output_index": index} | fields
    ended = _ended(reply)
    yield f"response.{ended['status']}", {"response": ended}


def _message_events(item: Document) -> Iterator[tuple[str, Document]]:
    yield "response.output_item.added", {"item": item | {"status": "in_progress", "content": []}}
    for index, part in enumerate(item["content"] or ()):
        place = {"item_id": item["id"], "content_index": index}
        yield "response.content_part.added", place | {"part": part | {"text": ""}}
        for piece in pieces(part["text"]):
            yield "response.output_text.delta", place | {"delta": piece, "logprobs": []}
        yield "response.output_text.done", place | {"text": part["text"], "logprobs": []}
        yield "response.content_part.done", place | {"part": part}
    yield "response.output_item.done", {"item": item}


def _call_events(item: Document) -> Iterator[tuple[str, Document]]:
    place = {"item_id": item["id"]}
    yield "response.output_item.added", {"item": item | {"status": "in_progress", "arguments": ""}}
    for piece in pieces(item["arguments"]):
        yield "response.function_call_arguments.delta", place | {"delta": piece}
    yield "response.function_call_arguments.done", place | {"arguments": item["arguments"], "name": item["name"]}
    yield "response.output_item.done", {"item": item}


def _reasoning_events(item: Document) -> Iterator[tuple[str, Document]]:
    yield "response.output_item.added", {"item": item | {"summary": []}}
    for index, part in enumerate(item["summary"]):
        place = {"item_id": item["id"], "summary_index": index}
        yield "response.reasoning_summary_part.added", place | {"part": part | {"text": ""}}
        for piece in pieces(part["text"]):
            yield "response.reasoning_summary_text.delta", place | {"delta": piece}
        yield "response.reasoning_summary_text.done", place | {"text": part["text"]}
        yield "response.reasoning_summary_part.done", place | {"part": part}
    yield "response.output_item.done", {"item": item}


_ITEM_EVENTS = {"message": _message_events, "function_call": _call_events, "reasoning": _reasoning_events}


def _ended(reply: Reply) -> Document:
    """The response as its last event shows it."""
    status = _STATUS.get(reply.finish, "incomplete")
    response = _response(reply, status) | {"usage": _usage(reply)}
    output = _damaged(reply) if reply.shape is not Shape.WHOLE else {"output": list(_output(reply))}
    return response | output


def _damaged(reply: Reply) -> Document:
    match reply.shape:
        case Shape.EMPTY_CHOICES:
            return {"output": []}
        case Shape.NULL_MESSAGE:
            return {"output": [None]}
        case Shape.WRONG_SHAPE:
            return {"output": [reply.text or ""]}
    return {}


def _response(reply: Reply, status: str) -> Document:
    reason = _REASONS.get(reply.finish, reply.finish)
    return {
        "id": f"resp_{TOKEN}",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": _error(reply.error or ApiError("", "server_error")) if status == "failed" else None,
        "incomplete_details": {"reason": reason} if status == "incomplete" else None,
        "model": MODEL,
        "parallel_tool_calls": True,
        "store": False,
        "tool_choice": "auto",
        "tools": [],
        "metadata": {},
    }


def _output(reply: Reply) -> Iterator[dict[str, Any]]:
    number = itertools.count()
    status = "incomplete" if _STATUS.get(reply.finish) is None else "completed"
    if reply.reasoning:
        summary = [{"type": "summary_text", "text": reply.reasoning}]
        sealed = {"encrypted_content": f"gAAAAA{TOKEN}", "summary": summary}
        yield {"id": f"rs_{TOKEN}{next(number)}", "type": "reasoning"} | sealed
    if reply.text or not reply.tool_calls:
        part: Document = {"type": "output_text", "annotations": [], "logprobs": [], "text": reply.text}
        content = None if reply.text is None else [part]
        opening = {"id": f"msg_{TOKEN}{next(number)}", "type": "message", "status": status}
        yield opening | {"role": "assistant", "content": content}
    for index, call in enumerate(reply.tool_calls):
        opening = {"id": f"fc_{TOKEN}{next(number)}", "type": "function_call", "status": status}
        yield opening | {"call_id": f"call_{TOKEN}{index}", "name": call.name, "arguments": call.arguments}


def _usage(reply: Reply) -> Document:
    return {
        "input_tokens": PROMPT_TOKENS,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": completion_tokens(reply),
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": TOTAL_TOKENS,
    }


def _error(error: ApiError | None) -> Document:
    told = error or ApiError("")
    return {"code": told.code, "message": told.message}
