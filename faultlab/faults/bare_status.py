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
    """401: the key is wrong."""


@dataclass(frozen=True, slots=True)
class TokenExpired(StatusFault):
    """401: a token has expired."""


@dataclass(frozen=True, slots=True)
class PaymentRequired(StatusFault):
    """402: no credits left."""


@dataclass(frozen=True, slots=True)
class Forbidden(StatusFault):
    """403: what was asked for is not allowed."""


@dataclass(frozen=True, slots=True)
class ModelNotFound(StatusFault):
    """404: there is no such model."""


@dataclass(frozen=True, slots=True)
class RequestTimeout(StatusFault):
    """408: the server gave up reading the request."""


@dataclass(frozen=True, slots=True)
class PayloadTooLarge(StatusFault):
    """413: a limit of bytes."""


@dataclass(frozen=True, slots=True)
class Unprocessable(StatusFault):
    """422."""


@dataclass(frozen=True, slots=True)
class InsufficientQuota(StatusFault):
    """429 that is about money."""


@dataclass(frozen=True, slots=True)
class UsageLimit(StatusFault):
    """429: the quota of a plan's window, of a week or a billing cycle is spent."""


@dataclass(frozen=True, slots=True)
class CreditCap(StatusFault):
    """403: a cap of the key or the team is reached, or the money is short for so much output."""


@dataclass(frozen=True, slots=True)
class NotEntitled(StatusFault):
    """429: the plan does not include this, or its limit is zero."""


@dataclass(frozen=True, slots=True)
class Capacity(StatusFault):
    """429 that speaks of the server's capacity, and not of the account."""


@dataclass(frozen=True, slots=True)
class ContentFilter(StatusFault):
    """400: the provider's policy refuses the prompt."""


@dataclass(frozen=True, slots=True)
class ToolUseFailed(StatusFault):
    """400: what the model wrote was no usable tool call."""


@dataclass(frozen=True, slots=True)
class BadRequest(StatusFault):
    """400."""


@dataclass(frozen=True, slots=True)
class ServerError(StatusFault):
    """500."""


@dataclass(frozen=True, slots=True)
class BadGateway(StatusFault):
    """502: the edge reached nobody behind it."""


@dataclass(frozen=True, slots=True)
class Overloaded(StatusFault):
    """529: overloaded, as Anthropic says it."""


@dataclass(frozen=True, slots=True)
class GatewayTimeout(StatusFault):
    """504: a proxy waited in vain."""


@dataclass(frozen=True, slots=True)
class Conflict(Catalogued):
    """409. No source shows one of a model's provider."""

    def entry(self, _call: str, _provider: Provider) -> Entry | None:
        """None is known."""
        return None

    def answer(self, _request: Request, _moment: Moment) -> Events | None:
        """A bare error."""
        message = "The request conflicts with another one; please retry."
        return response(HTTPStatus.CONFLICT, _error(message, "invalid_request_error"))


def _error(message: str, kind: str) -> object:
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}
