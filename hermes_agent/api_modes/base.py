"""What both API modes share: reading answers that nobody has validated, and streams that may be none.

The SDK checks nothing of a 200: any field may be missing, null, or of another type, and the whole may be a text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from hermes_agent.messages import Conversation, Message, Reply
from hermes_agent.runtime_provider import Backend

__all__ = [
    "ApiMode",
    "Show",
    "backend_name",
    "content",
    "field",
    "is_object",
    "items",
    "missing",
    "own_error",
    "own_reasoning",
    "text",
    "whole_answer",
]


Show = Callable[[str], None]
"""Takes the text of an answer as it comes, in pieces."""


class ApiMode(Protocol):
    """What each sibling module offers."""

    def request(
        self,
        conversation: Conversation,
        backend: Backend,
        tools: Sequence[Mapping[str, Any]],
        max_tokens: int | None,
        *,
        streamed: bool = False,
    ) -> dict[str, Any]:
        """The keyword arguments of the SDK's call, built anew from the clean conversation."""

    def call(self, client: Any, asked: Mapping[str, Any], show: Show) -> object:
        """Ask; the answer whole. `show` gets the text of one that is streamed."""

    def read(self, response: object) -> Reply:
        """The one form of an answer, whatever its shape."""


_PLAIN = (str, bytes, int, float, list, tuple, type(None))


def field(value: object, name: str) -> Any:
    """A field of an object or of a mapping; None where there is none, whatever `value` is."""
    if isinstance(value, Mapping):
        return value.get(name)
    return None if isinstance(value, _PLAIN) else getattr(value, name, None)


def items(value: object) -> Sequence[Any]:
    """A list as it is; anything else as an empty one."""
    return value if isinstance(value, (list, tuple)) else ()


def text(value: object) -> str:
    """A text as it is; anything else as an empty one."""
    return value if isinstance(value, str) else ""


def is_object(value: object) -> bool:
    """Whether it can have fields."""
    return not isinstance(value, _PLAIN)


def content(value: object) -> str:
    """A text, or the texts of a list of parts, as some providers send it."""
    return text(value) or "".join(text(field(part, "text")) for part in items(value))


def missing(name: str, response: object) -> str:
    """What is wrong with an answer that lacks its list called `name`."""
    if isinstance(response, str):
        return "the answer is text, not JSON" if response else "the answer is empty"
    found = field(response, name)
    return f"{name} is {'empty' if found == [] else 'missing or null' if found is None else 'no list'}"


def own_error(document: object) -> object | None:
    """The error that a document or an event tells of, None if it is none: under `error`, or flat.

    A flat one calls itself an error, or has a message and a code of its own beside no answer.
    """
    error: object | None = field(document, "error")
    if error or any(items(field(document, name)) for name in _ANSWERS):
        return error
    code = field(document, "code")
    told = code and str(code) not in _CODES_OF_SUCCESS and text(field(document, "message"))
    return document if told or "error" in (field(document, "object"), field(document, "type")) else error


_ANSWERS = ("choices", "output")
_CODES_OF_SUCCESS = ("0", "200")


def backend_name(backend: Backend) -> str:
    """Provider, model and address in one text: what a message notes of who made it."""
    return f"{backend.provider} {backend.model} {backend.base_url}"


def own_reasoning(message: Message, backend: Backend | None) -> bool:
    """Whether a message's reasoning may go back: only to the backend that it came from (C11)."""
    return backend is not None and message.made_by == backend_name(backend)


def whole_answer(stream: object) -> object | None:
    """What came instead of an event stream: a JSON document or a text; None when it is a stream.

    Gateways answer a streamed request with one JSON error or an HTML page and status 200; the SDK would read it as a
    stream of nothing.
    """
    response = field(stream, "response")
    headers = field(response, "headers") or {}
    content_type = text(headers.get("content-type"))
    if not content_type or "event-stream" in content_type:
        return None
    body: str = response.read().decode("utf-8", "replace")
    try:
        document: object = json.loads(body)
    except ValueError:
        return body
    return {} if document is None else document
