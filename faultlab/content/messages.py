"""A made-up conversation as the two APIs are sent it: messages of chat completions, items of a Responses input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from faultlab.made_up import MadeMessage

__all__ = ["as_chat", "as_responses"]


def as_chat(conversation: Iterable[MadeMessage]) -> list[dict[str, Any]]:
    """As `messages` of chat completions."""
    return [_chat(message) for message in conversation]


def _chat(message: MadeMessage) -> dict[str, Any]:
    if message.call_id is not None:
        return {"role": "tool", "tool_call_id": message.call_id, "content": message.text}
    if not message.calls:
        return {"role": message.role, "content": message.text}
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in message.calls
    ]
    return {"role": message.role, "content": message.text or None, "tool_calls": calls}


def as_responses(conversation: Iterable[MadeMessage]) -> list[dict[str, Any]]:
    """As `input` of the Responses API, where a call and its result are items of their own."""
    return [item for message in conversation for item in _items(message)]


def _items(message: MadeMessage) -> Iterator[dict[str, Any]]:
    if message.call_id is not None:
        yield {"type": "function_call_output", "call_id": message.call_id, "output": message.text}
        return
    if message.text:
        yield {"type": "message", "role": message.role, "content": message.text}
    for call in message.calls:
        yield {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}
