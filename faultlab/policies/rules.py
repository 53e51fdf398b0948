"""The rules of a policy file as values."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Rules"]


@dataclass(frozen=True, slots=True)
class Rules:
    """What a policy file says. `name` is what reports call it."""

    name: str
