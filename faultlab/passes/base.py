"""What a pass is: it names ranges of trials, round by round, and is shown what came of each before it names more.

It plays nothing and stores nothing, so its trials are the same whoever plays them, where, and in which order.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Protocol

from faultlab.subject import Subject
from faultlab.trial import Record, Trial

__all__ = ["Pass", "Range", "Rounds"]


class Range(Protocol):
    """A piece of a pass that can be handed to any process: it knows its trials by their numbers, and makes them there.

    Frozen, small and picklable.
    """

    @property
    def of(self) -> str:
        """The pass that it is a piece of."""

    @property
    def numbers(self) -> range:
        """The numbers of its trials, none of which any other range of the pass has."""

    def cut(self, numbers: range) -> Range:
        """The part of it that has these numbers."""

    def trials(self, subject: Subject) -> Iterator[Trial]:
        """Its trials, in the order of their numbers."""


Rounds = Generator[Sequence[Range], Sequence[Record], str]
"""Yields the ranges of a round, is sent the round's records in the order of their numbers, and returns in words why it
is through (`all 2,304 cells`, `depth 8`, `2,000 runs`)."""


class Pass(Protocol):
    """One way to choose what is tried."""

    @property
    def name(self) -> str:
        """What it is called in results and reports."""

    def rounds(self, subject: Subject) -> Rounds:
        """All that it tries, from the beginning."""

    def expected(self, subject: Subject) -> int | None:
        """How many trials it will come to; None when nobody knows beforehand. For the live line only."""
