"""How a message about an unknown name ends."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

__all__ = ["did_you_mean"]


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """The nearest known name, as a question; empty when none is near."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else "" if known else "; there is none to give"
