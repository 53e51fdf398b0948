"""How the turn ended: what the agent's result says, and what its entrance showed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from faultlab.expectations.base import Contains, Difference, Judge, Scope
from faultlab.trace import Turn

__all__ = ["JUDGES"]


def _last_step(scope: Scope) -> int | None:
    """Results are made of the last exchange; there is none when nobody was asked."""
    return scope.last.last if scope.last.last >= scope.last.first else None


def _same(read: Callable[[Turn], Any]) -> Judge:
    def judge(value: Any, scope: Scope) -> Difference | None:
        found = read(scope.last)
        return None if found == value else Difference(_shown(value), _shown(found), _last_step(scope))

    return judge


def _reply(value: str | Contains, scope: Scope) -> Difference | None:
    return _says_it(value, scope.last.end.reply, scope)


def _user_sees(value: str | Contains, scope: Scope) -> Difference | None:
    return _says_it(value, "\n".join(turn.shown for turn in scope.turns), scope)


def _says_it(value: str | Contains, found: str, scope: Scope) -> Difference | None:
    held = value.text in found if isinstance(value, Contains) else found == value
    expected = str(value) if isinstance(value, Contains) else _shown(value)
    return None if held else Difference(expected, _shown(found), _last_step(scope))


def _refused(value: str, scope: Scope) -> Difference | None:
    found = next((turn.end.refused for turn in scope.turns if turn.end.refused), None)
    return None if found == value else Difference(_shown(value), _shown(found), _last_step(scope))


def _warnings(value: tuple[str | Contains, ...], scope: Scope) -> Difference | None:
    found = scope.history.policy.warnings
    missing = [text for text in value if not any(_says(warning, text) for warning in found)]
    if not missing and (value or not found):
        return None
    return Difference(" and ".join(map(_shown, value)) or "no warning", "; ".join(found) or "no warning")


def _says(warning: str, text: str | Contains) -> bool:
    return (text.text if isinstance(text, Contains) else text) in warning


def _shown(value: object) -> str:
    if value is None:
        return "none"
    text = str(value)
    return text if text and text.isidentifier() else repr(text)


JUDGES: Final[dict[str, Judge]] = {
    "outcome": _same(lambda turn: turn.end.outcome),
    "failure": _same(lambda turn: turn.end.failure),
    "refused": _refused,
    "reply": _reply,
    "user_sees": _user_sees,
    "final_model": _same(lambda turn: turn.end.final_model),
    "exit_code": _same(lambda turn: turn.exit_code),
    "warnings": _warnings,
}
