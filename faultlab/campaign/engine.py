"""Goes through the passes: hands out what is not there yet, keeps what comes, shows each round to its pass."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Executor
from typing import Final

from faultlab.campaign.crew import Crew, done
from faultlab.campaign.kept import Kept
from faultlab.campaign.shrinking import Shrinking, kept
from faultlab.campaign.smallest import Smallest, breaches_in
from faultlab.campaign.watch import Watch
from faultlab.campaign.work import Piece, Work
from faultlab.passes.base import Pass, Range
from faultlab.results import Results
from faultlab.subject import Subject

__all__ = ["cut", "gaps", "run"]

_SHRINKING: Final = "shrinking"
"""What the last part of a campaign is called for those who watch."""

_WINDOW: Final = 1024
"""Numbers that are looked up at a time: those that are there already are many, when a long campaign goes on."""


class _Stopped(Exception):
    """Whoever watches said so."""


def run(subject: Subject, passes: Sequence[Pass], results: Results, crew: Crew, watch: Watch) -> bool:
    """Play what is not in the results yet, to the end; False: it was told to stop before.

    What broke is made small and written beside the results. Raises HarnessError when it cannot go on. In either case
    `run` goes on where it was when it is called again.
    """
    if _is_through(passes, results):
        return True
    try:
        with crew.executor() as executor:
            _Going(subject, results, executor, crew, watch).through(passes)
    except _Stopped:
        return False
    return True


def _is_through(passes: Sequence[Pass], results: Results) -> bool:
    if not {each.name for each in passes} <= results.ended().keys():
        return False
    there = {found.breach for found in results.found()}
    return all(breaches_in(results, each.name) <= there for each in passes)


class _Going:
    """A campaign under way."""

    def __init__(self, subject: Subject, results: Results, executor: Executor, crew: Crew, watch: Watch) -> None:
        self._subject = subject
        self._work = Work.on(subject, crew.patience_s)
        self._results = results
        self._executor = executor
        self._crew = crew
        self._watch = watch
        self._smallest = Smallest()

    def through(self, passes: Sequence[Pass]) -> None:
        """One pass after the other, and then what broke in all of them."""
        for place, each in enumerate(passes):
            self._pass(each, place)
        self._shrink()

    def _pass(self, each: Pass, place: int) -> None:
        """Round by round, until it says why it is through; one that was through before plays nothing more."""
        was_through = each.name in self._results.ended()
        self._watch.begins(each.name, each.expected(self._subject))
        rounds = each.rounds(self._subject)
        try:
            ranges = next(rounds)
            while self._round(ranges, only_look=was_through):
                for part in ranges:
                    self._smallest.look(self._results, place, part)
                ranges = rounds.send(Kept(self._results, ranges))
        except StopIteration as through:
            if not was_through:
                self._results.end(each.name, through.value)
        finally:
            rounds.close()

    def _round(self, ranges: Sequence[Range], *, only_look: bool) -> bool:
        """Play what is missing of a round; with `only_look` nothing is played, and False says that some is missing."""
        pieces = self._pieces(ranges)
        if only_look:
            return next(pieces, None) is None
        for runs in done(pieces, self._executor, self._crew, self._beat):
            self._results.keep([seen.row for seen in runs])
            for seen in runs:
                self._watch.saw(seen)
        return True

    def _pieces(self, ranges: Sequence[Range]) -> Iterator[Piece]:
        for part in ranges:
            for some in cut(part.numbers, _WINDOW):
                there = self._results.numbers(part.of, some)
                self._watch.had(len(there))
                for gap in gaps(some, there):
                    for numbers in cut(gap, self._crew.most):
                        yield Piece(self._work, part.cut(numbers))

    def _shrink(self) -> None:
        broke = self._smallest.broke({found.breach for found in self._results.found()})
        if not broke:
            return
        self._watch.begins(_SHRINKING, sum(len(names) for _, names in broke))
        jobs = (Shrinking(self._work, each.part, each.breaches(self._results, names)) for each, names in broke)
        for made in done(jobs, self._executor, self._crew, self._beat):
            for small in made:
                kept(self._results, small, self._smallest.runs, self._subject.rules)
                self._watch.shrunk(len(small.shows))

    def _beat(self) -> None:
        self._watch.beat()
        if self._watch.stops:
            raise _Stopped


def cut(numbers: range, most: int) -> Iterator[range]:
    """The same numbers in ranges of at most so many."""
    return (numbers[first : first + most] for first in range(0, len(numbers), most))


def gaps(numbers: range, there: Collection[int]) -> Iterator[range]:
    """The ranges of those that are not there."""
    start = numbers.start
    for number in (*sorted(there), numbers.stop):
        if start < number:
            yield range(start, number)
        start = number + 1
