"""The Chat Completions API, whole or streamed: one request out, one Reply in. Judges nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hermes_agent.api_modes.base import (
    Show,
    content,
    field,
    items,
    missing,
    own_error,
    own_reasoning,
    text,
    whole_answer,
)
from hermes_agent.api_modes.chunks import put_together
from hermes_agent.api_modes.patience import patience
from hermes_agent.messages import Conversation, Message, Reply, ToolCall
from hermes_agent.runtime_provider import Backend
from hermes_agent.tool_arguments import arguments_text

__all__ = ["call", "message_dict", "read", "request"]

_OUTPUT_LIMIT = {"openai": "max_completion_tokens"}
"""The parameter's name by provider: OpenAI's newer models refuse `max_tokens`, the others know no other."""


def request(
    conversation: Conversation,
    backend: Backend,
    tools: Sequence[Mapping[str, Any]],
    max_tokens: int | None,
    *,
    streamed: bool = False,
) -> dict[str, Any]:
    """The keyword arguments of `chat.completions.create`, built anew from the clean conversation."""
    messages = [message_dict(message, backend) for message in conversation.messages]
    asked: dict[str, Any] = {"model": backend.model, "messages": [*_system(conversation), *messages]}
    if tools:
        asked["tools"] = list(tools)
    if max_tokens is not None:
        asked[_OUTPUT_LIMIT.get(backend.provider, "max_tokens")] = max_tokens
    if streamed:
        asked["stream"] = True  # and no `stream_options`: some servers refuse them
    return asked


def call(client: Any, asked: Mapping[str, Any], show: Show) -> object:
    """Ask, and return what the SDK makes of the answer, or the document that its chunks add up to."""
    answer = client.chat.completions.create(**asked)
    if not asked.get("stream"):
        return answer
    with answer, patience(answer) as complete:  # a stream left open holds a connection
        whole = whole_answer(answer)
        return put_together(answer, show, complete) if whole is None else whole


def message_dict(message: Message, backend: Backend | None = None) -> dict[str, Any]:
    """A message as the API writes it; reasoning goes back only with tool calls, and only to who made it."""
    written: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.tool_calls:
        written["content"] = message.text or None
        written["tool_calls"] = [_call_dict(call) for call in message.tool_calls]
        if message.reasoning and own_reasoning(message, backend):
            written["reasoning_content"] = message.reasoning
    if message.tool_call_id is not None:
        written["tool_call_id"] = message.tool_call_id
    return written


def read(response: object) -> Reply:
    """The one form of an answer, whatever its shape."""
    error = own_error(response)
    choices = items(field(response, "choices"))
    if not choices:
        return Reply(error=error, malformed=missing("choices", response))
    choice = choices[0]
    message, choice_error = field(choice, "message"), field(choice, "error")
    calls = items(field(message, "tool_calls"))
    return Reply(
        text=content(field(message, "content")),
        tool_calls=tuple(_tool_call(call) for call in calls),
        finish_reason="error" if choice_error else text(field(choice, "finish_reason")) or None,
        native_finish_reason=text(field(choice, "native_finish_reason")) or None,
        refusal=text(field(message, "refusal")),
        reasoning=text(field(message, "reasoning_content")) or text(field(message, "reasoning")),
        error=error or choice_error,
        malformed=_malformed(message, calls),
    )


def _system(conversation: Conversation) -> list[dict[str, Any]]:
    """The system message, if there is anything to say in it: some servers refuse an empty one."""
    return [{"role": "system", "content": conversation.system}] if conversation.system else []


def _call_dict(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _malformed(message: object, calls: Sequence[object]) -> str | None:
    if message is None:
        return "message is missing or null"
    return "a tool call is null" if None in calls else None


def _tool_call(call: object) -> ToolCall:
    function = field(call, "function")
    return ToolCall(
        text(field(call, "id")), text(field(function, "name")), arguments_text(field(function, "arguments"))
    )
