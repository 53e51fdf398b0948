"""What an answer is worth, in the order of the contract's section 3. Works on replies; knows no bytes."""

from __future__ import annotations

import json
from typing import Final

from faultlab.foretelling.setting import Unforeseen
from faultlab.script import Reply

__all__ = ["has_bad_arguments", "worth"]

_BROKEN: Final = frozenset({"error", "insufficient_system_resource", "network_error"})
_FULL: Final = "model_context_window_exceeded"
_POLICY: Final = frozenset({"content_filter", "sensitive"})
_LITERALS: Final = ("true", "false", "null", "NaN", "Infinity", "-Infinity")
_CUT, _BAD = "cut", "bad"


def worth(reply: Reply, *, nearly_full: bool) -> str | None:
    """The failure kind of an answer that is none; None for a usable one, one that was cut at its limit included."""
    finish = reply.finish
    if finish in _BROKEN:
        return "server_error"
    usable = bool((reply.text or "").strip() or reply.tool_calls)
    if finish == _FULL or (nearly_full and not usable):
        return "context_overflow"
    if finish == "length":
        return None
    if not usable:
        return "bad_request" if finish in _POLICY else "invalid_response"
    return "invalid_response" if any(_judged(call.arguments) == _CUT for call in reply.tool_calls) else None


def has_bad_arguments(reply: Reply) -> bool:
    """Whether the arguments of a call are no JSON object."""
    return any(_judged(call.arguments) for call in reply.tool_calls)


def _judged(arguments: str) -> str | None:
    """Whether they break off at their end, or are no object otherwise; None when all is well."""
    if not arguments.strip():
        return None
    try:
        return None if isinstance(json.loads(arguments), dict) else _BAD
    except json.JSONDecodeError as error:
        return _CUT if _breaks_off(arguments, error) else _BAD
    except (ValueError, RecursionError):
        return _BAD


def _breaks_off(arguments: str, error: json.JSONDecodeError) -> bool:
    rest = arguments[error.pos :].strip()
    if error.msg.startswith("Unterminated") or not rest:
        return True
    if error.msg.startswith("Invalid control") or (len(rest) < len(arguments) and rest[0] in ".eEuU\\"):
        raise Unforeseen("whether these arguments break off is a matter of taste")
    return any(word.startswith(rest) for word in _LITERALS)
