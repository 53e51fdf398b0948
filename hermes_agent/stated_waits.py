"""The wait that a provider states, in seconds from now: in a header, in its body, in its words (contract C3).

Nothing here knows what was wrong, or decides whether to wait.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from hermes_agent.error_bodies import ErrorReport

__all__ = ["stated_wait"]

_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]*)?")
_AMOUNT = r"[0-9]{1,15}(?:\.[0-9]{1,15})?"
_UNIT = r"(?:ms|milliseconds?|s|sec(?:ond)?s?|m|min(?:ute)?s?|h|hours?|d|days?)(?![a-z])"
_PIECES = re.compile(rf"({_AMOUNT}) ?({_UNIT})", re.IGNORECASE)
_DURATION = re.compile(rf"{_AMOUNT} ?{_UNIT}(?:[ ,]*{_AMOUNT} ?{_UNIT})*", re.IGNORECASE)
_IN_WORDS = re.compile(rf"(?:try again|retry) (?:in|after) ({_DURATION.pattern})", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}  # by a unit's first letter; milliseconds apart
_EPOCH_S = 1_000_000_000  # from here on a number is a date (2001), below it a wait (31 years)
_EPOCH_MS = 1_000_000_000_000


def stated_wait(headers: Mapping[str, str], report: ErrorReport, now_s: float) -> float | None:
    """The first stated wait that can be read; negative and past ones cannot. Header names are in lower case."""
    return next((wait for wait in _waits(headers, report, now_s) if wait is not None and wait >= 0), None)


def _waits(headers: Mapping[str, str], report: ErrorReport, now_s: float) -> Iterator[float | None]:
    yield from _waits_of_headers(headers, now_s)
    yield _number(report.field("resets_in_seconds"))  # Codex
    yield _from_now(report.field("resets_at"), now_s)  # Codex
    yield _duration(report.field("retryDelay"))  # Gemini
    in_words = _IN_WORDS.search(report.text)
    yield _duration(in_words[1]) if in_words else None
    yield from _waits_of_headers(report.headers, now_s)  # OpenRouter
    yield _empty_bucket(report.headers, now_s)
    yield _empty_bucket(headers, now_s)


def _waits_of_headers(headers: Mapping[str, str], now_s: float) -> Iterator[float | None]:
    milliseconds = _number(headers.get("retry-after-ms"))
    yield None if milliseconds is None else milliseconds / 1000
    yield _number(headers.get("retry-after"))
    yield _http_date(headers.get("retry-after"), now_s)


def _empty_bucket(headers: Mapping[str, str], now_s: float) -> float | None:
    """The longest reset among the buckets with nothing left: all of them have to fill."""
    empty = [
        name for name, left in headers.items() if "ratelimit" in name and "remaining" in name and _number(left) == 0
    ]
    resets = (_from_now(headers.get(name.replace("remaining", "reset")), now_s) for name in empty)
    return max((reset for reset in resets if reset is not None), default=None)


def _from_now(value: object, now_s: float) -> float | None:
    """A reset in any form seen: Go duration, seconds, seconds or milliseconds since 1970, RFC 3339."""
    number = _number(value)
    if number is None:
        duration = _duration(value)
        return _rfc_3339(value, now_s) if duration is None else duration
    if number >= _EPOCH_MS:
        return number / 1000 - now_s
    return number - now_s if number >= _EPOCH_S else number


def _number(value: object) -> float | None:
    text = str(value).strip()
    return float(text) if _NUMBER.fullmatch(text) else None


def _duration(value: object) -> float | None:
    text = str(value).strip(" ,")
    if not _DURATION.fullmatch(text):
        return None
    return sum(float(amount) * _unit_s(unit.lower()) for amount, unit in _PIECES.findall(text))


def _unit_s(unit: str) -> float:
    return 0.001 if unit.startswith(("ms", "milli")) else _SECONDS[unit[0]]


def _http_date(value: str | None, now_s: float) -> float | None:
    try:
        return _utc(parsedate_to_datetime(value or "")).timestamp() - now_s
    except (ValueError, OverflowError):
        return None


def _rfc_3339(value: object, now_s: float) -> float | None:
    try:
        return _utc(datetime.fromisoformat(str(value))).timestamp() - now_s
    except (ValueError, OverflowError):
        return None


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
