"""The arguments of a tool call, as the JSON text that a model wrote (contract section 3).

Nothing here knows which tool they are for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["arguments_text", "broken_off", "read_arguments"]

_LITERALS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")
_CUT_NUMBER_OR_ESCAPE = re.compile(r"\.|[eE][+-]?|u[0-9a-fA-F]{0,4}")


def arguments_text(value: object) -> str:
    """Arguments as the text that they should have been: some servers send the object itself, others what is no object.

    Nothing is an empty text. What no JSON can say is said as a `null`, which `read_arguments` refuses like any value
    that is no object.
    """
    if value is None or isinstance(value, str):
        return value or ""
    try:
        return json.dumps(dict(value) if isinstance(value, Mapping) else value)
    except (TypeError, ValueError, RecursionError):
        return "null"


def read_arguments(text: str) -> dict[str, Any] | None:
    """The JSON object that the arguments are; `{}` if there are none, None if they are no JSON object."""
    if not text.strip():
        return {}
    try:
        arguments = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return arguments if isinstance(arguments, dict) else None


def broken_off(text: str) -> bool:
    """Whether the arguments are JSON that stops before its end, as opposed to something that is no JSON."""
    if not text.strip():
        return False
    try:
        json.loads(text, strict=False)  # a line break within a text is another matter
    except json.JSONDecodeError as error:
        return error.msg.startswith("Unterminated") or _is_cut(text[error.pos :].strip())
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets a thousand deep
        return False
    return False


def _is_cut(rest: str) -> bool:
    """Whether `rest`, from where the parser gave up, is only the beginning of what was due there."""
    return any(literal.startswith(rest) for literal in _LITERALS) or bool(_CUT_NUMBER_OR_ESCAPE.fullmatch(rest))
