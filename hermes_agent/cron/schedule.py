"""When a job is due: every so many minutes, once, or by the five fields that cron users know. All times are UTC.

Pure: it reads no clock and no file. A moment is a datetime in UTC, to the second.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any, Protocol

from hermes_agent.errors import ConfigError
from hermes_agent.redaction import one_line

__all__ = ["At", "Cron", "EveryMinutes", "Schedule", "malformed", "read_moment", "read_schedule"]


class Schedule(Protocol):
    """When a job runs; None is never again."""

    def first(self, now: datetime, last_run: datetime | None) -> datetime | None:
        """When a job is due of which nothing but its last run is known."""

    def following(self, due: datetime, now: datetime) -> datetime | None:
        """When a job that was due is due again: after now, whatever was missed meanwhile."""


@dataclass(frozen=True, slots=True)
class EveryMinutes:
    """So many minutes apart; the first time at once."""

    minutes: int

    def first(self, now: datetime, last_run: datetime | None) -> datetime | None:
        """The present minute, or so long after the last run."""
        return now.replace(second=0) if last_run is None else last_run + self._step

    def following(self, due: datetime, now: datetime) -> datetime | None:
        """In step with the time that it was due: a tick that comes late does not shift the next ones."""
        return due + self._step * ((now - due) // self._step + 1)

    @property
    def _step(self) -> timedelta:
        return timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class At:
    """Once."""

    moment: datetime

    def first(self, now: datetime, last_run: datetime | None) -> datetime | None:  # noqa: ARG002  # as its siblings
        """The moment, unless it ran since then."""
        return self.moment if last_run is None or last_run < self.moment else None

    def following(self, due: datetime, now: datetime) -> datetime | None:
        """Never again."""


@dataclass(frozen=True, slots=True)
class Cron:
    """Whenever all five fields match; of day and weekday either will do when neither begins with `*`, as in cron."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    either_day: bool = False

    def first(self, now: datetime, last_run: datetime | None) -> datetime | None:
        """The present minute may be it, unless it has run in it."""
        before = now.replace(second=0) - timedelta(seconds=1)
        return self._next(max(before, last_run or before))

    def following(self, due: datetime, now: datetime) -> datetime | None:  # noqa: ARG002  # as its siblings
        """The next match."""
        return self._next(now)

    def _next(self, after: datetime) -> datetime | None:
        for ahead in range(_MOST_DAYS):
            day = after.date() + timedelta(days=ahead)
            for hour, minute in product(self.hours, self.minutes) if self._has(day) else ():
                moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
                if moment > after:
                    return moment
        return None

    def _has(self, day: date) -> bool:
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and (by_day or by_weekday if self.either_day else by_day and by_weekday)


_MOST_DAYS = 8 * 366
"""From one 29 February to the next it is never longer."""


def read_schedule(value: Any, where: str) -> Schedule:
    """The schedule of a job. Raises ConfigError, whose text begins with `where`."""
    match value:
        case {"every_minutes": int() as minutes} if len(value) == 1 and not isinstance(minutes, bool):
            if 1 <= minutes <= _YEAR_MINUTES:
                return EveryMinutes(minutes)
            raise malformed(where, ("schedule", "every_minutes"), minutes, _EVERY_ALLOWED)
        case {"at": moment} if len(value) == 1:
            return At(read_moment(moment, where, ("schedule", "at")))
        case {"cron": str() as fields} if len(value) == 1:
            return _cron(fields, where)
    raise malformed(where, ("schedule",), value, _ALLOWED)


_YEAR_MINUTES = 366 * 24 * 60
_EVERY_ALLOWED = f"a whole number from 1 to {_YEAR_MINUTES}"
_ALLOWED = 'one of {"every_minutes": 30}, {"at": "2026-01-31T09:00:00Z"}, {"cron": "0 9 * * 1-5"}'


def read_moment(value: Any, where: str, path: tuple[str, ...]) -> datetime:
    """A time in ISO form; one without an offset is UTC. Raises ConfigError."""
    moment = _moment(value)
    if moment is None:
        raise malformed(where, path, value, "a time such as 2026-01-31T09:00:00Z (without an offset it is UTC)")
    return (moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)).replace(microsecond=0)


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.year in _YEARS else None


_YEARS = range(1970, 9000)
"""Far from where a datetime overflows."""


def malformed(where: str, path: tuple[str, ...], value: Any, allowed: str) -> ConfigError:
    """What is told of a value that cannot be used."""
    found = "nothing" if value is None else one_line(json.dumps(value, ensure_ascii=False))[:_LONGEST_SHOWN]
    return ConfigError(where, path, found, allowed)


_LONGEST_SHOWN = 80


def _cron(text: str, where: str) -> Cron:
    fields = text.split()
    try:
        minutes, hours, days, months, weekdays = (
            _numbers(field, *bounds) for field, bounds in zip(fields, _BOUNDS, strict=True)
        )
    except ValueError:
        raise malformed(where, ("schedule", "cron"), text, _CRON_ALLOWED) from None
    weekdays = tuple(sorted({day % 7 for day in weekdays}))
    either = not any(field.startswith("*") for field in (fields[2], fields[4]))
    found = Cron(minutes, hours, days, months, weekdays, either)
    if found.first(_ANY_DAY, None) is None:
        raise malformed(where, ("schedule", "cron"), text, "a day that comes")
    return found


_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_CRON_ALLOWED = (
    "minute (0-59), hour (0-23, UTC), day (1-31), month (1-12) and weekday (0-7, Sunday is 0 and 7), "
    "each *, a number, a range 1-5, steps */15 or 8-18/2, or a list of these"
)
_ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_PART = re.compile(r"(?:\*|([0-9]{1,2})-([0-9]{1,2}))(?:/([0-9]{1,2}))?|([0-9]{1,2})")


def _numbers(field: str, least: int, most: int) -> tuple[int, ...]:
    """What a field names, in order. Raises ValueError."""
    named: set[int] = set()
    for part in field.split(","):
        found = _PART.fullmatch(part)
        if found is None:
            raise ValueError
        low, high, step, alone = found.groups()
        begin, end = int(alone or low or least), int(alone or high or most)
        if not least <= begin <= end <= most:
            raise ValueError
        named.update(range(begin, end + 1, int(step or 1)))
    return tuple(sorted(named))
