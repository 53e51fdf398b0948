"""Answers, earlier messages and tools as a scenario file writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from faultlab.cassette import MATCHED_BY_DEFAULT
from faultlab.errors import HarnessError
from faultlab.scenario import DrawnHistory, FromCassette, HistoryMessage, Scenario, ToolOutput
from faultlab.script import Reply, Shape, ToolCall

__all__ = ["history", "says", "tools"]

_LONGEST_NUMBER: Final = 300


def says(scenario: Scenario, folder: Path | None) -> Any:
    """Answers, or the file that they were recorded in."""
    if scenario.cassette is not None:
        return _cassette(scenario.cassette, folder)
    return [_reply(each) for each in scenario.says]


def _cassette(cassette: FromCassette, folder: Path | None) -> dict[str, Any]:
    is_beside = folder is None or folder / cassette.shown == Path(cassette.path)
    told: dict[str, Any] = {"cassette": cassette.shown if is_beside else cassette.path}
    return told if cassette.match_on == MATCHED_BY_DEFAULT else told | {"match_on": list(cassette.match_on)}


def _reply(reply: Reply) -> Any:
    if reply.text is None or reply.shape is not Shape.WHOLE or reply.error is not None:
        raise HarnessError(f"no healthy model answers like that, and no file says so: {reply!r:.200}")
    told: dict[str, Any] = {"text": reply.text} if reply.text else {}
    if reply.tool_calls:
        told["tool_calls"] = [_call(each) for each in reply.tool_calls]
    if reply.reasoning:
        told["reasoning"] = reply.reasoning
    if reply.finish_reason is not None:
        told["finish_reason"] = reply.finish_reason
    if reply.usage is not None:
        told["usage"] = dict(zip(("prompt_tokens", "completion_tokens"), reply.usage, strict=True))
    return reply.text if told.keys() <= {"text"} else told


def _call(call: ToolCall) -> dict[str, Any]:
    return {"name": call.name, **_arguments(call.arguments)}


def _arguments(text: str) -> dict[str, Any]:
    """As a mapping where the same text comes of it again, else as the text."""
    if text == "{}":
        return {}
    try:
        read = json.loads(text)
        same = isinstance(read, dict) and json.dumps(read) == text and _is_writable(text)
    except (ValueError, RecursionError):
        same = False
    return {"arguments": read if same else text}


def _is_writable(text: str) -> bool:
    """Whether it has no number that is too long, half of a character, or nesting that no file may have."""
    digits = max(map(len, "".join(each if each.isdigit() else " " for each in text).split()), default=0)
    return digits <= _LONGEST_NUMBER and "\\ud" not in text.lower() and text.count("{") + text.count("[") <= _DEEPEST


_DEEPEST: Final = 40


def history(scenario: Scenario) -> Any:
    """Messages as they were, or how many to make."""
    if isinstance(scenario.history, DrawnHistory):
        return {"messages": scenario.history.messages, "tokens": scenario.history.tokens}
    return [_message(each) for each in scenario.history]


def _message(message: HistoryMessage) -> dict[str, Any]:
    told: dict[str, Any] = {"role": message.role}
    if message.text:
        told["content"] = message.text
    if message.tool_calls:
        calls = message.tool_calls
        told["tool_calls"] = [{"id": key, "name": name, **_arguments(given)} for key, name, given in calls]
    return told if message.tool_call_id is None else told | {"tool_call_id": message.tool_call_id}


def tools(scenario: Scenario) -> dict[str, Any]:
    """What each tool returns here: one output, or a list of them."""
    told = {tool.name: [_output(each) for each in tool.outputs] for tool in scenario.tools}
    return {name: outputs[0] if len(outputs) == 1 else outputs for name, outputs in told.items()}


def _output(output: ToolOutput) -> Any:
    return {"error": output.text} if output.is_error else output.text
