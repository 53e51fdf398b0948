"""Who watches a campaign while it runs, and may tell it to stop. Nothing of that reaches a result."""

from __future__ import annotations

from typing import Protocol

from faultlab.campaign.work import Seen

__all__ = ["Unwatched", "Watch"]


class Watch(Protocol):
    """Called by the campaign's own thread only."""

    @property
    def stops(self) -> bool:
        """Whether to end now, with what there is. Looked at several times a second."""

    def begins(self, of: str, expected: int | None) -> None:
        """A pass begins, which comes to so many runs (None: nobody knows); at the end what broke is shrunk."""

    def had(self, runs: int) -> None:
        """So many more runs of this pass were there already."""

    def saw(self, seen: Seen) -> None:
        """A run is in the results."""

    def shrunk(self, breaches: int) -> None:
        """So many more of what broke are as small as they get."""

    def beat(self) -> None:
        """Time passes."""


class Unwatched:
    """Nobody looks."""

    stops = False

    def begins(self, of: str, expected: int | None) -> None:
        """Nothing is shown."""

    def had(self, runs: int) -> None:
        """Nothing is shown."""

    def saw(self, seen: Seen) -> None:
        """Nothing is shown."""

    def shrunk(self, breaches: int) -> None:
        """Nothing is shown."""

    def beat(self) -> None:
        """Nothing is shown."""
