"""A provider that behaves like a real one: window, body size, requests and tokens per minute, counted on the clock."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from faultlab import faults
from faultlab.faults import Fault

__all__ = ["Limits", "Meter"]

_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a provider allows; None: anything. Tokens are counted by the contract's estimate."""

    context_tokens: int | None = None
    body_bytes: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                raise ValueError(f"{one.name}: a whole number from 1, not {value!r:.60}")


class Meter:
    """What was used of the limits so far. A minute begins with the first request that it lets through."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._minute_ends_s = -math.inf
        self._requests = 0
        self._tokens = 0

    def refuse(self, tokens: int, max_tokens: int | None, body_bytes: int, now_s: float) -> Fault | None:
        """How this request is refused; None, and counted, when it is let through."""
        refused = self._too_large(tokens, max_tokens or 0, body_bytes) or self._too_many(tokens, now_s)
        if refused is None:
            self._count(tokens, now_s)
        return refused

    def _too_large(self, tokens: int, max_tokens: int, body_bytes: int) -> Fault | None:
        """What would be refused at any time."""
        limits = self._limits
        if limits.body_bytes is not None and body_bytes > limits.body_bytes:
            return faults.payload_too_large()
        if limits.context_tokens is not None and tokens > limits.context_tokens:
            return faults.context_overflow(limit=limits.context_tokens, requested=tokens)
        if limits.context_tokens is not None and tokens + max_tokens > limits.context_tokens:
            return faults.output_too_large(limit=limits.context_tokens, prompt=max(tokens, 1), max_tokens=max_tokens)
        if limits.tokens_per_minute is not None and tokens > limits.tokens_per_minute:
            return faults.request_exceeds_rate_limit(limit=limits.tokens_per_minute, requested=tokens)
        return None

    def _too_many(self, tokens: int, now_s: float) -> Fault | None:
        """What would pass in another minute."""
        limits = self._limits
        if now_s >= self._minute_ends_s:
            return None
        over = (
            limits.requests_per_minute is not None and self._requests + 1 > limits.requests_per_minute,
            limits.tokens_per_minute is not None and self._tokens + tokens > limits.tokens_per_minute,
        )
        return faults.rate_limit(retry_after_s=math.ceil(self._minute_ends_s - now_s)) if any(over) else None

    def _count(self, tokens: int, now_s: float) -> None:
        if now_s >= self._minute_ends_s:
            self._minute_ends_s, self._requests, self._tokens = now_s + _MINUTE_S, 0, 0
        self._requests += 1
        self._tokens += tokens
