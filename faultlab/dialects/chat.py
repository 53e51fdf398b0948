"""Chat completions: how an answer looks there, whole and streamed. Knows no fault and no provider."""

from __future__ import annotations

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
from faultlab.documents import mapping_in, mappings_in
from faultlab.script import ApiError, Reply, Shape, ToolCall

__all__ = ["Chat"]

_DONE = "[DONE]"
_FINISH_REASON = re.compile(rb'"finish_reason"\s*:\s*"')


class Chat(Dialect):
    """`POST /chat/completions`."""

    name: ClassVar[str] = "chat"
    path: ClassVar[str] = "/chat/completions"
    output_limit: ClassVar[tuple[str, ...]] = ("max_completion_tokens", "max_tokens")

    def whole(self, reply: Reply) -> Document:
        """One `chat.completion`."""
        if reply.shape is Shape.ERROR_ONLY:
            return {"error": _error(reply.error)}
        opening = {"id": f"chatcmpl-{TOKEN}", "object": "chat.completion", "created": CREATED, "model": MODEL}
        return opening | _choices(reply, "message", _message(reply)) | {"usage": _usage(reply)}

    def stream(self, reply: Reply, with_usage: bool) -> Iterator[Document | str]:
        """`chat.completion.chunk`s: the role first, tool arguments in pieces, usage after the finish reason."""
        opening = {"id": f"chatcmpl-{TOKEN}", "object": "chat.completion.chunk", "created": CREATED, "model": MODEL}
        usage: dict[str, Any] = {"usage": None} if with_usage else {}
        if reply.shape is Shape.WHOLE:
            for delta in _deltas(reply):
                choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
                yield opening | {"choices": [choice]} | usage
        # What is damaged is damaged in the only chunk that could have held something.
        yield opening | _choices(reply, "delta", {}) | usage
        if with_usage:
            yield opening | {"choices": [], "usage": _usage(reply)}
        yield _DONE

    def frame(self, document: Document | str) -> bytes:
        """`data:` alone."""
        return b"data: %b\n\n" % (document.encode() if isinstance(document, str) else as_json(document))

    def error_event(self, error: ApiError, _number: int) -> bytes:
        """A chunk with an `error` and no choices."""
        return self.frame({"error": _error(error), "choices": []})

    def is_terminal(self, data: bytes) -> bool:
        """Whether a finish reason stands in it; inside a text its quotes would be escaped."""
        return _FINISH_REASON.search(data) is not None

    def lengths(self, body: Mapping[str, Any]) -> Iterable[int]:
        """Contents and tool-call arguments of all messages."""
        for message in mappings_in(body.get("messages")):
            yield text_length(message.get("content"))
            for call in mappings_in(message.get("tool_calls")):
                yield text_length(mapping_in(call.get("function")).get("arguments"))


def _choices(reply: Reply, name: str, message: Document) -> Document:
    """The `choices` of a document, healthy or not."""
    choice = {"index": 0, name: message, "logprobs": None, "finish_reason": reply.finish}
    match reply.shape:
        case Shape.NO_CHOICES:
            return {}
        case Shape.EMPTY_CHOICES:
            return {"choices": []}
        case Shape.NULL_MESSAGE:
            return {"choices": [choice | {name: None}]}
        case Shape.WRONG_SHAPE:
            return {"choices": [reply.text or ""]}
    return {"choices": [choice]}


def _message(reply: Reply) -> Document:
    calls = [_call(number, call) | {"type": "function"} for number, call in enumerate(reply.tool_calls)]
    message: dict[str, Any] = {"role": "assistant", "content": (reply.text or None) if calls else reply.text}
    message |= {"refusal": None}
    if reply.reasoning:
        message |= {"reasoning_content": reply.reasoning}
    return message | {"tool_calls": calls} if calls else message


def _deltas(reply: Reply) -> Iterator[Document]:
    yield {"role": "assistant", "content": None if reply.tool_calls or reply.text is None else "", "refusal": None}
    for piece in pieces(reply.reasoning):
        yield {"reasoning_content": piece}
    for piece in pieces(reply.text or ""):
        yield {"content": piece}
    for number, call in enumerate(reply.tool_calls):
        opening = _call(number, ToolCall(call.name, "")) | {"type": "function"}
        yield {"tool_calls": [{"index": number} | opening]}
        for piece in pieces(call.arguments):
            yield {"tool_calls": [{"index": number, "function": {"arguments": piece}}]}


def _call(number: int, call: ToolCall) -> dict[str, Any]:
    return {"id": f"call_{TOKEN}{number}", "function": {"name": call.name, "arguments": call.arguments}}


def _usage(reply: Reply) -> Document:
    completion = completion_tokens(reply)
    return {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": completion, "total_tokens": TOTAL_TOKENS}


def _error(error: ApiError | None) -> Document:
    told = error or ApiError("")
    return {"message": told.message, "type": None, "param": None, "code": told.code}
