"""What a provider tells beside its answers: request ids and rate limits, in the names and forms of the catalogue."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from faultlab.content.draw import Draw
from faultlab.errors import UnknownName
from faultlab.providers import Figures, Occasion, Provider, names
from faultlab.providers import provider as provider_of
from faultlab.providers.template import of_text

__all__ = ["rate_limit_headers", "request_id", "request_id_header"]

_STANDS_FOR_MOST: Final = "openai"
_NAME: Final = re.compile(r"x-request-id|request-id")
_MINUTE_S, _DAY_S = 60.0, 86_400.0
_SIZES: Final = {"requests": (60, 500, 5000, 10_000), "tokens": (30_000, 200_000, 2_000_000)}


def request_id_header(provider: str) -> str:
    """The header that this provider names a request in; OpenAI's where the catalogue shows none."""
    return _request_id(_known(provider).name)[0]


def request_id(provider: str, draw: Draw) -> str:
    """A made-up id of a request in the provider's style; in OpenAI's where the catalogue shows none."""
    return of_text(_request_id(_known(provider).name)[1]).filled(_figures(draw, {}))


@cache
def _request_id(provider: str) -> tuple[str, str]:
    """The header and its template: the first that has a made-up id in it."""
    listed = (header for entry in provider_of(provider).entries for header in entry.headers.items())
    found = ((name.lower(), text) for name, text in listed if _NAME.fullmatch(name.lower()) and "XXXX" in text)
    return next(found, None) or _request_id(_STANDS_FOR_MOST)


def rate_limit_headers(provider: str, draw: Draw, given: dict[str, Any]) -> dict[str, str]:
    """What it tells of its limits with every answer; nothing where the catalogue knows no such header of it.

    `given` are quantities such as `requests_limit` or `tokens_remaining`; what it leaves open is made up in agreement.
    """
    known = _known(provider)
    figures = _figures(draw, _limits(known, draw, given))
    return {name: of_text(text).filled(figures) for name, text in known.counting.headers.items()}


def _limits(provider: Provider, draw: Draw, given: dict[str, Any]) -> dict[str, Any]:
    """A limit, what is left of it, and how long until it is full again: the emptier, the longer."""
    made: dict[str, Any] = {}
    for unit, sizes in _SIZES.items():
        row = draw.fork(unit)
        limit = given.get(f"{unit}_limit", max(row.choice(sizes), given.get(f"{unit}_remaining", 0)))
        left = given.get(f"{unit}_remaining", row.between(0, limit))
        made |= {f"{unit}_limit": limit, f"{unit}_remaining": left}
        period_s = _DAY_S if unit == "requests" and provider.counting.requests_by_day else _MINUTE_S
        made[f"{unit}_reset"] = round(period_s * (limit - left) / limit, 3) if limit else period_s
    return made | given


def _known(provider: str) -> Provider:
    found = provider_of(provider)
    if not found.entries:
        raise UnknownName("provider", provider, names())
    return found


def _figures(draw: Draw, given: dict[str, Any]) -> Figures:
    return Figures(Occasion(at_s=_NEW_YEAR, account=draw.name, answer=draw.name, given=given), {})


_NEW_YEAR: Final = 1_767_225_600.0
"""2026-01-01T00:00:00Z, where the virtual clock begins."""
