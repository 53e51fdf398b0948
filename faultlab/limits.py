"""A provider that behaves like a real one: window, body size, requests and tokens per minute and day, on the clock.

Refusals are the provider's own; what is left is told with every answer, in its own headers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, NamedTuple

from faultlab import faults
from faultlab.dialects import Question
from faultlab.faults import Events, Fault
from faultlab.providers import Figures, Occasion, Provider
from faultlab.providers.template import of_text
from faultlab.wire import Head

__all__ = ["UNTOLD", "Limits", "Meter", "Refusal"]

_MINUTE_S: Final = 60.0
_DAY_S: Final = 86_400.0

UNTOLD: Final[dict[str, Any]] = {
    f"{unit}_{name}": None for unit in ("requests", "tokens") for name in ("limit", "remaining", "reset")
}
"""What no error tells while the limit is not set."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a provider allows; None: anything. Tokens are counted by the contract's estimate."""

    context_tokens: int | None = None
    body_bytes: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    requests_per_day: int | None = None
    tokens_per_day: int | None = None

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                raise ValueError(f"{one.name}: a whole number from 1, not {value!r:.60}")


class Refusal(NamedTuple):
    """How a request is refused, and what the provider had counted by then."""

    fault: Fault
    counted: Mapping[str, Any]


@dataclass(slots=True)
class _Bucket:
    """What is left of one limit. A minute begins with the first request that it lets through, a day at midnight UTC."""

    unit: str
    limit: int
    by_day: bool
    used: int = 0
    ends: float = field(default=-math.inf)

    def left(self, now: float) -> int:
        """How much may still be asked for."""
        return self.limit if now >= self.ends else self.limit - self.used

    def reset_s(self, now: float) -> float:
        """Seconds until all of it may be asked for again; a day ends whether something was used of it or not."""
        return max(0.0, (self._midnight(now) if self.by_day else self.ends) - now)

    def take(self, amount: int, now: float) -> None:
        """Let so much through."""
        if now >= self.ends:
            self.used = 0
            self.ends = self._midnight(now) if self.by_day else now + _MINUTE_S
        self.used += amount

    @staticmethod
    def _midnight(now: float) -> float:
        return (now // _DAY_S + 1) * _DAY_S

    def refusal(self, amount: int, now: float) -> dict[str, Any]:
        """What a refusal says of it."""
        left, wait_s = self.left(now), self.reset_s(now)
        told = {"limit": self.limit, "used": self.limit - left, "remaining": left, "requested": amount, "wait": wait_s}
        return told | ({"day_reset": wait_s} if self.by_day else {})


class Meter:
    """What was used of the limits so far; times are seconds since 1970."""

    def __init__(self, limits: Limits, provider: Provider) -> None:
        self._limits = limits
        self._provider = provider
        listed = (
            ("requests", limits.requests_per_minute, False),
            ("tokens", limits.tokens_per_minute, False),
            ("requests", limits.requests_per_day, True),
            ("tokens", limits.tokens_per_day, True),
        )
        self._buckets = [_Bucket(unit, limit, by_day) for unit, limit, by_day in listed if limit is not None]
        self._headers = {name: of_text(text) for name, text in provider.counting.headers.items()}

    def refuse(self, question: Question, body_bytes: int, now: float) -> Refusal | None:
        """How this request is refused; None, and counted, when it is let through."""
        tokens = question.estimate + (question.max_tokens or 0 if self._provider.counting.with_output else 0)
        refused = self._too_large(question, tokens, body_bytes)
        if refused is not None:
            return Refusal(refused, {})
        amounts = {"requests": 1, "tokens": tokens}
        empty = [bucket for bucket in self._buckets if bucket.left(now) < amounts[bucket.unit]]
        if empty:
            return self._too_many(max(empty, key=lambda bucket: bucket.ends), amounts, now)
        for bucket in self._buckets:
            bucket.take(amounts[bucket.unit], now)
        return None

    def headers(self, now: float) -> tuple[tuple[str, str], ...]:
        """What the provider tells of its limits with every answer; of one that is not set it tells nothing."""
        told = self._told(now)
        known = {
            name: part for name, part in self._headers.items() if all(hole.quantity in told for hole in part.holes)
        }
        figures = Figures(Occasion(at_s=now, given=told), {})
        return tuple((name, part.filled(figures)) for name, part in known.items())

    def told_with(self, events: Events, now: float) -> Events:
        """The answer with those of these headers that it does not have."""
        headers = self.headers(now)
        return tuple(
            Head(event.status, (*event.headers, *(one for one in headers if event.header(one[0]) is None)))
            if isinstance(event, Head)
            else event
            for event in events
        )

    @property
    def limits(self) -> dict[str, Any]:
        """The limits that the provider tells of, as quantities: an error that is planned names these and no others."""
        return UNTOLD | {name: value for name, value in self._told(0.0).items() if name.endswith("_limit")}

    def _too_large(self, question: Question, tokens: int, body_bytes: int) -> Fault | None:
        """What would be refused at any time."""
        limits, prompt, output = self._limits, question.estimate, question.max_tokens or 0
        if limits.body_bytes is not None and body_bytes > limits.body_bytes:
            return faults.payload_too_large()
        # A prompt that fills the window to its last token is too large for any output.
        if limits.context_tokens is not None and prompt + min(output, 1) > limits.context_tokens:
            return faults.context_overflow(
                limit=limits.context_tokens, requested=max(prompt, limits.context_tokens + 1)
            )
        if limits.context_tokens is not None and prompt + output > limits.context_tokens:
            return faults.output_too_large(limit=limits.context_tokens, prompt=max(prompt, 1), max_tokens=output)
        if limits.tokens_per_minute is not None and tokens > limits.tokens_per_minute:
            return faults.request_exceeds_rate_limit(limit=limits.tokens_per_minute, requested=tokens)
        return None

    def _too_many(self, bucket: _Bucket, amounts: Mapping[str, int], now: float) -> Refusal:
        """What would pass later: in the provider's words for this limit, where they are known."""
        counted = UNTOLD | self._told(now) | bucket.refusal(amounts[bucket.unit], now)
        if bucket.by_day:
            return Refusal(faults.daily_limit(of=bucket.unit), counted)
        return Refusal(faults.rate_limit(retry_after_s=math.ceil(bucket.reset_s(now)), of=bucket.unit), counted)

    def _told(self, now: float) -> dict[str, Any]:
        """Of requests and of tokens the one limit that the provider's headers speak of."""
        told: dict[str, Any] = {}
        for bucket in self._buckets:
            if bucket.by_day == (bucket.unit == "requests" and self._provider.counting.requests_by_day):
                left = {"limit": bucket.limit, "remaining": bucket.left(now), "reset": bucket.reset_s(now)}
                told |= {f"{bucket.unit}_{name}": value for name, value in left.items()}
        return told
