"""The time of a run that is foretold: it moves by waits and slow answers, and an interrupt falls into it or not."""

from __future__ import annotations

__all__ = ["Interrupted", "RunClock"]


class Interrupted(Exception):
    """The turn is interrupted here."""


class RunClock:
    """Seconds since the run began. `due_s` is when this turn is interrupted, if it goes on for so long."""

    __slots__ = ("due_s", "now_s")

    def __init__(self) -> None:
        self.now_s = 0.0
        self.due_s: float | None = None

    def move(self, seconds: float) -> None:
        """Let so much time pass. Raises Interrupted at the moment of an interrupt."""
        end = self.now_s + seconds
        if self.due_s is not None and seconds > 0 and self.due_s <= end:
            self.now_s = max(self.now_s, self.due_s)
            raise Interrupted
        self.now_s = end
