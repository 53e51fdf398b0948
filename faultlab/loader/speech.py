"""What a file says of answers, tools and earlier messages. Trees in, frozen values out."""

from __future__ import annotations

import json
from typing import Any, Final

from faultlab.loader.cassettes import WrittenCassette, written_cassette
from faultlab.loader.described import described, object_of, schema_of
from faultlab.loader.shapes import Shape, choice, entries, fields, items, misfit, one_or_more, plain, text, whole
from faultlab.loader.tree import MAX_ITEMS, Tree
from faultlab.made_up import fewest_tokens
from faultlab.scenario import DrawnHistory, HistoryMessage, ScriptedTool, ToolOutput
from faultlab.script import Reply, ToolCall

__all__ = ["answers", "history", "says", "tools"]

_FINISH_REASONS: Final = (
    "content_filter",
    "error",
    "insufficient_system_resource",
    "length",
    "model_context_window_exceeded",
    "network_error",
    "sensitive",
    "stop",
    "tool_calls",
)


@described({"type": ["object", "string"]})
def _arguments(tree: Tree) -> str:
    """A mapping as the JSON that a model writes; a text as it stands, so that it may be broken."""
    if type(tree.value) is dict:
        return json.dumps(plain(tree))
    return text(tree)


_CALL: Final[dict[str, Shape[Any]]] = {"name": text, "arguments": _arguments}


@described(lambda: object_of(_CALL, needed=("name",)))
def _tool_call(tree: Tree) -> ToolCall:
    return ToolCall(**fields(tree, _CALL, needed=("name",)))


_USAGE: Final[dict[str, Shape[Any]]] = {"prompt_tokens": whole(), "completion_tokens": whole()}


@described(lambda: object_of(_USAGE, needed=_USAGE))
def _usage(tree: Tree) -> tuple[int, int]:
    read = fields(tree, _USAGE, needed=_USAGE)
    return read["prompt_tokens"], read["completion_tokens"]


_REPLY: Final[dict[str, Shape[Any]]] = {
    "text": text,
    "tool_calls": items(_tool_call, "a list of {name, arguments}"),
    "reasoning": text,
    "finish_reason": choice("finish_reason", _FINISH_REASONS),
    "usage": _usage,
}


@described(lambda: {"anyOf": [schema_of(text), object_of(_REPLY)]})
def _reply(tree: Tree) -> Reply:
    if type(tree.value) is dict:
        return Reply(**fields(tree, _REPLY))
    return Reply(text(tree))


says: Final[Shape[tuple[Reply, ...]]] = items(_reply, "a list of answers")


@described(lambda: {"anyOf": [schema_of(says), schema_of(written_cassette)]})
def answers(tree: Tree) -> tuple[Reply, ...] | WrittenCassette:
    """Answers as they are written, or the file that they were recorded in."""
    if type(tree.value) in (dict, list):
        return written_cassette(tree) if type(tree.value) is dict else says(tree)
    raise misfit(tree, "a list of answers, or {cassette: file}")


_ERROR: Final[dict[str, Shape[Any]]] = {"error": text}


@described(lambda: {"anyOf": [schema_of(text), object_of(_ERROR, needed=_ERROR)]})
def _output(tree: Tree) -> ToolOutput:
    if type(tree.value) is dict:
        return ToolOutput(fields(tree, _ERROR, needed=_ERROR)["error"], is_error=True)
    return ToolOutput(text(tree))


_outputs = entries(one_or_more(_output), "a mapping from tools to what they return")


@described(lambda: schema_of(_outputs))
def tools(tree: Tree) -> tuple[ScriptedTool, ...]:
    """Each tool and what it returns here, in order."""
    return tuple([ScriptedTool(name, outputs) for name, outputs in _outputs(tree)])


_PAST_CALL: Final[dict[str, Shape[Any]]] = {"id": text, "name": text, "arguments": _arguments}


@described(lambda: object_of(_PAST_CALL, needed=("id", "name")))
def _past_call(tree: Tree) -> tuple[str, str, str]:
    read = fields(tree, _PAST_CALL, needed=("id", "name"))
    return read["id"], read["name"], read.get("arguments", "{}")


_MESSAGE: Final[dict[str, Shape[Any]]] = {
    "role": choice("role", ("user", "assistant", "tool")),
    "content": text,
    "tool_calls": items(_past_call, "a list of {id, name, arguments}"),
    "tool_call_id": text,
}


@described(lambda: object_of(_MESSAGE, needed=("role",)))
def _message(tree: Tree) -> HistoryMessage:
    read = fields(tree, _MESSAGE, needed=("role",))
    return HistoryMessage(read["role"], read.get("content", ""), read.get("tool_calls", ()), read.get("tool_call_id"))


_messages = items(_message, "a list of messages")


@described(lambda: {"anyOf": [schema_of(_messages), object_of(_DRAWN, needed=_DRAWN)]})
def history(tree: Tree) -> tuple[HistoryMessage, ...] | DrawnHistory:
    """Messages as written, or how many to make."""
    if type(tree.value) is list:
        return _messages(tree)
    if type(tree.value) is not dict:
        raise misfit(tree, "a list of messages, or {messages, tokens}")
    drawn = DrawnHistory(**fields(tree, _DRAWN, needed=_DRAWN))
    least = fewest_tokens(drawn.messages)
    if drawn.tokens < least:
        raise misfit(tree.value["tokens"], f"at least {least} tokens for {drawn.messages} messages")
    return drawn


_DRAWN: Final[dict[str, Shape[Any]]] = {"messages": whole(1, MAX_ITEMS), "tokens": whole(1, 10_000_000)}
"""As many messages as could be written out; more tokens than any window holds."""
