"""What the requests of a turn must look like where something about them is new: to whom they go, what they hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from faultlab.dialects import API_MODES
from faultlab.expectations import RequestLike
from faultlab.foretelling.account import Account, ForetoldRequest
from faultlab.foretelling.setting import Setting, Whom
from faultlab.foretelling.talk import Line

__all__ = ["requests_of"]

_OUTPUT_LIMITS = ("max_completion_tokens", "max_output_tokens", "max_tokens")


def requests_of(account: Account, setting: Setting) -> tuple[RequestLike, ...]:
    """The first request to each provider, and each that has to differ from the one before."""
    return tuple(_requests(account, setting))


def _requests(account: Account, setting: Setting) -> Iterator[RequestLike]:
    before: ForetoldRequest | None = None
    for number, request in enumerate(account.requests, 1):
        whom = setting.fallback if request.to != setting.primary.name and setting.fallback else setting.primary
        is_first = before is None or before.to != request.to
        if is_first or request.lines or (before is not None and before.max_tokens != request.max_tokens):
            yield _like(number, request, whom, setting, is_first=is_first)
        before = request


def _like(number: int, request: ForetoldRequest, whom: Whom, setting: Setting, *, is_first: bool) -> RequestLike:
    backend = whom.backend
    limit = _limit(whom, setting)
    has: list[tuple[str, Any]] = [] if request.max_tokens is None else [(f"body.{limit}", request.max_tokens)]
    lacks = [f"body.{name}" for name in _OUTPUT_LIMITS if request.max_tokens is None or name != limit]
    if is_first:
        has += [("body.stream", True)] if whom.streamed else []
        lacks += [
            "body.stream_options",
            *(f"headers.{name}" for name in setting.strange_headers),
            *([] if whom.streamed else ["body.stream"]),
        ]
    if request.lines:
        written, more = _WRITTEN[backend.dialect](request, setting)
        has, lacks = has + written, lacks + more
    mode = API_MODES[backend.dialect]
    return RequestLike(number, request.to, backend.model, None, mode, tuple(has), tuple(lacks))


def _limit(whom: Whom, setting: Setting) -> str:
    if whom.backend.dialect == "responses":
        return "max_output_tokens"
    return dict(setting.rules.output_limits).get(whom.backend.provider, "max_tokens")


def _as_chat(request: ForetoldRequest, setting: Setting) -> tuple[list[tuple[str, Any]], list[str]]:
    first = 1 if setting.system else 0
    has: list[tuple[str, Any]] = []
    lacks = []
    for at, line in enumerate(request.lines[request.told_from :], first + request.told_from):
        place = f"body.messages.{at}"
        has += [(f"{place}.role", line.role), (f"{place}.content", line.text or None if line.calls else line.text)]
        for number, (name, arguments) in enumerate(line.calls):
            function = f"{place}.tool_calls.{number}.function"
            has += [(f"{function}.name", name), (f"{function}.arguments", arguments)]
        lacks += [f"{place}.reasoning_content"] if not line.reasons else []
    return has, [*lacks, f"body.messages.{first + len(request.lines)}"]


def _as_responses(request: ForetoldRequest, _setting: Setting) -> tuple[list[tuple[str, Any]], list[str]]:
    """A message of an assistant may be several items."""
    has: list[tuple[str, Any]] = []
    at = 0
    for number, line in enumerate(request.lines):
        for key, value in _items(line):
            if number >= request.told_from:
                has.append((f"body.input.{at}.{key}", value))
            at += key != "name"
    return has, [f"body.input.{at}"]


def _items(line: Line) -> Iterator[tuple[str, Any]]:
    """What tells each item of a message; a name stands beside the arguments of the same call."""
    if line.role == "tool":
        yield "output", line.text
        return
    if line.reasons:
        yield "type", "reasoning"
    if line.text or not line.calls:
        yield "content.0.text", line.text
    for name, arguments in line.calls:
        yield "name", name
        yield "arguments", arguments


_WRITTEN = {"chat": _as_chat, "responses": _as_responses}
