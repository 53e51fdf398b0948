"""Attributes of foreign modules and classes, replaced for a while and put back as they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["Replaced"]

_ABSENT = object()


class Replaced:
    """What stood where, so that it can be put back."""

    def __init__(self) -> None:
        self._before: list[tuple[Any, str, Any]] = []

    def put(self, owner: Any, name: str, value: Any) -> None:
        """Let this stand there, in place of what stands there or is inherited."""
        self._before.append((owner, name, vars(owner).get(name, _ABSENT)))
        setattr(owner, name, value)

    def put_all(self, owner: Any, values: Mapping[str, Any]) -> None:
        """The same for several."""
        for name, value in values.items():
            self.put(owner, name, value)

    def undo(self) -> None:
        """Put everything back, last things first."""
        while self._before:
            owner, name, value = self._before.pop()
            if value is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, value)
