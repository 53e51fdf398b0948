"""All that can go wrong: the one table of faults, and a constructor for each under its name in a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from faultlab.faults import bare_status, catalogued, content, network, stream
from faultlab.faults import status as statuses
from faultlab.faults.base import Events, Fault, Moment, inject

__all__ = [
    "FAULTS",
    "LEAVES_WHOLE",
    "Events",
    "Fault",
    "Moment",
    "bad_gateway",
    "bad_request",
    "bad_tool_arguments",
    "capacity",
    "certificate_invalid",
    "conflict",
    "connect_timeout",
    "content_filter",
    "context_overflow",
    "credit_cap",
    "cut",
    "daily_limit",
    "disconnected",
    "dns_failure",
    "drip",
    "empty_body",
    "empty_choices",
    "empty_content",
    "error_event",
    "error_in_200",
    "forbidden",
    "gateway_timeout",
    "half_closed",
    "html_page",
    "inject",
    "insufficient_quota",
    "length",
    "missing_end",
    "model_not_found",
    "no_choices",
    "not_entitled",
    "not_json",
    "null_content",
    "null_message",
    "output_too_large",
    "overloaded",
    "payload_too_large",
    "payment_required",
    "rate_limit",
    "read_timeout",
    "refused",
    "request_exceeds_rate_limit",
    "request_timeout",
    "reset",
    "responses_failed",
    "responses_incomplete",
    "server_error",
    "slow",
    "stall",
    "status",
    "tls_failure",
    "token_expired",
    "tool_use_failed",
    "truncated",
    "unauthorized",
    "unavailable",
    "unknown_tool",
    "unprocessable",
    "usage_limit",
    "window_exceeded_finish",
    "wire",
    "wrong_shape",
]

unauthorized = bare_status.Unauthorized
token_expired = bare_status.TokenExpired
payment_required = bare_status.PaymentRequired
forbidden = bare_status.Forbidden
model_not_found = bare_status.ModelNotFound
request_timeout = bare_status.RequestTimeout
conflict = bare_status.Conflict
payload_too_large = bare_status.PayloadTooLarge
unprocessable = bare_status.Unprocessable
rate_limit = statuses.RateLimit
request_exceeds_rate_limit = statuses.RequestExceedsRateLimit
insufficient_quota = bare_status.InsufficientQuota
daily_limit = statuses.DailyLimit
usage_limit = bare_status.UsageLimit
credit_cap = bare_status.CreditCap
not_entitled = bare_status.NotEntitled
capacity = bare_status.Capacity
bad_request = bare_status.BadRequest
content_filter = bare_status.ContentFilter
tool_use_failed = bare_status.ToolUseFailed
context_overflow = statuses.ContextOverflow
output_too_large = statuses.OutputTooLarge
server_error = bare_status.ServerError
bad_gateway = bare_status.BadGateway
unavailable = statuses.Unavailable
overloaded = bare_status.Overloaded
gateway_timeout = bare_status.GatewayTimeout
status = statuses.Status
wire = catalogued.Wire

dns_failure = network.DnsFailure
refused = network.Refused
reset = network.Reset
disconnected = network.Disconnected
half_closed = network.HalfClosed
tls_failure = network.TlsFailure
certificate_invalid = network.CertificateInvalid
connect_timeout = network.ConnectTimeout
read_timeout = network.ReadTimeout

truncated = stream.Truncated
cut = stream.Cut
missing_end = stream.MissingEnd
stall = stream.Stall
slow = stream.Slow
drip = stream.Drip
error_event = stream.ErrorEvent

not_json = content.NotJson
html_page = content.HtmlPage
empty_body = content.EmptyBody
no_choices = content.NoChoices
empty_choices = content.EmptyChoices
null_message = content.NullMessage
null_content = content.NullContent
empty_content = content.EmptyContent
wrong_shape = content.WrongShape
bad_tool_arguments = content.BadToolArguments
unknown_tool = content.UnknownTool
error_in_200 = content.ErrorIn200
length = content.Length
window_exceeded_finish = content.WindowExceededFinish
responses_failed = content.ResponsesFailed
responses_incomplete = content.ResponsesIncomplete

FAULTS: Mapping[str, type[Fault]] = {
    "unauthorized": unauthorized,
    "token_expired": token_expired,
    "payment_required": payment_required,
    "forbidden": forbidden,
    "model_not_found": model_not_found,
    "request_timeout": request_timeout,
    "conflict": conflict,
    "payload_too_large": payload_too_large,
    "unprocessable": unprocessable,
    "rate_limit": rate_limit,
    "request_exceeds_rate_limit": request_exceeds_rate_limit,
    "insufficient_quota": insufficient_quota,
    "daily_limit": daily_limit,
    "usage_limit": usage_limit,
    "credit_cap": credit_cap,
    "not_entitled": not_entitled,
    "capacity": capacity,
    "bad_request": bad_request,
    "content_filter": content_filter,
    "tool_use_failed": tool_use_failed,
    "context_overflow": context_overflow,
    "output_too_large": output_too_large,
    "server_error": server_error,
    "bad_gateway": bad_gateway,
    "unavailable": unavailable,
    "overloaded": overloaded,
    "gateway_timeout": gateway_timeout,
    "status": status,
    "wire": wire,
    "dns_failure": dns_failure,
    "refused": refused,
    "reset": reset,
    "disconnected": disconnected,
    "half_closed": half_closed,
    "tls_failure": tls_failure,
    "certificate_invalid": certificate_invalid,
    "connect_timeout": connect_timeout,
    "read_timeout": read_timeout,
    "truncated": truncated,
    "cut": cut,
    "missing_end": missing_end,
    "stall": stall,
    "slow": slow,
    "drip": drip,
    "error_event": error_event,
    "not_json": not_json,
    "html_page": html_page,
    "empty_body": empty_body,
    "no_choices": no_choices,
    "empty_choices": empty_choices,
    "null_message": null_message,
    "null_content": null_content,
    "empty_content": empty_content,
    "wrong_shape": wrong_shape,
    "bad_tool_arguments": bad_tool_arguments,
    "unknown_tool": unknown_tool,
    "error_in_200": error_in_200,
    "length": length,
    "window_exceeded_finish": window_exceeded_finish,
    "responses_failed": responses_failed,
    "responses_incomplete": responses_incomplete,
}
"""Name in a scenario → fault."""

LEAVES_WHOLE: Final = frozenset({"slow", "drip"})
"""Faults that an answer survives: what was said with no other one is used up."""
