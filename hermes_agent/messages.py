"""The values that travel through the agent: conversation, answer, failure, result. All frozen.

Nothing here knows HTTP, a provider, a file or a clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = [
    "NEARLY_FULL",
    "Asked",
    "Conversation",
    "Failure",
    "FailureKind",
    "Message",
    "Outcome",
    "Reply",
    "Switch",
    "ToolCall",
    "TurnResult",
]

NEARLY_FULL = 0.9
"""Of the window: from here on an answer of nothing is a prompt that left no room (contract section 3)."""


class FailureKind(StrEnum):
    """The class of a failed attempt (contract section 1); `internal` is a fault of our own."""

    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    INVALID_RESPONSE = "invalid_response"
    UNAUTHORIZED = "unauthorized"
    BILLING = "billing"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    BAD_REQUEST = "bad_request"
    CONTEXT_OVERFLOW = "context_overflow"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    OUTPUT_TOO_LARGE = "output_too_large"
    INTERNAL = "internal"


class Outcome(StrEnum):
    """How a turn ended (contract C16)."""

    COMPLETED = "completed"
    FAILED = "failed"
    PARTIAL = "partial"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call that the model asks for; `arguments` is the JSON text as it came."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation, free of any provider's own fields.

    `reasoning` is a model's thinking as text; `reasoning_items` are a provider's own opaque items. Both are only ever
    sent back to the backend named in `made_by` (contract C11).
    """

    role: str
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    reasoning: str = ""
    reasoning_items: tuple[Any, ...] = ()
    made_by: str = ""

    @property
    def characters(self) -> int:
        """What the estimate counts: the text and the arguments of tool calls."""
        return len(self.text) + sum(len(call.arguments) for call in self.tool_calls)


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a model call is about: the system prompt and the messages after it."""

    system: str
    messages: tuple[Message, ...] = ()

    def __add__(self, more: tuple[Message, ...]) -> Conversation:
        return Conversation(self.system, self.messages + more)

    @property
    def estimate(self) -> int:
        """Tokens, as the contract estimates them: characters / 4, rounded up."""
        return math.ceil((len(self.system) + sum(message.characters for message in self.messages)) / 4)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a 200 held, in one form for both API modes, not yet judged (`failures.judge` does that).

    `finish_reason` is in the words of the chat API (`length` for Responses' `max_output_tokens`, `error` for its status
    `failed` or `cancelled`), None when a whole answer gave none. `native_finish_reason` is that of the upstream which a
    router asked (OpenRouter), in the upstream's own words. `error` is an error object or text found in the body or in a
    choice. `malformed` names what is missing when the shape is wrong.
    """

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None
    native_finish_reason: str | None = None
    refusal: str = ""
    reasoning: str = ""
    reasoning_items: tuple[Any, ...] = ()
    error: object | None = None
    malformed: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What recognition has to know of the request: its estimate, what it set, the window if known, the time."""

    estimate: int
    max_tokens: int | None = None
    window: int | None = None
    now_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed attempt, recognised.

    `retry_after_s` is the wait that the provider states (contract C3), `limit_tokens` the window that it names,
    `fits_max_tokens` the output that it says would fit (may be below 1), `for_money` that money is what is short.
    `message` is one line for people, free of keys.
    """

    kind: FailureKind
    message: str
    status: int | None = None
    retry_after_s: float | None = None
    limit_tokens: int | None = None
    fits_max_tokens: int | None = None
    for_money: bool = False


@dataclass(frozen=True, slots=True)
class Switch:
    """The change from the primary to the fallback; what the session store keeps of it (never a key)."""

    provider: str
    model: str
    base_url: str
    api_mode: str
    reason: str
    after_attempts: int = 0
    failure: FailureKind | None = None


@dataclass(frozen=True, slots=True)
class TurnResult:
    """How a turn ended, as handed to `Runtime.on_result` and, by `as_dict`, to the caller.

    `reply` is the model's answer without notices; `final_response` is what a chat user reads, also after a failure.
    `switch` is the session's switch if it happened in this turn; `refused` says why a fallback could not be used (C14).
    """

    session_id: str
    outcome: Outcome
    final_response: str
    reply: str = ""
    messages: tuple[Message, ...] = ()
    api_calls: int = 0
    failure: FailureKind | None = None
    primary_failure: FailureKind | None = None
    error: str | None = None
    switch: Switch | None = None
    refused: str | None = None
    provider: str = ""
    model: str = ""
    compressions: int = 0
    notices: tuple[str, ...] = ()
