"""What a healthy model says. Knows nothing of faults, of bytes or of providers."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Reply", "ToolCall"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool, its arguments as the JSON text that goes onto the wire."""

    name: str
    arguments: str = "{}"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of a healthy model. `finish_reason` None: `tool_calls` if there are any, else `stop`.

    `usage` is (prompt tokens, completion tokens); None: counted by the contract's estimate.
    """

    text: str | None = ""
    tool_calls: tuple[ToolCall, ...] = ()
    reasoning: str = ""
    finish_reason: str | None = None
    usage: tuple[int, int] | None = None
