"""What a trace says when it is asked: a value that knows what it was read from, for those who explain it."""

from __future__ import annotations

from typing import Any

__all__ = ["Told"]


class Told:
    """A value with a trace behind it; `question` is how it was asked for."""

    trace: Any
    question: str
