"""Errors in the shape that most providers share, OpenAI's: what is sent in the name of a provider without its own."""

from __future__ import annotations

from typing import Any

from faultlab.providers.base import ErrorShape, Provider

__all__ = ["GENERIC"]

_DOCS = "https://platform.openai.com/docs/guides/error-codes/api-errors"
_RATE_LIMITS = "Visit https://platform.openai.com/account/rate-limits to learn more."
_HELP = "through our help center at help.openai.com if the error persists"


def _error(
    message: str, kind: str = "invalid_request_error", code: str | None = None, param: str | None = None
) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _page(title: str, server: str) -> str:
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        f"<hr><center>{server}</center>\r\n</body>\r\n</html>\r\n"
    )


GENERIC = Provider(
    "generic",
    {
        "unauthorized": ErrorShape(
            401,
            _error(
                "Incorrect API key provided: sk-proj-********abcd. You can find your API key at "
                "https://platform.openai.com/account/api-keys.",
                code="invalid_api_key",
            ),
            source="openai.401.invalid_api_key",
        ),
        "token_expired": ErrorShape(
            401,
            {"detail": "Unauthorized"},
            (
                ("x-openai-authorization-error", "missing_authorization_header"),
                ("x-error-json", "eyJlcnJvciI6eyJjb2RlIjoidG9rZW5fZXhwaXJlZCJ9fQ=="),
            ),
            source="codex.401.token_expired",
        ),
        "payment_required": ErrorShape(
            402,
            _error("Insufficient credits: top up your balance", "insufficient_quota", "insufficient_credits"),
            source="provider_generic.402.gateway_insufficient_credits",
        ),
        "forbidden": ErrorShape(
            403,
            _error(
                "Country, region, or territory not supported",
                "request_forbidden",
                "unsupported_country_region_territory",
            ),
            source="openai.403.country",
        ),
        "model_not_found": ErrorShape(
            404,
            _error("The model `{model}` does not exist or you do not have access to it.", code="model_not_found"),
            source="openai.404.model_not_found",
        ),
        "request_timeout": ErrorShape(408, "", source="provider_generic.408.request_timeout"),
        "conflict": ErrorShape(409, _error("The request conflicts with another one; please retry.")),
        "payload_too_large": ErrorShape(
            413,
            _page("413 Request Entity Too Large", "nginx/1.26.1"),
            (("server", "nginx/1.26.1"),),
            source="provider_generic.413.nginx_html",
        ),
        "unprocessable": ErrorShape(
            422,
            _error("Invalid Parameters", code="invalid_request_error"),
            source="deepseek.422.invalid_parameters",
        ),
        # No delay stands in the text: a stated wait is what the fields of the fault are for.
        "rate_limit": ErrorShape(
            429,
            _error(
                "Rate limit reached for {model} in organization org-faultlab on requests per min (RPM): "
                f"Limit 500, Used 500, Requested 1. {_RATE_LIMITS}",
                "requests",
                "rate_limit_exceeded",
            ),
            source="openai.429.tokens_per_min.no_ratelimit_headers",
        ),
        "request_exceeds_rate_limit": ErrorShape(
            429,
            _error(
                "Request too large for {model} in organization org-faultlab on tokens per min (TPM): "
                "Limit {limit}, Requested {requested}. The input or output tokens must be reduced in order to run "
                f"successfully. {_RATE_LIMITS}",
                "tokens",
                "rate_limit_exceeded",
            ),
            source="openai.429.request_too_large_tpm",
        ),
        "insufficient_quota": ErrorShape(
            429,
            _error(
                "You exceeded your current quota, please check your plan and billing details. For more information on "
                f"this error, read the docs: {_DOCS}.",
                "insufficient_quota",
                "insufficient_quota",
            ),
            source="openai.429.insufficient_quota",
        ),
        "bad_request": ErrorShape(
            400,
            _error("The image data you provided does not represent a valid image", code="invalid_value", param="input"),
            source="codex.400.invalid_image",
        ),
        "context_overflow": ErrorShape(
            400,
            _error(
                "This model's maximum context length is {limit} tokens. However, your messages resulted in {requested} "
                "tokens. Please reduce the length of the messages.",
                code="context_length_exceeded",
                param="messages",
            ),
            source="openai.400.context_length_exceeded",
        ),
        "output_too_large": ErrorShape(
            400,
            _error(
                "This model's maximum context length is {limit} tokens, however you requested {requested} tokens "
                "({prompt} in your prompt; {max_tokens} for the completion). Please reduce your prompt; or completion "
                "length."
            ),
            source="openai.400.context_length.prompt_plus_completion",
        ),
        "server_error": ErrorShape(
            500,
            _error(
                "The server experienced an error while processing your request. Sorry about that! You can retry your "
                f"request, or contact us {_HELP}.",
                "server_error",
            ),
            source="openai.500.server_error",
        ),
        "bad_gateway": ErrorShape(
            502,
            _page("502 Bad Gateway", "cloudflare"),
            (("server", "cloudflare"),),
            source="openai.502.cloudflare_html",
        ),
        "unavailable": ErrorShape(
            503,
            _error(
                "That model is currently overloaded with other requests. You can retry your request, or contact us "
                f"{_HELP}.",
                "server_error",
            ),
            source="openai.503.model_overloaded",
        ),
        "overloaded": ErrorShape(
            529,
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            (("x-should-retry", "true"),),
            source="anthropic.529.overloaded",
        ),
        "gateway_timeout": ErrorShape(
            504, _page("504 Gateway Time-out", "nginx/1.26.1"), source="provider_generic.504.nginx_html"
        ),
    },
)
