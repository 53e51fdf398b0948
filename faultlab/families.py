"""Faults by what they are to a user: a handful of words for tables and filters.

Every fault and every entry of the catalogue is in exactly one family.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from faultlab.errors import UnknownName
from faultlab.providers import find
from faultlab.providers.kinds import judged

__all__ = ["FAMILIES", "OTHER", "family_of", "family_of_kind"]

_MEMBERS: Final[Mapping[str, str]] = {
    "rate limits": "rate_limit",
    "overload": "capacity unavailable overloaded",
    "server errors": "server_error bad_gateway gateway_timeout responses_failed",
    "key and bill": "unauthorized token_expired payment_required insufficient_quota daily_limit usage_limit credit_cap "
    "not_entitled",
    "refused requests": "forbidden model_not_found conflict unprocessable bad_request content_filter",
    "size": "payload_too_large request_exceeds_rate_limit context_overflow output_too_large window_exceeded_finish "
    "length responses_incomplete",
    "connection": "dns_failure refused reset disconnected half_closed tls_failure certificate_invalid",
    "time-outs": "request_timeout connect_timeout read_timeout stall",
    "broken streams": "truncated cut missing_end error_event",
    "unusable answers": "tool_use_failed not_json html_page empty_body no_choices empty_choices null_message "
    "null_content empty_content wrong_shape bad_tool_arguments unknown_tool error_in_200",
    "slow or odd": "slow drip",
}
OTHER: Final = "other"
"""What is in none of them: a status of somebody's own that no failure kind is known for."""

FAMILIES: Final = (*_MEMBERS, OTHER)
"""All of them, in the order in which tables have them."""

_OF_FAULT: Final = {name: family for family, names in _MEMBERS.items() for name in names.split()}
_OF_KIND: Final[Mapping[str | None, str]] = {
    "rate_limited": "rate limits",
    "overloaded": "overload",
    "server_error": "server errors",
    "unauthorized": "key and bill",
    "billing": "key and bill",
    "forbidden": "refused requests",
    "not_found": "refused requests",
    "bad_request": "refused requests",
    "context_overflow": "size",
    "payload_too_large": "size",
    "output_too_large": "size",
    "unreachable": "connection",
    "timed_out": "time-outs",
    "invalid_response": "unusable answers",
    None: "slow or odd",
}
"""What an entry that is no variant of a fault is, by the failure that it was judged to be; None: a usable answer."""


def family_of(fault: str, entry_id: str | None = None) -> str:
    """The family of a fault by its name; of `wire` that of its entry. One that no family has is `other`."""
    if fault != "wire":
        return _OF_FAULT.get(fault, OTHER)
    entry = find(entry_id or "")
    if entry is None:
        raise UnknownName("entry", entry_id or "", [])
    # An entry stands first for what it is; that a smaller prompt would help as well comes after it.
    named = next(iter(entry.faults), None)
    if named is not None:
        return family_of(named)
    kinds = judged(entry.id)
    is_stream = entry.streamed and entry.then
    return "broken streams" if is_stream else family_of_kind(kinds[0].kind if kinds else "")


def family_of_kind(kind: str | None) -> str:
    """The family that a failure of this kind usually belongs to; None: no failure."""
    return _OF_KIND.get(kind, OTHER)
