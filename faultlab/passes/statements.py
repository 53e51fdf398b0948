"""What an error says of itself where it is no plain status: a code within an answer, and the numbers of a size."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from faultlab.faults import Fault, context_overflow, error_event, error_in_200, responses_failed, status
from faultlab.policies.named import CODES, UNTELLING
from faultlab.providers import provider as provider_of
from faultlab.sendable import Asking, fits

__all__ = ["UNSHOWABLE", "statements"]

_STATUSES: Final = (401, 402, 404, 429, 500, 503)
"""Codes that are a status: they mean what that means."""

UNSHOWABLE: Final = tuple(status(code=code, body=UNTELLING) for code in (402, 403, 404, 500))
"""Statuses that come with words which nobody should show as they are."""

_WINDOW: Final = 100_000
"""Tokens: more than is asked for anywhere, so that nothing follows from it but what is said."""


@lru_cache(maxsize=64)
def statements(asking: Asking, max_tokens: int | None) -> tuple[Fault, ...]:
    """All of them, for who asks in this way and for so much output."""
    known = (*UNSHOWABLE, *_coded(asking), *_sized(asking, max_tokens))
    return tuple(fault for fault in known if fits(fault, asking))


def _coded(asking: Asking) -> Iterator[Fault]:
    for code in (*CODES, *_STATUSES):
        if asking.streamed:
            yield error_event(code=code)
        yield responses_failed(code=code) if asking.dialect == "responses" else error_in_200(code=code)


def _sized(asking: Asking, max_tokens: int | None) -> Iterator[Fault]:
    """A prompt that is just above the window; one that fits it alone, and not with the output."""
    own: list[str | None] = [entry.variant for entry in provider_of(asking.provider).variants("context_overflow")]
    for variant in own or [None]:
        yield context_overflow(limit=_WINDOW, requested=_WINDOW + 1, variant=variant)
        if max_tokens is not None and max_tokens > 1:
            yield context_overflow(limit=_WINDOW, requested=_WINDOW - max_tokens // 2, variant=variant)
            yield context_overflow(limit=_WINDOW, requested=_WINDOW - 1, variant=variant)
