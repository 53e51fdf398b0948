"""The server answers with a status instead of the model's words.

What each looks like is the provider's; here stand only the numbers that a scenario can choose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from faultlab.faults.base import (
    COUNTED,
    DATE,
    HEADERS,
    MILLISECONDS,
    SECONDS,
    STATUS,
    TOKENS,
    Events,
    Fault,
    Moment,
    option,
)
from faultlab.faults.catalogued import StatusFault
from faultlab.providers import Entry, Provider, find, response
from faultlab.providers.occasion import DEFAULT_OUTPUT
from faultlab.wire import Request

__all__ = [
    "ContextOverflow",
    "Counted",
    "DailyLimit",
    "OutputTooLarge",
    "RateLimit",
    "RequestExceedsRateLimit",
    "Status",
    "Unavailable",
]

_FIRST_ERROR = 400


@dataclass(frozen=True, slots=True)
class Counted(StatusFault):
    """A limit that was counted up to: of `requests` or of `tokens`; left out: whichever the provider usually tells."""

    of: str | None = option(COUNTED, kw_only=True)

    def entry(self, call: str, provider: Provider) -> Entry | None:
        """The provider's words for that limit; where those are not known, the ones that stand for most."""
        if self.of is None or self.variant is not None:
            return StatusFault.entry(self, call, provider)
        own = [entry for entry in provider.variants(self.name) if entry.of in (self.of, "any")]
        own.sort(key=lambda entry: (call not in entry.calls, entry.of == "any"))
        return next(iter(own), None) or find(_COUNTED[self.name, self.of])


_COUNTED = {
    ("rate_limit", "requests"): "openai.429.requests_per_min",
    ("rate_limit", "tokens"): "openai.429.tokens_per_min",
    ("daily_limit", "requests"): "openai.429.requests_per_day",
    ("daily_limit", "tokens"): "openai.429.tokens_per_day",
}
"""What stands for a provider whose words for a limit are not known."""


@dataclass(frozen=True, slots=True)
class DailyLimit(Counted):
    """429: the requests or tokens of a day are spent.

    Usual shape (`openai.429.requests_per_day`): 429, type `requests`, code `rate_limit_exceeded`.

    `of`: `requests` or `tokens`, the limit that is told.
    """


@dataclass(frozen=True, slots=True)
class RateLimit(Counted):
    """429 that passes. The date is so many seconds ahead of the clock; a wait that no field states is below 2 s.

    Usual shape (`openai.429.tokens_per_min`): 429, type `tokens`, code `rate_limit_exceeded`, headers
    `retry-after-ms` and `retry-after`.

    `retry_after_s`: seconds in the header `retry-after`. `retry_after_ms`: milliseconds in `retry-after-ms`.
    `retry_after_date_s`: the date in `retry-after`, seconds ahead of the clock. `of`: `requests` or `tokens`,
    the limit that is told.
    """

    retry_after_s: float | None = option(SECONDS)
    retry_after_ms: float | None = option(MILLISECONDS)
    retry_after_date_s: float | None = option(DATE)

    def stated(self, _moment: Moment) -> dict[str, Any]:
        """The wait, for the provider to state it in its own places too."""
        stated = (_thousandth(self.retry_after_ms), self.retry_after_s, self.retry_after_date_s)
        wait = next((seconds for seconds in stated if seconds is not None and seconds >= 0), None)
        return {} if wait is None else {"wait": wait}

    def headers(self, moment: Moment) -> tuple[tuple[str, str], ...]:
        """The waits, in the three forms that servers use."""
        date_s = self.retry_after_date_s
        stated = (
            ("retry-after-ms", _plain(self.retry_after_ms)),
            ("retry-after", _plain(self.retry_after_s)),
            ("retry-after", None if date_s is None else formatdate(moment.time + date_s, usegmt=True)),
        )
        return tuple((name, text) for name, text in stated if text is not None)


@dataclass(frozen=True, slots=True)
class RequestExceedsRateLimit(StatusFault):
    """429 that never passes: this one request is larger than a minute's tokens.

    Usual shape (`openai.429.request_too_large_tpm`): 429, type `tokens`, code `rate_limit_exceeded`.

    `limit`: tokens a minute. `requested`: tokens of this request, more than that.
    """

    limit: int | None = option(TOKENS)
    requested: int | None = option(TOKENS)

    def __post_init__(self) -> None:
        StatusFault.__post_init__(self)
        if self.limit is not None and self.requested is not None and self.requested <= self.limit:
            raise ValueError(f"requested: more than the limit of {self.limit}, not {self.requested}")

    def stated(self, moment: Moment) -> dict[str, Any]:
        """The limit, and the request above it: with its output, where the provider counts that."""
        output = moment.question.max_tokens or 0 if moment.provider.counting.with_output else 0
        limit, requested = _above(self.limit, self.requested, moment.question.estimate + output)
        return {"limit": limit, "requested": requested}


