"""What single requests looked like: who got them, and what stood in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from faultlab.expectations.base import Difference, Judge, RequestLike, Scope, plural
from faultlab.trace import Exchange
from faultlab.wire import Request

__all__ = ["JUDGES"]


def _requests(value: tuple[RequestLike, ...], scope: Scope) -> Difference | None:
    return next((found for each in value if (found := _request(each, scope))), None)


def _request(value: RequestLike, scope: Scope) -> Difference | None:
    attempts = scope.attempts
    if value.n > len(attempts):
        step = attempts[-1].exchange.n if attempts else None
        return Difference(f"a request number {value.n}", plural(len(attempts), "request"), step)
    exchange = attempts[value.n - 1].exchange
    expected, found = next(chain(_named(value, exchange), _paths(value, exchange.request)), (None, ""))
    return None if expected is None else Difference(f"request {value.n}: {expected}", found, exchange.n)


def _named(value: RequestLike, exchange: Exchange) -> list[tuple[str, str]]:
    """The same for what has a name of its own."""
    body = exchange.request.json
    model = body.get("model") if isinstance(body, dict) else None
    pairs = (
        ("to", value.to, exchange.upstream),
        ("model", value.model, model),
        ("url", value.url, exchange.request.url),
        ("api_mode", value.api_mode, _api_mode(exchange.request)),
    )
    return [(f"{name} {want}", f"{name} {got}") for name, want, got in pairs if want not in (None, got)]


def _api_mode(request: Request) -> str:
    path = request.url.partition("?")[0]
    return "codex_responses" if path.endswith("/responses") else "chat_completions"


def _paths(value: RequestLike, request: Request) -> Iterator[tuple[str, str]]:
    """What was expected and what was found, where these differ."""
    whole = {"headers": request.headers, "body": request.json}
    for path, want in value.has:
        got = _at(whole, path)
        if got != want or isinstance(got, bool) != isinstance(want, bool):
            yield f"{path} = {_shown(want)}", f"{path} = {_shown(got)}"
    for path in value.lacks:
        got = _at(whole, path)
        if got is not _ABSENT:
            yield f"no {path}", f"{path} = {_shown(got)}"


_ABSENT: Final = object()


def _at(value: Any, path: str) -> Any:
    """What stands at a dotted path; list indices count from 0."""
    for step in path.split("."):
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return _ABSENT
    return value


def _shown(value: Any) -> str:
    return "nothing" if value is _ABSENT else json.dumps(value, ensure_ascii=False, default=str)[:_SHOWN]


_SHOWN: Final = 200
"""Characters of a value that a report shows."""

JUDGES: Final[dict[str, Judge]] = {"requests": _requests}
