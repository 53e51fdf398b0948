"""The Responses API, whole or as a stream that is drained: one request out, one Reply in. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hermes_agent.api_modes.base import Show, field, items, missing, own_error, own_reasoning, text, whole_answer
from hermes_agent.errors import StreamEndedEarly
from hermes_agent.messages import Conversation, Message, Reply, ToolCall
from hermes_agent.runtime_provider import Backend
from hermes_agent.tool_arguments import arguments_text

__all__ = ["call", "read", "request"]

_ALWAYS_STREAMED = {"openai-codex"}
"""The ChatGPT backend answers in no other way."""

_TERMINAL = {"response.completed", "response.failed", "response.incomplete", "response.cancelled"}

_FINISH = {"max_output_tokens": "length", "content_filter": "content_filter"}
"""Why an answer is incomplete, in the words of the chat API."""


def request(
    conversation: Conversation,
    backend: Backend,
    tools: Sequence[Mapping[str, Any]],
    max_tokens: int | None,
    *,
    streamed: bool = False,
) -> dict[str, Any]:
    """The keyword arguments of `responses.create`, built anew from the clean conversation."""
    asked: dict[str, Any] = {
        "model": backend.model,
        "instructions": conversation.system,
        "input": [item for message in conversation.messages for item in _input_items(message, backend)],
        "store": False,
    }
    if tools:
        asked["tools"] = [_function(tool["function"]) for tool in tools]
    if max_tokens is not None:
        asked["max_output_tokens"] = max_tokens
    if streamed:
        asked["stream"] = True
    if backend.provider in _ALWAYS_STREAMED:
        asked |= {"stream": True, "include": ["reasoning.encrypted_content"]}
    return asked


def call(client: Any, asked: Mapping[str, Any], show: Show) -> object:
    """Ask; a stream is drained to its terminal event, whose response is the answer."""
    answer = client.responses.create(**asked)
    if not asked.get("stream"):
        return answer
    with answer:  # what comes after the terminal event is nobody's business, and a stream left open holds a connection
        return _drain(answer, show)


def read(response: object) -> Reply:
    """The one form of an answer, whatever its shape."""
    error, finish_reason = own_error(response), _finish_reason(response)
    found = items(field(response, "output"))
    if not found:
        malformed = None if finish_reason else missing("output", response)
        return Reply(error=error, finish_reason=finish_reason, malformed=malformed)
    parts = [part for item in found if _type(item) == "message" for part in items(field(item, "content"))]
    return Reply(
        text="".join(text(field(part, "text")) for part in parts),
        tool_calls=tuple(_tool_call(item) for item in found if _type(item) == "function_call"),
        finish_reason=finish_reason,
        refusal="".join(text(field(part, "refusal")) for part in parts),
        reasoning_items=tuple(_plain(item) for item in found if _is_kept_reasoning(item)),
        error=error,
        malformed="the output item is null" if all(item is None for item in found) else None,
    )


def _input_items(message: Message, backend: Backend) -> list[Any]:
    if message.role == "tool":
        return [{"type": "function_call_output", "call_id": message.tool_call_id, "output": message.text}]
    written: list[Any] = list(message.reasoning_items) if own_reasoning(message, backend) else []
    if message.text or not message.tool_calls:
        kind = "output_text" if message.role == "assistant" else "input_text"
        written.append({"role": message.role, "content": [{"type": kind, "text": message.text}]})
    return written + [
        {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}
        for call in message.tool_calls
    ]


def _function(function: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "function", "strict": False, **function}


def _drain(stream: Iterable[Any], show: Show) -> object:
    """The response of the terminal event. The ChatGPT backend leaves its `output` empty: the items came before."""
    whole = whole_answer(stream)
    if whole is not None:
        return whole
    done: list[Any] = []
    shown = {"response.output_text.delta", "response.refusal.delta"}
    for event in stream:
        kind = _type(event)
        if kind in shown:
            show(text(field(event, "delta")))
            shown = {kind}  # a refusal beside a text is no part of the answer
        elif kind == "response.output_item.done":
            done.append(field(event, "item"))
        elif own_error(event):
            return {"error": event, "status": "failed"}
        elif kind in _TERMINAL:
            return _completed(field(event, "response"), done)
    raise StreamEndedEarly("the stream ended before its terminal event")


def _completed(response: object, done: list[Any]) -> object:
    if items(field(response, "output")) or not done:
        return response
    names = ("status", "error", "incomplete_details")
    return {"output": done} | {name: field(response, name) for name in names}


def _finish_reason(response: object) -> str | None:
    status = field(response, "status")
    if status in {"failed", "cancelled"}:
        return "error"
    if status == "incomplete":
        reason = text(field(field(response, "incomplete_details"), "reason"))
        return _FINISH.get(reason, reason) or "length"
    return None


def _type(item: object) -> str:
    return text(field(item, "type"))


def _is_kept_reasoning(item: object) -> bool:
    """An item that holds its content: of one that is only named nothing is stored, and it would not be found again."""
    return _type(item) == "reasoning" and bool(field(item, "encrypted_content"))


def _tool_call(item: object) -> ToolCall:
    call_id = text(field(item, "call_id")) or text(field(item, "id"))
    return ToolCall(call_id, text(field(item, "name")), arguments_text(field(item, "arguments")))


def _plain(item: Any) -> Any:
    """An opaque item as plain data, so that it can be sent back and stored."""
    return dict(item) if isinstance(item, Mapping) else item.model_dump(exclude_none=True)
