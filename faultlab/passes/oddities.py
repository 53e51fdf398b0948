"""Answers that are whole, and spelled as hardly anybody spells them: what some servers leave out or repeat.

What each of them says is the same two calls of tools, or the same few words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from faultlab.faults import Fault, status
from faultlab.passes.sayings import TOOLS

__all__ = ["oddities"]

_STREAM: Final = {"content-type": "text/event-stream"}
_ARGUMENTS: Final = ('{"path": "notes.txt"}', '{"command": "ls"}')
_CALLS: Final = tuple(zip(TOOLS, _ARGUMENTS, strict=True))


@lru_cache(maxsize=4)
def oddities(dialect: str, streamed: bool) -> tuple[Fault, ...]:
    """All of them, for who asks in this way; of the Responses API none is known."""
    if dialect != "chat":
        return ()
    if not streamed:
        return tuple(status(code=200, body={"choices": [choice]}) for choice in _whole())
    return tuple(status(code=200, headers=_STREAM, body=_as_stream(chunks)) for chunks in _streams())


def _whole() -> list[Mapping[str, Any]]:
    """One choice each."""
    as_objects = [_call(n, name, json.loads(arguments)) for n, (name, arguments) in enumerate(_CALLS)]
    nothing = [_call(0, TOOLS[0], None)]
    return [
        {"message": {"role": "assistant", "content": None, "tool_calls": as_objects}, "finish_reason": "tool_calls"},
        {"message": {"content": "", "tool_calls": nothing}},
        {"message": {"content": [{"type": "text", "text": "Yes, "}, {"type": "text", "text": "at noon."}]}},
        {"message": {"content": "Yes."}, "finish_reason": "whatever"},
    ]


def _streams() -> list[list[Mapping[str, Any]]]:
    """The choices of the chunks of one answer each."""
    ends = {"index": 0, "delta": {}, "finish_reason": "tool_calls"}
    in_halves = [(n, name, half) for n, (name, text) in enumerate(_CALLS) for half in (text[:7], text[7:])]
    beside = [{"index": 1, "delta": {"content": word}, "finish_reason": None} for word in ("No", ", never.")]
    words = [{"index": 0, "delta": {"content": word}, "finish_reason": None} for word in ("Yes", ", at noon.")]
    return [
        [*(_delta(_call(n, name, text, index=0)) for n, (name, text) in enumerate(_CALLS)), ends],
        [*(_delta({"function": {"name": name, "arguments": text}}) for name, text in _CALLS), ends],
        [*(_delta(_call(n, name, half, index=n)) for n, name, half in in_halves), ends],
        [*(_delta(_call(n, name, json.loads(text), index=n)) for n, (name, text) in enumerate(_CALLS)), ends],
        [words[0], beside[0], words[1], beside[1], {"index": 0, "delta": {}, "finish_reason": "stop"}],
        [{"delta": {"content": "Yes."}}, {"delta": {"content": ""}, "finish_reason": "stop"}],
    ]


def _call(number: int, name: str, arguments: object, **more: object) -> dict[str, Any]:
    return {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}} | more


def _delta(call: Mapping[str, Any]) -> dict[str, Any]:
    return {"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}


def _as_stream(choices: list[Mapping[str, Any]]) -> str:
    chunks = (json.dumps({"choices": [choice]}) for choice in choices)
    return "".join(f"data: {chunk}\n\n" for chunk in (*chunks, "[DONE]"))
