"""How a dialect turns a reply into bytes: documents are built once per reply, with holes for what differs by request.

Knows no fault, no provider and no clock.
"""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

from faultlab.documents import mapping_in, mappings_in
from faultlab.script import ApiError, Reply, Shape
from faultlab.wire import Data, Event, Head, json_in

__all__ = [
    "CREATED",
    "MODEL",
    "PROMPT_TOKENS",
    "TOKEN",
    "TOTAL_TOKENS",
    "Dialect",
    "Document",
    "Question",
    "as_json",
    "completion_tokens",
    "pieces",
    "text_length",
]

Document = dict[str, Any]

TOKEN, CREATED, MODEL, PROMPT_TOKENS, TOTAL_TOKENS = (
    f"\0{hole}\0" for hole in ("token", "created", "model", "prompt_tokens", "total_tokens")
)
"""Holes of a document, as the strings that a builder writes. `TOKEN` and `MODEL` may stand inside a longer string."""

_NUMBERS = (CREATED, PROMPT_TOKENS, TOTAL_TOKENS)
_STRINGS = (TOKEN, MODEL)
_PIECES = 12
"""Most pieces that a text is streamed in: enough to be cut in the middle, few enough to be quick."""
_PIECE_CHARACTERS = 8
_STREAM_HEAD = Head(200, (("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache")))


class Question(NamedTuple):
    """What a request says of the answer that it wants, and how large it is by the contract's estimate.

    One whose body is no JSON object says nothing: it `is_malformed`.
    """

    model: str = ""
    estimate: int = 0
    max_tokens: int | None = None
    streamed: bool = False
    with_usage: bool = False
    is_malformed: bool = False


def as_json(value: object) -> bytes:
    """A value as the providers write it: compact, in UTF-8; what UTF-8 cannot hold is escaped."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "backslashreplace")


def pieces(text: str) -> list[str]:
    """A text as it is streamed: at most a dozen pieces."""
    step = max(_PIECE_CHARACTERS, math.ceil(len(text) / _PIECES))
    return [text[start : start + step] for start in range(0, len(text), step)]


def completion_tokens(reply: Reply) -> int:
    """What the answer counts: as the reply says, else by the contract's estimate."""
    return reply.usage[1] if reply.usage else math.ceil(reply.characters / 4)


def text_length(content: object) -> int:
    """Characters of a message's content: a string, or a list of parts with a `text`."""
    if isinstance(content, str):
        return len(content)
    return sum(text_length(part.get("text")) for part in mappings_in(content))


class Dialect(ABC):
    """One of the two ways to ask for an answer; stateless."""

    name: ClassVar[str]
    path: ClassVar[str]
    """What follows a base URL."""
    output_limit: ClassVar[tuple[str, ...]]
    """The parameters that bound the output."""

    @abstractmethod
    def whole(self, reply: Reply) -> Document:
        """The document of a whole answer."""

    @abstractmethod
    def stream(self, reply: Reply, with_usage: bool) -> Iterator[Document | str]:
        """The documents of a streamed answer, in order; a string is sent as it is."""

    @abstractmethod
    def frame(self, document: Document | str) -> bytes:
        """One document as a server-sent event."""

    @abstractmethod
    def error_event(self, error: ApiError, number: int) -> bytes:
        """An error in the middle of a stream, as its event of this number (from 0)."""

    @abstractmethod
    def is_terminal(self, data: bytes) -> bool:
        """Whether this event of a stream says that the answer is complete."""

    @abstractmethod
    def lengths(self, body: Mapping[str, Any]) -> Iterable[int]:
        """Characters of each text in a request: messages, arguments of tool calls, their results."""

    def question(self, body: bytes) -> Question:
        """What a request asks for. The same body comes with every retry: it is read once."""
        return _question(self, body)

    def render(self, reply: Reply, question: Question, token: str, created: int) -> tuple[Event, ...]:
        """The events of an answer, whole or streamed as was asked; its ids are made from `token`."""
        prompt = reply.usage[0] if reply.usage else question.estimate
        # Who has no answer at all sends one document, whatever was asked for; an error amid a stream is another thing.
        streamed = question.streamed and reply.shape is not Shape.ERROR_ONLY
        templates, completion = _templates(self, reply, streamed, question.with_usage)
        values = {
            b"token": token.encode(),
            b"created": created,
            b"model": _quoted(question.model),
            b"prompt_tokens": prompt,
            b"total_tokens": prompt + completion,
        }
        if streamed:
            return (_STREAM_HEAD, *[Data(template % values) for template in templates])
        body = templates[0] % values
        return _whole_head(len(body)), Data(body)


@lru_cache(maxsize=16)
def _question(dialect: Dialect, body: bytes) -> Question:
    read = json_in(body)
    if not isinstance(read, dict):
        return Question(is_malformed=True)
    options = mapping_in(read.get("stream_options"))
    return Question(
        model=read["model"] if isinstance(read.get("model"), str) else "",
        estimate=math.ceil(sum(dialect.lengths(read)) / 4),
        max_tokens=next((read[name] for name in dialect.output_limit if isinstance(read.get(name), int)), None),
        streamed=read.get("stream") is True,
        with_usage=options.get("include_usage") is True,
    )


@lru_cache(maxsize=256)
def _quoted(model: str) -> bytes:
    return as_json(model)[1:-1]


@lru_cache(maxsize=1024)
def _whole_head(length: int) -> Head:
    return Head(200, (("content-type", "application/json"), ("content-length", str(length))))


@lru_cache(maxsize=512)
def _templates(dialect: Dialect, reply: Reply, streamed: bool, with_usage: bool) -> tuple[tuple[bytes, ...], int]:
    """An answer's templates, of its events or of its one document, and the tokens that it counts."""
    if streamed:
        rendered = [dialect.frame(document) for document in dialect.stream(reply, with_usage)]
    else:
        rendered = [as_json(dialect.whole(reply))]
    return tuple(map(_with_holes, rendered)), completion_tokens(reply)


def _with_holes(rendered: bytes) -> bytes:
    """JSON with marked strings → a template for `%`."""
    template = rendered.replace(b"%", b"%%")
    for number in _NUMBERS:
        template = template.replace(as_json(number), b"%%(%b)d" % number.strip("\0").encode())
    for string in _STRINGS:
        template = template.replace(as_json(string)[1:-1], b"%%(%b)b" % string.strip("\0").encode())
    return template
