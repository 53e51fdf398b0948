"""The numbers of an error, made so that they agree: with each other, with the request, with the clock.

What a fault or a limit states is kept; what nobody states is made from the seed, in the proportions that were seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from faultlab.made_up import token
from faultlab.providers.occasion import Occasion
from faultlab.providers.sizes import SIZES

__all__ = ["QUANTITIES", "Figures", "Seen"]

_MINUTE_S, _HOUR_S, _DAY_S = 60.0, 3600.0, 86_400.0
_EPOCH_WEEKDAY: Final = 3
"""1970-01-01 was a Thursday."""

_SHORTEST_WAIT_MS, _LONGEST_WAIT_MS = 200, 1900
"""A wait that nobody states is made up below the agent's own first wait (C2): a bare `rate_limit` lengthens none."""

_LASTING: Final = frozenset(
    {"org-", "org_", "user_", "team_", "team", "account", "organization", "project_", "project_number"}
)
"""What stands before ids that belong to the account and not to the answer."""

_ID_CHARACTERS: Final = 24


class Figures:
    """The quantities of one error, each made when a template asks for it.

    `seen` are the values of the example, `of` is what the provider counts in it: `requests` or `tokens`.
    """

    def __init__(self, occasion: Occasion, seen: Mapping[str, Any], of: str = "tokens") -> None:
        self.at_s = occasion.at_s
        self.of = of
        self._occasion = occasion
        self._seen = seen
        self._known: dict[str, Any] = dict(occasion.given)

    @property
    def asked(self) -> Occasion:
        """What was asked."""
        return self._occasion

    def __getitem__(self, quantity: str) -> Any:
        if quantity not in self._known:
            make = QUANTITIES.get(quantity)
            self._known[quantity] = self._seen[quantity] if make is None else make(self)
        return self._known[quantity]

    def seen(self, quantity: str, otherwise: int = 0) -> int:
        """A number of the example; moments are none."""
        found = self._seen.get(quantity, otherwise)
        return int(found) if isinstance(found, int | float) else otherwise

    def seen_seconds(self, quantity: str) -> float:
        """Seconds of the example; 0 where it names none."""
        found = self._seen.get(quantity)
        return float(found) if isinstance(found, int | float) else 0.0

    @property
    def period_s(self) -> float:
        """How long a bucket takes to fill, by the example's wait for what was missing; a minute where it names none."""
        missing = self.seen("used") + self.seen("requested") - self.seen("limit")
        wait_s = self.seen_seconds("wait")
        return round(wait_s * self.seen("limit") / missing) if wait_s and missing > 0 else _MINUTE_S

    @property
    def short_wait_s(self) -> float:
        """A wait that nobody states."""
        return self.drawn("wait", _SHORTEST_WAIT_MS, _LONGEST_WAIT_MS) / 1000

    def drawn(self, use: str, low: int, high: int) -> int:
        """A number from `low` to `high`, always the same for the same answer and use."""
        return low + int(token(8, "figure", use, self._occasion.answer), 16) % (high - low + 1)

    def id_for(self, prefix: str) -> str:
        """A made-up id."""
        owner = prefix.rstrip(" /:<")
        made_from = self._occasion.account if owner in _LASTING else self._occasion.answer
        return token(_ID_CHARACTERS, "id", owner, made_from)


class Seen:
    """The values of an example as they were seen, instead of made-up ones; ids stay `XXXX`."""

    at_s = 0.0

    def __init__(self, seen: Mapping[str, Any]) -> None:
        self._seen = seen

    def __getitem__(self, quantity: str) -> Any:
        return self._seen[quantity]

    def id_for(self, _prefix: str) -> str:
        """The sign for an id."""
        return "XXXX"


def _requested(figures: Figures) -> int:
    """One request, or the request's tokens, by what the provider counts here."""
    asked = figures.asked
    output = asked.max_tokens or 0 if asked.counts_output else 0
    never_passes = figures.seen("requested") > figures.seen("limit") > 0
    return 1 if figures.of == "requests" else max(2 if never_passes else 1, asked.estimate + output)


