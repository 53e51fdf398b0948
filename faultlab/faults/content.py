"""A 200 that is no usable answer: the words are wrong, their document is, or the bytes are no document at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

from faultlab.faults.base import CALL, CODE, TEXT, Events, Fault, Moment, is_stream, option, split
from faultlab.faults.catalogued import Worded
from faultlab.providers import Provider, response
from faultlab.script import ApiError, Reply, Shape, ToolCall
from faultlab.wire import Data, Event, Request

__all__ = [
    "BadToolArguments",
    "EmptyBody",
    "EmptyChoices",
    "EmptyContent",
    "ErrorIn200",
    "HtmlPage",
    "Length",
    "NoChoices",
    "NotJson",
    "NullContent",
    "NullMessage",
    "ResponsesFailed",
    "ResponsesIncomplete",
    "ShapeFault",
    "UnknownTool",
    "WindowExceededFinish",
    "WrongShape",
]

_OK = 200
_PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body></body></html>"
_JSON = (("content-type", "application/json"),)
_NO_STATUS = "an answer of chat completions has no status"
_CLOSING = b"}"
"""How the document of an event ends: without it, it is none."""


@dataclass(frozen=True, slots=True)
class NotJson(Fault):
    """The JSON breaks off, under a correct length; in a stream that of one event."""

    def events(self, events: Events, _moment: Moment) -> Events:
        """Half of the document."""
        parts = split(events, None)
        if parts is None:
            return events
        before, (first, *rest) = parts
        if is_stream(events):
            return (*before, Data(_bytes(first).rstrip().removesuffix(_CLOSING) + b"\n\n"), *rest)
        return response(_OK, _bytes(before[-1]).decode("utf-8", "ignore"), _JSON)


@dataclass(frozen=True, slots=True)
class HtmlPage(Fault):
    """A page instead of a document: a login, a wrong base URL."""

    def events(self, _events: Events, _moment: Moment) -> Events:
        """The page."""
        return response(_OK, _PAGE, (("content-type", "text/html; charset=utf-8"),))


@dataclass(frozen=True, slots=True)
class EmptyBody(Fault):
    """JSON is announced, and no byte of it comes."""

    def events(self, _events: Events, _moment: Moment) -> Events:
        """A head and nothing."""
        return response(_OK, "", _JSON)


@dataclass(frozen=True, slots=True)
class ShapeFault(Fault):
    """A document that is built wrongly; subclasses say how."""

    shape: ClassVar[Shape]

    def reply(self, reply: Reply) -> Reply:
        """The same words in the wrong document."""
        return replace(reply, shape=self.shape)


@dataclass(frozen=True, slots=True)
class NoChoices(ShapeFault):
    """`choices` (Responses: `output`) is missing."""

    shape: ClassVar[Shape] = Shape.NO_CHOICES


@dataclass(frozen=True, slots=True)
class EmptyChoices(ShapeFault):
    """`choices` (Responses: `output`) is an empty list."""

    shape: ClassVar[Shape] = Shape.EMPTY_CHOICES


@dataclass(frozen=True, slots=True)
class NullMessage(ShapeFault):
    """`message` (Responses: the output item) is null."""

    shape: ClassVar[Shape] = Shape.NULL_MESSAGE


@dataclass(frozen=True, slots=True)
class WrongShape(ShapeFault):
    """Choices (Responses: output items) are texts instead of objects."""

    shape: ClassVar[Shape] = Shape.WRONG_SHAPE


@dataclass(frozen=True, slots=True)
class NullContent(Fault):
    """A message whose content is null, and no tool call."""

    def reply(self, reply: Reply) -> Reply:
        """No words at all."""
        return replace(reply, text=None, tool_calls=(), reasoning="", finish_reason="stop")


@dataclass(frozen=True, slots=True)
class EmptyContent(Fault):
    """A message whose content is an empty text, and no tool call."""

    def reply(self, reply: Reply) -> Reply:
        """Empty words."""
        return replace(reply, text="", tool_calls=(), reasoning="", finish_reason="stop")


@dataclass(frozen=True, slots=True)
class BadToolArguments(Fault):
    """The JSON of a tool call's arguments breaks off at its end.

    `call`: the number of the call, counted from 1; the first one if left out.
    """

    call: int | None = option(CALL)

    def reply(self, reply: Reply) -> Reply:
        """The call (the first one, unless said) without the end of its arguments."""
        return _with_call(reply, self.call, lambda call: replace(call, arguments=_broken_off(call.arguments)))


@dataclass(frozen=True, slots=True)
class UnknownTool(Fault):
    """A call of a tool that does not exist.

    `call`: the number of the call, counted from 1; the first one if left out.
    """

    call: int | None = option(CALL)

    def reply(self, reply: Reply) -> Reply:
        """The call (the first one, unless said) under a name that nobody has."""
        return _with_call(reply, self.call, lambda call: replace(call, name=f"no_such_{call.name}"))


@dataclass(frozen=True, slots=True)
class ErrorIn200(Worded):
    """An error object instead of an answer, under status 200.

    Usual shape (no source shows one): 200, neither type nor code.

    `code`, `message`: words of your own in the usual shape.
    """

    def answer(self, _request: Request, moment: Moment) -> Events | None:
        """The error, as the provider sends it: one document, whatever was asked for."""
        entry = self.entry(moment.dialect.name, moment.provider)
        if entry is not None:
            return entry.events(moment.occasion({}))
        error = ApiError(self.message or "Provider returned error", self.code)
        said = Reply(shape=Shape.ERROR_ONLY, error=error)
        return moment.dialect.render(said, moment.question, moment.answer, int(moment.time))


@dataclass(frozen=True, slots=True)
class Length(Fault):
    """The answer is cut at a token limit: half of its text, or its last tool call without the end."""

    def reply(self, reply: Reply) -> Reply:
        """What fitted."""
        return _cut_short(reply, "length")


@dataclass(frozen=True, slots=True)
class WindowExceededFinish(Fault):
    """Nothing but a finish reason that says that the window is exceeded."""

    def reply(self, reply: Reply) -> Reply:
        """The finish reason alone."""
        return replace(reply, text="", tool_calls=(), reasoning="", finish_reason="model_context_window_exceeded")

    def fits(self, call: str, _provider: Provider) -> str | None:
        """It is a finish reason of chat completions."""
        return "an answer of the Responses API has no finish_reason" if call == "responses" else None


@dataclass(frozen=True, slots=True)
class ResponsesFailed(Fault):
    """A response whose status is `failed`.

    `code`: of the error, `server_error` if left out.
    """

    code: str | int | None = option(CODE)

    def reply(self, reply: Reply) -> Reply:
        """No words, and the error."""
        error = ApiError("The model failed to generate a response.", self.code or "server_error")
        return replace(reply, text="", tool_calls=(), reasoning="", finish_reason="error", error=error)

    def fits(self, call: str, _provider: Provider) -> str | None:
        """It is a status of the Responses API."""
        return _NO_STATUS if call == "chat" else None


@dataclass(frozen=True, slots=True)
class ResponsesIncomplete(Fault):
    """A response whose status is `incomplete`, for a reason.

    `reason`: `max_output_tokens` if left out, or `content_filter`.
    """

    reason: str | None = option(TEXT)

    def reply(self, reply: Reply) -> Reply:
        """What came before the reason."""
        reason = self.reason or "max_output_tokens"
        return _cut_short(reply, "length" if reason == "max_output_tokens" else reason)

    def fits(self, call: str, _provider: Provider) -> str | None:
        """It is a status of the Responses API."""
        return _NO_STATUS if call == "chat" else None


def _bytes(event: Event) -> bytes:
    return event.data if isinstance(event, Data) else b""


def _with_call(reply: Reply, number: int | None, change: Callable[[ToolCall], ToolCall]) -> Reply:
    """The reply with one call changed; the reply itself when it has no such call."""
    index = (number or 1) - 1
    calls = reply.tool_calls
    if index >= len(calls):
        return reply
    return replace(reply, tool_calls=(*calls[:index], change(calls[index]), *calls[index + 1 :]))


def _broken_off(arguments: str) -> str:
    """The first two thirds: no object's JSON is complete there."""
    return (arguments or "{}")[: max(1, len(arguments) * 2 // 3)]


def _cut_short(reply: Reply, finish_reason: str) -> Reply:
    """Half of the text; with tool calls the text is complete and the last call is what was cut."""
    if not reply.tool_calls:
        text = reply.text or ""
        return replace(reply, text=text[: (len(text) + 1) // 2], finish_reason=finish_reason)
    *whole, last = reply.tool_calls
    calls = (*whole, replace(last, arguments=_broken_off(last.arguments)))
    return replace(reply, tool_calls=calls, finish_reason=finish_reason)
