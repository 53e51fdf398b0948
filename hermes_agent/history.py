"""Conversations that come from outside: a caller's list of dictionaries, or a session that was cut off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hermes_agent.messages import Message, ToolCall

__all__ = ["as_messages", "with_closed_calls"]


def as_messages(history: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    """Messages in the chat API's form as our own; a system message is the agent's business and is left out."""
    return tuple(_as_message(entry) for entry in history if entry.get("role") not in {"system", "developer"})


def with_closed_calls(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The same, each tool call answered: a crash or an interrupt may have left some open, which providers refuse."""
    answered = {message.tool_call_id for message in messages if message.role == "tool"}
    whole: list[Message] = []
    for message in messages:
        if message.role != "tool":
            _close(whole, answered)
        whole.append(message)
    _close(whole, answered)
    return tuple(whole)


def _close(whole: list[Message], answered: set[str | None]) -> None:
    """Answer the calls of the latest assistant message that nothing answers."""
    latest = next((message for message in reversed(whole) if message.role != "tool"), None)
    for call in latest.tool_calls if latest is not None else ():
        if call.id not in answered:
            answered.add(call.id)
            whole.append(Message("tool", "interrupted", tool_call_id=call.id))


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
    return ToolCall(str(call.get("id", "")), str(function.get("name", "")), str(function.get("arguments", "")))
