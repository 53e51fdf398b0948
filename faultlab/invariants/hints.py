"""The wait that an answer states (contract C3), read off the wire: on purpose not by the agent's own reader."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from faultlab.calls import body_sent
from faultlab.trace import Exchange
from faultlab.wire import Head

__all__ = ["stated_wait_s"]

_NUMBER: Final = re.compile(r"\d{1,15}(\.\d*)?")
_STEP: Final = re.compile(r"(\d+(?:\.\d+)?) ?(ms|millisecond|s|m|h|d)[a-z]*", re.IGNORECASE)
_WORDS: Final = re.compile(
    r"(?:try again|retry) (?:in|after) ((?:\d+(?:\.\d+)? ?(?:ms|milliseconds?|s|sec(?:ond)?s?|m|min(?:ute)?s?|h|hours?|"
    r"d|days?)(?![a-z])[ ,]*)+)",
    re.IGNORECASE,
)
_UNIT_S: Final = {"ms": 0.001, "millisecond": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_FAILED: Final = 300
_SINCE_1970_S: Final = 1e9
_SINCE_1970_MS: Final = 1e12


def stated_wait_s(exchange: Exchange, now_s: float) -> float | None:
    """The first wait that can be read, in seconds after `now_s` (since 1970); None when none is stated.

    The headers of a 200 state none: a client hands out what it read of a 200, and not its headers.
    """
    head = next((event for event in exchange.sent if isinstance(event, Head) and event.status >= _FAILED), None)
    headers: Mapping[str, str] = {name.lower(): value for name, value in head.headers} if head else {}
    return next((wait for wait in _stated(headers, body_sent(exchange), now_s) if wait is not None and wait >= 0), None)


def _stated(headers: Mapping[str, str], body: bytes, now_s: float) -> Iterator[float | None]:
    yield from _retry_headers(headers, now_s)
    document = list(_objects(body))
    for key in ("resets_in_seconds", "resets_at", "retryDelay"):
        yield from (_moment(found[key], now_s) for found in document if key in found)
    words = _WORDS.search(body.decode("utf-8", "replace"))
    yield _duration_s(words[1]) if words else None
    inner = [_named(each["headers"]) for each in document if isinstance(each.get("headers"), dict)]
    for each in inner:
        yield from _retry_headers(each, now_s)
    for bucket in (*inner, headers):
        yield _empty_bucket(bucket, now_s)


def _retry_headers(headers: Mapping[str, str], now_s: float) -> Iterator[float | None]:
    milliseconds = _number(headers.get("retry-after-ms"))
    yield None if milliseconds is None else milliseconds / 1000
    yield _number(headers.get("retry-after"))
    yield _date(headers.get("retry-after"), now_s)


def _empty_bucket(headers: Mapping[str, str], now_s: float) -> float | None:
    """The longest reset of those buckets that have nothing left."""
    waits = [
        _moment(headers.get(name.replace("remaining", "reset")), now_s)
        for name, left in headers.items()
        if "ratelimit" in name and "remaining" in name and _number(left) == 0
    ]
    return max((wait for wait in waits if wait is not None), default=None)


def _objects(body: bytes) -> Iterator[dict[str, Any]]:
    """Every JSON object in a body, whole or streamed, nested ones too."""
    for line in (body, *body.split(b"\n")):
        try:
            pending = [json.loads(line.removeprefix(b"data:"))]
        except ValueError:
            continue
        while pending:
            value = pending.pop(0)
            if isinstance(value, dict):
                yield value
                pending += value.values()
            elif isinstance(value, list):
                pending += value


def _moment(value: object, now_s: float) -> float | None:
    """A reset as a duration, a number of seconds, or a point in time."""
    number = _number(value)
    if number is None:
        duration = _duration_s(str(value))
        return _iso(str(value), now_s) if duration is None else duration
    if number >= _SINCE_1970_MS:
        return number / 1000 - now_s
    return number - now_s if number >= _SINCE_1970_S else number


def _number(value: object) -> float | None:
    text = str(value).strip()
    return float(text) if _NUMBER.fullmatch(text) else None


def _duration_s(text: str) -> float | None:
    steps = _STEP.findall(text)
    return sum(float(amount) * _UNIT_S[unit.lower()] for amount, unit in steps) if steps else None


def _date(value: str | None, now_s: float) -> float | None:
    try:
        return _in_utc(parsedate_to_datetime(value or "")).timestamp() - now_s
    except (ValueError, OverflowError):
        return None


def _iso(value: str, now_s: float) -> float | None:
    try:
        return _in_utc(datetime.fromisoformat(value)).timestamp() - now_s
    except (ValueError, OverflowError):
        return None


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _named(headers: dict[str, Any]) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in headers.items()}
