"""Conversations that come from outside: a caller's list of dictionaries, or a session that was cut off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hermes_agent.messages import Message, ToolCall
from hermes_agent.tool_arguments import arguments_text

__all__ = ["as_messages", "with_closed_calls"]


def as_messages(history: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    """Messages in the chat API's form as our own; a system message is the agent's business and is left out."""
    return tuple(_as_message(entry) for entry in history if entry.get("role") not in {"system", "developer"})


def with_closed_calls(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The same, each tool call answered: a crash or an interrupt may have left some open, which providers refuse."""
    whole: list[Message] = []
    unanswered: list[str] = []
    for message in messages:
        if message.role != "tool":
            whole += _closing(unanswered)
            unanswered = [call.id for call in message.tool_calls]
        elif message.tool_call_id in unanswered:
            unanswered.remove(message.tool_call_id)
        whole.append(message)
    return (*whole, *_closing(unanswered))


def _closing(unanswered: Sequence[str]) -> list[Message]:
    return [Message("tool", "interrupted", tool_call_id=call_id) for call_id in unanswered]


def _as_message(entry: Mapping[str, Any]) -> Message:
    calls = entry.get("tool_calls") or ()
    return Message(
        str(entry.get("role", "user")),
        _text(entry.get("content")),
        tuple(_as_call(call) for call in calls),
        entry.get("tool_call_id"),
    )


def _text(content: object) -> str:
    """A text, or the texts of a list of parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "".join(part["text"] for part in parts if isinstance(part, Mapping) and isinstance(part.get("text"), str))


def _as_call(call: Mapping[str, Any]) -> ToolCall:
    function = call.get("function", {})
    return ToolCall(str(call.get("id", "")), str(function.get("name", "")), arguments_text(function.get("arguments")))
