"""A trace as JSON, and back: what one process records, another one can judge.

Nothing is lost on the way but credentials, which a trace has no place for. Whoever writes one crosses out those that
got into it all the same; the mark shows that there was one.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any, Final

from faultlab.trace import Exchange, ToolUse, Trace, Turn, TurnEnd
from faultlab.wire import FOR_EVER, SHORTEST_CREDENTIAL, Data, Drop, DropKind, Event, Head, Pause, Request

__all__ = ["CROSSED_OUT", "crossed_out", "exchange_from", "exchange_told", "trace_from", "trace_told"]

CROSSED_OUT: Final = "[here stood a credential]"
"""Unlike what stands where a recorder leaves a credential out, this is where none should have been."""

_MADE_OF_MORE: Final = frozenset({"faults", "request", "sent", "wasted"})
_PLAIN: Final = tuple(each.name for each in fields(Exchange) if each.name not in _MADE_OF_MORE)


def crossed_out(told: Any, secrets: Iterable[str]) -> Any:
    """The same document, but for the credentials in its texts; one as short as a word is none."""
    found = [re.escape(secret) for secret in secrets if len(secret) >= SHORTEST_CREDENTIAL]
    return _without(told, re.compile("|".join(found))) if found else told


def _without(told: Any, secrets: re.Pattern[str], *, is_headers: bool = False) -> Any:
    match told:
        case str():
            return secrets.sub(CROSSED_OUT, told)
        case {"base64": str(encoded)}:
            plain = secrets.sub(CROSSED_OUT, base64.b64decode(encoded).decode("latin-1"))
            return _bytes_told(plain.encode("latin-1"))
        case Mapping():
            # The names of headers are the client's own; all others are ours, and stay.
            return {
                secrets.sub(CROSSED_OUT, name) if is_headers else name: _without(
                    each, secrets, is_headers=name == "headers"
                )
                for name, each in told.items()
            }
        case list():
            return [_without(each, secrets) for each in told]
    return told


def trace_told(trace: Trace) -> dict[str, Any]:
    """All that happened."""
    return {
        "exchanges": [exchange_told(exchange) for exchange in trace.exchanges],
        "turns": [asdict(turn) for turn in trace.turns],
        "tool_calls": [asdict(use) for use in trace.tool_calls],
    }


def trace_from(told: Mapping[str, Any]) -> Trace:
    """The same trace again."""
    return Trace(
        [exchange_from(exchange) for exchange in told["exchanges"]],
        [Turn(**{**turn, "end": TurnEnd(**turn["end"])}) for turn in told["turns"]],
        [ToolUse(**use) for use in told["tool_calls"]],
    )


def exchange_told(exchange: Exchange) -> dict[str, Any]:
    """One exchange."""
    return {name: getattr(exchange, name) for name in _PLAIN} | {
        "faults": list(exchange.faults),
        "wasted": list(exchange.wasted),
        "request": _request_told(exchange.request),
        "sent": [_event_told(event) for event in exchange.sent],
    }


def exchange_from(told: Mapping[str, Any]) -> Exchange:
    """The same exchange again."""
    return Exchange(
        **{name: told[name] for name in _PLAIN},
        request=_request_from(told["request"]),
        faults=tuple(told["faults"]),
        wasted=tuple(told["wasted"]),
        sent=tuple(_event_from(event) for event in told["sent"]),
    )


def _request_told(request: Request) -> dict[str, Any]:
    return {
        "method": request.method,
        "url": request.url,
        "headers": dict(request.headers),
        "body": _bytes_told(request.body),
    }


def _request_from(told: Mapping[str, Any]) -> Request:
    return Request(told["method"], told["url"], told["headers"], _bytes_from(told["body"]))


def _event_told(event: Event) -> dict[str, Any]:
    match event:
        case Pause(seconds):
            return {"pause_s": None if seconds == FOR_EVER else seconds}
        case Head(status, headers):
            return {"status": status, "headers": [list(header) for header in headers]}
        case Data(data):
            return {"data": _bytes_told(data)}
        case Drop(kind):
            return {"drop": kind.value}


def _event_from(told: Mapping[str, Any]) -> Event:
    if "pause_s" in told:
        return Pause(FOR_EVER if told["pause_s"] is None else told["pause_s"])
    if "status" in told:
        return Head(told["status"], tuple((name, value) for name, value in told["headers"]))
    return Data(_bytes_from(told["data"])) if "data" in told else Drop(DropKind(told["drop"]))


def _bytes_told(data: bytes) -> str | dict[str, str]:
    """As a text where it is one: it is there to be read."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def _bytes_from(told: str | Mapping[str, str]) -> bytes:
    return told.encode("utf-8") if isinstance(told, str) else base64.b64decode(told["base64"])
