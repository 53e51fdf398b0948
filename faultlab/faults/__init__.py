"""All that can go wrong: the one table of faults, and a constructor for each under its name in a scenario."""

from __future__ import annotations

from collections.abc import Mapping

from faultlab.faults import content, network, stream
from faultlab.faults import status as statuses
from faultlab.faults.base import Events, Fault, Moment, inject

__all__ = [
    "FAULTS",
    "Events",
    "Fault",
    "Moment",
    "bad_gateway",
    "bad_request",
    "bad_tool_arguments",
    "certificate_invalid",
    "conflict",
    "connect_timeout",
    "context_overflow",
    "cut",
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
    "truncated",
    "unauthorized",
    "unavailable",
    "unknown_tool",
    "unprocessable",
    "window_exceeded_finish",
    "wrong_shape",
]

unauthorized = statuses.Unauthorized
token_expired = statuses.TokenExpired
payment_required = statuses.PaymentRequired
forbidden = statuses.Forbidden
model_not_found = statuses.ModelNotFound
request_timeout = statuses.RequestTimeout
conflict = statuses.Conflict
payload_too_large = statuses.PayloadTooLarge
unprocessable = statuses.Unprocessable
rate_limit = statuses.RateLimit
request_exceeds_rate_limit = statuses.RequestExceedsRateLimit
insufficient_quota = statuses.InsufficientQuota
bad_request = statuses.BadRequest
context_overflow = statuses.ContextOverflow
output_too_large = statuses.OutputTooLarge
server_error = statuses.ServerError
bad_gateway = statuses.BadGateway
unavailable = statuses.Unavailable
overloaded = statuses.Overloaded
gateway_timeout = statuses.GatewayTimeout
status = statuses.Status

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
    "bad_request": bad_request,
    "context_overflow": context_overflow,
    "output_too_large": output_too_large,
    "server_error": server_error,
    "bad_gateway": bad_gateway,
    "unavailable": unavailable,
    "overloaded": overloaded,
    "gateway_timeout": gateway_timeout,
    "status": status,
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