def _limit(figures: Figures) -> int:
    """The limit of the example, ten or a hundred times as much where the request alone is above it.

    Below the request where the example's request was above it, too: such a request never passes. And so small that a
    wait that somebody states is the one that this request would need; of a wait for more than the whole bucket, the
    smallest one that the request would ever pass.
    """
    requested: int = figures["requested"]
    counted = figures.asked.given.get(f"{figures.of}_limit")
    if counted is not None and counted >= requested:
        return int(counted)
    if figures.seen("requested") > figures.seen("limit") > 0:
        return max(1, requested * 3 // 4)
    limit = figures.seen("limit") or figures.seen("tokens_limit") or figures.seen("requests_limit") or 1
    while limit < requested:
        limit *= 10
    wait_s: float = figures.asked.given.get("wait", 0)
    longest_s = requested * figures.period_s / limit
    waits = figures.seen("used") and wait_s > longest_s
    return max(requested, int(requested * figures.period_s / wait_s)) if waits else limit


def _used(figures: Figures) -> int:
    """As much as a bucket holds that has room for the request again after the wait, and never more than its limit."""
    limit: int = figures["limit"]
    requested: int = figures["requested"]
    wait_s: float = figures.asked.given.get("wait", figures.short_wait_s)
    missing = max(1, round(wait_s * limit / figures.period_s))
    return max(0, min(limit, limit - requested + missing))


def _wait(figures: Figures) -> float:
    """As long as the bucket takes to have room for the request, where the example tells how much is used."""
    if not figures.seen("used"):
        return figures.short_wait_s
    limit: int = figures["limit"]
    missing: int = figures["used"] + figures["requested"] - limit
    return round(missing * figures.period_s / limit, 3)


def _remaining(figures: Figures) -> int:
    """Nothing of a bucket that was seen empty."""
    left: int = figures["limit"] - figures["used"]
    return left if figures.seen("remaining", 1) else 0


def _requests_remaining(figures: Figures) -> int:
    """None in a bucket that was seen empty; nearly all of another one."""
    seen = figures.seen("requests_remaining", 1)
    limit: int = figures["requests_limit"]
    return limit - 1 if seen and limit else seen


def _tokens_remaining(figures: Figures) -> int:
    """What is left of the bucket that is spoken of; of one that is only told of beside, all but this request."""
    left: int = figures["remaining"]
    if figures.seen("used") and figures.of == "tokens":
        return left
    limit: int = figures["tokens_limit"]
    return max(0, limit - figures.asked.estimate) if figures.seen("tokens_remaining", 1) else 0


def _tokens_limit(figures: Figures) -> int:
    limit: int = figures["limit"] if figures.of == "tokens" else figures.seen("tokens_limit")
    return limit


def _refill(unit: str, suffix: str, period_s: float) -> Callable[[Figures], float]:
    """Seconds until a bucket is full again: a whole one takes `period_s`, or a day if it did in the example.

    Never sooner than the wait for it that somebody states.
    """
    left, limit, reset = (f"{unit}_{name}{suffix}" for name in ("remaining", "limit", "reset"))

    def reset_s(figures: Figures) -> float:
        seen_s, missing = figures.seen_seconds(reset), figures.seen(limit) - figures.seen(left)
        if not figures[limit]:
            return seen_s
        seen_period_s = seen_s / missing * figures.seen(limit) if missing > 0 else 0.0
        share: float = (figures[limit] - figures[left]) / figures[limit]
        full_s = round(share * (_DAY_S if seen_period_s > _HOUR_S else period_s), 3)
        is_waited_for = unit == figures.of or not figures[left]
        wait_s: float = figures.asked.given.get("wait", 0)
        return max(full_s, wait_s) if is_waited_for else full_s

    return reset_s


def _hourly(name: str) -> Callable[[Figures], int]:
    return lambda figures: figures.seen(name)


def _day_reset(figures: Figures) -> float:
    """Until midnight, UTC."""
    return _DAY_S - figures.at_s % _DAY_S


def _week_reset(figures: Figures) -> float:
    """Until Monday, UTC."""
    day = int(figures.at_s // _DAY_S) + _EPOCH_WEEKDAY
    return (6 - day % 7) * _DAY_S + _day_reset(figures)


QUANTITIES: Final[Mapping[str, Callable[[Figures], Any]]] = {
    "model": lambda figures: figures.asked.model,
    "operation": lambda _: "ChatCompletions_Create",
    "served_model": lambda figures: figures.asked.model,
    "created": lambda figures: int(figures.at_s),
    "requested": _requested,
    "limit": _limit,
    "used": _used,
    "remaining": _remaining,
    "wait": _wait,
    "requests_limit": lambda figures: figures.seen("requests_limit"),
    "requests_remaining": _requests_remaining,
    "requests_reset": _refill("requests", "", _MINUTE_S),
    "tokens_limit": _tokens_limit,
    "tokens_remaining": _tokens_remaining,
    "tokens_reset": _refill("tokens", "", _MINUTE_S),
    "requests_limit_1h": _hourly("requests_limit_1h"),
    "requests_remaining_1h": _hourly("requests_remaining_1h"),
    "requests_reset_1h": _refill("requests", "_1h", _HOUR_S),
    "tokens_limit_1h": _hourly("tokens_limit_1h"),
    "tokens_remaining_1h": _hourly("tokens_remaining_1h"),
    "tokens_reset_1h": _refill("tokens", "_1h", _HOUR_S),
    "day_reset": _day_reset,
    "week_reset": _week_reset,
    "window_reset": lambda figures: float(figures.drawn("window", 600, 17_940)),
    "window_reset_at": lambda figures: figures["window_reset"],
    "second_window_reset": lambda figures: float(figures.drawn("second window", 86_400, 604_800)),
    "second_window_reset_at": lambda figures: figures["second_window_reset"],
    **SIZES,
}
"""Quantity → how it is made where nobody states it."""
