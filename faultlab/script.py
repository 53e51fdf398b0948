"""What a model says, and what it says next. Knows nothing of bytes, of providers or of when things go wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["ApiError", "Reply", "Script", "Shape", "ToolCall"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool, its arguments as the JSON text that goes onto the wire."""

    name: str
    arguments: str = "{}"


class Shape(StrEnum):
    """How the document of an answer is built; anything but `whole` is no healthy model's."""

    WHOLE = "whole"
    NO_CHOICES = "no_choices"
    EMPTY_CHOICES = "empty_choices"
    NULL_MESSAGE = "null_message"
    WRONG_SHAPE = "wrong_shape"
    ERROR_ONLY = "error_only"


@dataclass(frozen=True, slots=True)
class ApiError:
    """An error that an answer carries inside a 200."""

    message: str
    code: str | int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of a model. `finish_reason` None: `tool_calls` if there are any, else `stop`.

    `finish_reason` is in the words of the chat API (`length` is Responses' `max_output_tokens`, `error` its status
    `failed`). `usage` is (prompt tokens, completion tokens); None: counted by the contract's estimate. `shape` and
    `error` are for what a fault makes of a healthy answer.
    """

    text: str | None = ""
    tool_calls: tuple[ToolCall, ...] = ()
    reasoning: str = ""
    finish_reason: str | None = None
    usage: tuple[int, int] | None = None
    shape: Shape = Shape.WHOLE
    error: ApiError | None = None

    @property
    def finish(self) -> str:
        """The finish reason that goes onto the wire."""
        return self.finish_reason or ("tool_calls" if self.tool_calls else "stop")

    @property
    def characters(self) -> int:
        """What the estimate counts: the text and the arguments of tool calls."""
        return len(self.text or "") + sum(len(call.arguments) for call in self.tool_calls)


class Script:
    """What healthy models will say, in order, whoever is asked: one is shared by all upstreams of a scenario.

    `endless`: after the last answer it begins again.
    """

    def __init__(self, says: Sequence[Reply] = (), *, endless: bool = False) -> None:
        self._says = tuple(says)
        self._next = 0
        self._endless = endless

    @property
    def left(self) -> tuple[Reply, ...]:
        """What was not said whole yet."""
        return self._says[self._next :]

    def peek(self) -> Reply | None:
        """The next answer, left standing; None when there is none."""
        return self._says[self._next] if self._next < len(self._says) else None

    def take(self) -> None:
        """The next answer was sent whole: on to the one after it."""
        self._next += 1
        if self._endless and self._next == len(self._says):
            self._next = 0

    def rewind(self) -> None:
        """From the beginning, as if nothing had been said."""
        self._next = 0

    @property
    def is_endless(self) -> bool:
        """Whether there is always another answer."""
        return self._endless and bool(self._says)
