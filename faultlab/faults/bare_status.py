"""Errors with a status whose whole meaning is their name: what each looks like is the provider's."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from faultlab.faults.base import Events, Moment
from faultlab.faults.catalogued import Catalogued, StatusFault
from faultlab.providers import Entry, Provider, response
from faultlab.wire import Request

__all__ = [
    "BadGateway",
    "BadRequest",
    "Capacity",
    "Conflict",
    "ContentFilter",
    "CreditCap",
    "Forbidden",
    "GatewayTimeout",
    "InsufficientQuota",
    "ModelNotFound",
    "NotEntitled",
    "Overloaded",
    "PayloadTooLarge",
    "PaymentRequired",
    "RequestTimeout",
    "ServerError",
    "TokenExpired",
    "ToolUseFailed",
    "Unauthorized",
    "Unprocessable",
    "UsageLimit",
]


@dataclass(frozen=True, slots=True)
class Unauthorized(StatusFault):
    """401: the key is wrong.

    Usual shape (`openai.401.invalid_api_key`): 401, type `invalid_request_error`, code `invalid_api_key`.
    """


@dataclass(frozen=True, slots=True)
class TokenExpired(StatusFault):
    """401: a token has expired.

    Usual shape (`codex.401.token_expired`): 401, neither type nor code.
    """


@dataclass(frozen=True, slots=True)
class PaymentRequired(StatusFault):
    """402: no credits left.

    Usual shape (`provider_generic.402.gateway_insufficient_credits`): 402, type `insufficient_quota`, code
    `insufficient_credits`.
    """


@dataclass(frozen=True, slots=True)
class Forbidden(StatusFault):
    """403: what was asked for is not allowed.

    Usual shape (`openai.403.country`): 403, type `request_forbidden`, code
    `unsupported_country_region_territory`.
    """


@dataclass(frozen=True, slots=True)
class ModelNotFound(StatusFault):
    """404: there is no such model.

    Usual shape (`openai.404.model_not_found`): 404, type `invalid_request_error`, code `model_not_found`.
    """


@dataclass(frozen=True, slots=True)
class RequestTimeout(StatusFault):
    """408: the server gave up reading the request.

    Usual shape (`provider_generic.408.request_timeout`): 408, an empty body.
    """


@dataclass(frozen=True, slots=True)
class PayloadTooLarge(StatusFault):
    """413: a limit of bytes.

    Usual shape (`provider_generic.413.nginx_html`): 413, an HTML page.
    """


@dataclass(frozen=True, slots=True)
class Unprocessable(StatusFault):
    """422.

    Usual shape (`deepseek.422.invalid_parameters`): 422, type `invalid_request_error`, code
    `invalid_request_error`.
    """


@dataclass(frozen=True, slots=True)
class InsufficientQuota(StatusFault):
    """429 that is about money.

    Usual shape (`openai.429.insufficient_quota`): 429, type `insufficient_quota`, code `insufficient_quota`.
    """


@dataclass(frozen=True, slots=True)
class UsageLimit(StatusFault):
    """429: the quota of a plan's window, of a week or a billing cycle is spent.

    Usual shape (`codex.429.usage_limit_reached`): 429, type `usage_limit_reached`.
    """


@dataclass(frozen=True, slots=True)
class CreditCap(StatusFault):
    """403: a cap of the key or the team is reached, or the money is short for so much output.

    Usual shape (`openrouter.403.key_limit_exceeded`): 403, code `403`.
    """


@dataclass(frozen=True, slots=True)
class NotEntitled(StatusFault):
    """429: the plan does not include this, or its limit is zero.

    Usual shape (`codex.429.usage_not_included`): 429, type `usage_not_included`.
    """


@dataclass(frozen=True, slots=True)
class Capacity(StatusFault):
    """429 that speaks of the server's capacity, and not of the account.

    Usual shape (`moonshot.429.engine_overloaded`): 429, type `engine_overloaded_error`.
    """


@dataclass(frozen=True, slots=True)
class ContentFilter(StatusFault):
    """400: the provider's policy refuses the prompt.

    Usual shape (`azure.400.content_filter.short`): 400, code `content_filter`.
    """


@dataclass(frozen=True, slots=True)
class ToolUseFailed(StatusFault):
    """400: what the model wrote was no usable tool call.

    Usual shape (`groq.400.tool_use_failed`): 400, type `invalid_request_error`, code `tool_use_failed`.
    """


@dataclass(frozen=True, slots=True)
class BadRequest(StatusFault):
    """400.

    Usual shape (`openai.400.unsupported_parameter.max_tokens`): 400, type `invalid_request_error`, code
    `unsupported_parameter`.
    """


@dataclass(frozen=True, slots=True)
class ServerError(StatusFault):
    """500.

    Usual shape (`openai.500.server_error`): 500, type `server_error`.
    """


@dataclass(frozen=True, slots=True)
class BadGateway(StatusFault):
    """502: the edge reached nobody behind it.

    Usual shape (`openai.502.cloudflare_html`): 502, an HTML page.
    """


@dataclass(frozen=True, slots=True)
class Overloaded(StatusFault):
    """529: overloaded, as Anthropic says it.

    Usual shape (`anthropic.529.overloaded`): 529, type `overloaded_error`.
    """


@dataclass(frozen=True, slots=True)
class GatewayTimeout(StatusFault):
    """504: a proxy waited in vain.

    Usual shape (`provider_generic.504.nginx_html`): 504, an HTML page.
    """


@dataclass(frozen=True, slots=True)
class Conflict(Catalogued):
    """409. No source shows one of a model's provider.

    Usual shape (no source shows one): 409, type `invalid_request_error`.
    """

    def entry(self, _call: str, _provider: Provider) -> Entry | None:
        """None is known."""
        return None

    def answer(self, _request: Request, _moment: Moment) -> Events | None:
        """A bare error."""
        message = "The request conflicts with another one; please retry."
        return response(HTTPStatus.CONFLICT, _error(message, "invalid_request_error"))


def _error(message: str, kind: str) -> object:
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}
