"""How long the agent waited: the gaps between exchanges, and how long a turn took."""

from __future__ import annotations

from itertools import zip_longest
from typing import Final

from faultlab.expectations.base import Difference, Judge, Range, Scope

__all__ = ["JUDGES"]


def _gaps(scope: Scope) -> list[tuple[float, int]]:
    """Every wait, with the exchange that it follows."""
    return [wait for turn in scope.turns for wait in scope.history.trace.waits_of(turn)]


def _waits_s(value: tuple[float, ...], scope: Scope) -> Difference | None:
    gaps = _gaps(scope)
    found = [gap for gap, _ in gaps]
    wanted = [round(wait, 3) for wait in value]
    if found == wanted:
        return None
    at = next(n for n, (want, got) in enumerate(zip_longest(wanted, found)) if want != got)
    return Difference(_listed(wanted), _listed(found), gaps[at][1] if at < len(gaps) else _end(scope))


def _waited_s(value: Range, scope: Scope) -> Difference | None:
    found = sum(gap for gap, _ in _gaps(scope))
    return None if value.holds(found) else Difference(f"{value} s", f"{found:g} s", _end(scope))


def _ended_after_s(value: Range, scope: Scope) -> Difference | None:
    found = scope.last.ended_s - scope.turns[0].started_s
    return None if value.holds(found) else Difference(f"{value} s", f"{found:g} s", _end(scope))


def _end(scope: Scope) -> int | None:
    return scope.attempts[-1].exchange.n if scope.attempts else None


def _listed(waits: list[float]) -> str:
    return ", ".join(f"{wait:g}" for wait in waits) + " s" if waits else "no wait"


JUDGES: Final[dict[str, Judge]] = {"waits_s": _waits_s, "waited_s": _waited_s, "ended_after_s": _ended_after_s}
