"""Limits of a provider that behaves like a real one, drawn small enough to be met."""

from __future__ import annotations

from faultlab.content.draw import Draw
from faultlab.limits import Limits

__all__ = ["limits_of"]


def limits_of(draw: Draw) -> Limits:
    """One or two of them."""
    known = (
        {"requests_per_minute": draw.choice((1, 2, 3))},
        {"tokens_per_minute": draw.choice((200, 1000, 5000, 10_000))},
        {"context_tokens": draw.choice((60, 500, 2000, 4000))},
        {"body_bytes": draw.choice((2000, 8000, 20_000))},
        {"requests_per_day": draw.choice((1, 3))},
        {"tokens_per_day": draw.choice((300, 9000))},
    )
    first, second = draw.choice(known), draw.choice(known)
    return Limits(**(first | second if draw.happens(1, 3) else first))