@dataclass(frozen=True, slots=True)
class ContextOverflow(StatusFault):
    """400: the prompt exceeds the window. Left out: what the request holds, and a window below it.

    Usual shape (`openai.400.context_length_exceeded`): 400, type `invalid_request_error`, code
    `context_length_exceeded`.

    `limit`: tokens of the window. `requested`: tokens of the prompt, more than that.
    """

    limit: int | None = option(TOKENS)
    requested: int | None = option(TOKENS)

    def stated(self, moment: Moment) -> dict[str, Any]:
        """The window, and the prompt above it."""
        window, prompt = _above(self.limit, self.requested, moment.question.estimate)
        return {"window": window, "batch": window, "prompt": prompt}


@dataclass(frozen=True, slots=True)
class OutputTooLarge(StatusFault):
    """400: prompt and `max_tokens` together exceed the window, the prompt alone fits.

    Usual shape (`openai.400.context_length.prompt_plus_completion`): 400, type `invalid_request_error`.

    `limit`: tokens of the window. `prompt`: tokens of the prompt, fewer than that. `max_tokens`: the output
    that was asked for, more than is left.
    """

    limit: int | None = option(TOKENS)
    prompt: int | None = option(TOKENS)
    max_tokens: int | None = option(TOKENS)

    def __post_init__(self) -> None:
        StatusFault.__post_init__(self)
        if self.limit is None or self.prompt is None:
            return
        if self.prompt >= self.limit:
            raise ValueError(f"prompt: less than the limit of {self.limit}, not {self.prompt}: else it is an overflow")
        if self.max_tokens is not None and self.prompt + self.max_tokens <= self.limit:
            raise ValueError(
                f"max_tokens: more than the {self.limit - self.prompt} that are left, not {self.max_tokens}"
            )

    def stated(self, moment: Moment) -> dict[str, Any]:
        """The window, the prompt below it, and an output that goes beyond it."""
        fits = moment.question.estimate if self.limit is None else min(moment.question.estimate, self.limit - 1)
        prompt = self.prompt or max(1, fits)
        asked = self.max_tokens or moment.question.max_tokens or DEFAULT_OUTPUT
        limit = self.limit or prompt + max(1, asked * 3 // 4)
        output = self.max_tokens or max(asked, limit - prompt + 1)
        return {"window": limit, "prompt": prompt, "output": output}


@dataclass(frozen=True, slots=True)
class Unavailable(StatusFault):
    """503: overloaded.

    Usual shape (`openai.503.model_overloaded`): 503, type `server_error`.

    `retry_after_s`: seconds in the header `retry-after`; without it there is none.
    """

    retry_after_s: float | None = option(SECONDS)

    def stated(self, _moment: Moment) -> dict[str, Any]:
        """The wait, for the provider to state it in its own places too."""
        return {} if self.retry_after_s is None else {"wait": self.retry_after_s}

    def headers(self, _moment: Moment) -> tuple[tuple[str, str], ...]:
        """The wait, if one is stated."""
        return () if self.retry_after_s is None else (("retry-after", str(_plain(self.retry_after_s))),)


@dataclass(frozen=True, slots=True)
class Status(Fault):
    """Any status; a body that is a mapping or list goes out as JSON, a string as it is.

    `code`: from 200 to 599, 500 if left out. `headers`: names and texts. `body`: left out, the status's own
    phrase as an error.
    """

    code: int | None = option(STATUS)
    headers: Mapping[str, object] | None = option(HEADERS)
    body: object = None

    def answer(self, _request: Request, _moment: Moment) -> Events | None:
        """What the fields say; an error without a body gets its status's own phrase."""
        code = self.code or HTTPStatus.INTERNAL_SERVER_ERROR
        headers = tuple((name.lower(), str(text)) for name, text in (self.headers or {}).items())
        return response(code, _phrase(code) if self.body is None else self.body, headers)


def _phrase(code: int) -> object:
    if code < _FIRST_ERROR:
        return ""
    known = code in set(HTTPStatus)
    return {"error": {"message": HTTPStatus(code).phrase if known else f"Error {code}", "code": None}}


def _plain(number: float | None) -> str | None:
    """A number as a header states it: 1, 0.5."""
    return None if number is None else f"{number:f}".rstrip("0").rstrip(".") if number % 1 else f"{number:.0f}"


def _thousandth(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _above(limit: int | None, requested: int | None, asked: int) -> tuple[int, int]:
    """A limit, and a request above it."""
    if limit is None:
        requested = requested or max(2, asked)
        return max(1, requested * 3 // 4), requested
    return limit, requested or max(asked, limit + 1)
