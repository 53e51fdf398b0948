"""What a fault without an entry in the catalogue is: it is in its name, or depends on its fields and the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from faultlab.faults import Fault
from faultlab.faults.catalogued import Worded
from faultlab.policies.asked import Asked
from faultlab.providers import Entry
from faultlab.providers import provider as provider_of
from faultlab.providers.kinds import judged

__all__ = ["BY_FIELDS", "BY_NAME", "CODES", "NOTHING_SAID", "OWN_WORDS", "UNSAID", "UNTELLING"]

UNSAID: Final = "cannot be said"
"""Stands for a kind where the words, several faults at once, or something else decides that nobody knows here."""

OWN_WORDS: Final = {"conflict": "bad_request"}
"""Faults for which no source shows an entry."""

BY_NAME: Final[Mapping[str, str | None]] = {
    "dns_failure": "unreachable",
    "refused": "unreachable",
    "reset": "unreachable",
    "disconnected": "unreachable",
    "half_closed": "unreachable",
    "tls_failure": "unreachable",
    "certificate_invalid": "bad_request",
    "connect_timeout": "timed_out",
    "read_timeout": "timed_out",
    "slow": "timed_out",
    "drip": "timed_out",
    "truncated": "unreachable",
    "not_json": "invalid_response",
    "html_page": "invalid_response",
    "empty_body": "invalid_response",
    "unknown_tool": None,
    "length": None,
    "window_exceeded_finish": "context_overflow",
}
"""Faults whose kind is in their name; `slow` and `drip` where they are slower than anybody waits."""

NOTHING_SAID: Final = frozenset({"empty_content", "null_content"})
"""An answer of nothing: invalid, or a window that is full."""


def _misshapen(_fault: Fault, asked: Asked) -> str:
    """Neither text nor tool call: whether that is a full window or the wrong document, section 3 leaves open."""
    return UNSAID if asked.nearly_full else "invalid_response"


def _bad_arguments(fault: Any, asked: Asked) -> str | None:
    if not asked.has_calls:
        return None
    return "invalid_response" if fault.call in (None, 1) else UNSAID


def _cut(fault: Any, _asked: Asked) -> str:
    """Half-way, or wherever it is said: a stream may be complete there."""
    return "unreachable" if fault.after_events is None else UNSAID


def _stalled(fault: Any, asked: Asked) -> str | None:
    if fault.for_s is not None and fault.for_s <= asked.read_timeout_s:
        return None
    return "timed_out" if fault.after_events is None else UNSAID


def _missing_end(_fault: Fault, asked: Asked) -> str | None:
    return "unreachable" if asked.streamed else None


def _incomplete(fault: Any, _asked: Asked) -> str | None:
    return None if fault.reason in _KNOWN_REASONS else UNSAID


_KNOWN_REASONS: Final = (None, "max_output_tokens")

CODES: Final[Mapping[str | int, str]] = {
    "server_error": "server_error",
    "rate_limit_exceeded": "rate_limited",
    "context_length_exceeded": "context_overflow",
    "insufficient_quota": "billing",
    "invalid_api_key": "unauthorized",
    "overloaded_error": "overloaded",
    "invalid_request_error": "bad_request",
    "content_filter": "bad_request",
}
"""Codes that providers document, where a scenario writes one of its own."""


def _coded(code: str | int | None, otherwise: str) -> str:
    """What an error within a 200 is by its code: a number from 400 to 599 is a status."""
    if code is None:
        return otherwise
    if str(code).isdecimal() and _FIRST_ERROR <= int(code) <= _LAST_ERROR:
        return _of_status(int(code))
    return CODES.get(code, UNSAID)


def _failed(fault: Any, _asked: Asked) -> str:
    return _coded(fault.code, "server_error")


def _worded(otherwise: str) -> Callable[[Any, Asked], str | None]:
    def kind(fault: Worded, asked: Asked) -> str | None:
        if fault.name == "error_event" and not asked.streamed:
            return None
        if fault.message is not None:
            return UNSAID
        entry = fault.entry(asked.dialect, provider_of(asked.provider))
        return _coded(fault.code, otherwise) if entry is None else _only(entry)

    return kind


def _only(entry: Entry) -> str | None:
    kinds = {row.kind for row in judged(entry.id)}
    return kinds.pop() if len(kinds) == 1 else UNSAID


UNTELLING: Final = {"error": {"message": "\x1b]0;mine\x07No\x1b[2J entry\r\nhere\x08\x9b1A"}}
"""The body of an error whose words mean no more than its status: a terminal would obey them."""

_FIRST_ERROR, _LAST_ERROR = 400, 599
_OF_STATUS: Final[Mapping[int, str]] = {
    401: "unauthorized",
    402: "billing",
    403: "forbidden",
    404: "not_found",
    408: "timed_out",
    413: "payload_too_large",
    429: "rate_limited",
    498: "overloaded",
    499: "timed_out",
    501: "bad_request",
    503: "overloaded",
    529: "overloaded",
}


def _of_status(code: int) -> str:
    """Section 1 of the contract, for a status alone."""
    by_hundreds = {2: "invalid_response", 5: "server_error"}
    return _OF_STATUS.get(code) or by_hundreds.get(code // 100, "bad_request")


def _status(fault: Any, _asked: Asked) -> str:
    """Words of a scenario's own may say anything; these say nothing, and are only hard to show."""
    is_told = fault.body is not None and fault.body != UNTELLING
    return UNSAID if is_told else _of_status(fault.code or HTTPStatus.INTERNAL_SERVER_ERROR)


BY_FIELDS: Final[Mapping[str, Callable[[Any, Asked], str | None]]] = {
    "status": _status,
    "cut": _cut,
    "stall": _stalled,
    "missing_end": _missing_end,
    "bad_tool_arguments": _bad_arguments,
    "responses_failed": _failed,
    "responses_incomplete": _incomplete,
    "no_choices": _misshapen,
    "empty_choices": _misshapen,
    "null_message": _misshapen,
    "wrong_shape": _misshapen,
    "error_in_200": _worded("invalid_response"),
    "error_event": _worded("server_error"),
}
"""Faults whose kind depends on what they are given, or on what was asked."""
