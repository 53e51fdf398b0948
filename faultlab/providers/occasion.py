"""What an error may refer to: the request, the clock, and what a fault or a limit states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["DEFAULT_OUTPUT", "Occasion"]

DEFAULT_OUTPUT: Final = 4096
"""The output that is counted when the request sets none, as providers do."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What an error may refer to: what was asked, when, and what the fault or the limit states.

    `account` and `answer` are what ids are made from: the same for all errors of an upstream, and another for each.
    `counts_output`: the output that is asked for counts among the request's tokens. What is given as None is not told.
    """

    model: str = ""
    estimate: int = 0
    max_tokens: int | None = None
    at_s: float = 0.0
    account: str = ""
    answer: str = ""
    counts_output: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)
