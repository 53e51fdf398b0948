"""Goes through the passes: hands out what is not there yet, keeps what comes, shows each round to its pass."""

from __future__ import annotations

import pickle
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from itertools import islice
from typing import Final

from faultlab.campaign.child import GaveUp
from faultlab.campaign.crew import Crew
from faultlab.campaign.kept import Kept
from faultlab.campaign.smallest import Smallest
from faultlab.campaign.watch import Watch
from faultlab.campaign.work import Piece, Seen, our_version
from faultlab.errors import FaultlabError, HarnessError
from faultlab.passes.base import Pass, Range
from faultlab.results import Results
from faultlab.runner import OUT_OF_MEMORY
from faultlab.subject import Subject

__all__ = ["cut", "gaps", "run"]

_LOOK_S: Final = 0.1
"""How often those who watch are asked whether to stop, when nothing else happens."""

_WINDOW: Final = 1024
"""Numbers that are looked up at a time: those that are there already are many, when a long campaign goes on."""


class _Stopped(Exception):  # what happened, not a mistake
    """Whoever watches said so."""


def run(subject: Subject, passes: Sequence[Pass], results: Results, crew: Crew, watch: Watch) -> bool:
    """Play what is not in the results yet, to the end; False: it was told to stop before.

    Raises HarnessError when it cannot go on; in either case `run` goes on another time where it was.
    """
    if _is_through(passes, results):
        return True
    smallest = Smallest()
    try:
        with crew.executor() as executor:
            for place, each in enumerate(passes):
                _Going(subject, results, executor, crew, watch).through(each, place, smallest)
    except _Stopped:
        return False
    return True


def _is_through(passes: Sequence[Pass], results: Results) -> bool:
    return {each.name for each in passes} <= results.ended().keys()


class _Going:
    """Going through one pass."""

    def __init__(self, subject: Subject, results: Results, executor: Executor, crew: Crew, watch: Watch) -> None:
        self._subject = subject
        self._packed = pickle.dumps(subject)
        self._results = results
        self._executor = executor
        self._crew = crew
        self._watch = watch

    def through(self, each: Pass, place: int, smallest: Smallest) -> None:
        """Round by round, until it says why it is through; one that was through before plays nothing more."""
        was_through = each.name in self._results.ended()
        self._watch.begins(each.name, each.expected(self._subject))
        rounds = each.rounds(self._subject)
        try:
            ranges = next(rounds)
            while self._round(ranges, only_look=was_through):
                for part in ranges:
                    smallest.look(self._results, place, part)
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
        self._play(pieces)
        return True

    def _pieces(self, ranges: Sequence[Range]) -> Iterator[Piece]:
        for part in ranges:
            for some in cut(part.numbers, _WINDOW):
                there = self._results.numbers(part.of, some)
                self._watch.had(len(there))
                for gap in gaps(some, there):
                    for numbers in cut(gap, self._crew.most):
                        yield Piece(self._packed, part.cut(numbers), our_version())

    def _play(self, pieces: Iterator[Piece]) -> None:
        pending: dict[Future[list[Seen]], Piece] = {}
        while True:
            for piece in islice(pieces, self._crew.ahead - len(pending)):
                pending[self._crew.submit(self._executor, piece)] = piece
            if not pending:
                return
            done, _ = wait(pending, _LOOK_S, FIRST_COMPLETED)
            self._keep([seen for future in done for seen in _settled(future, pending.pop(future))])
            self._watch.beat()
            if self._watch.stops:
                raise _Stopped

    def _keep(self, runs: list[Seen]) -> None:
        if not runs:
            return
        self._results.keep([seen.row for seen in runs])
        for seen in runs:
            self._watch.saw(seen)


def _settled(future: Future[list[Seen]], piece: Piece) -> list[Seen]:
    """What came of a piece: records, or the trouble that there was."""
    try:
        return future.result()
    except GaveUp as why:
        return piece.trouble(str(why))
    except MemoryError:
        return piece.trouble(OUT_OF_MEMORY)
    except FaultlabError:
        raise
    except (Exception, CancelledError) as error:  # whatever an executor of somebody else's raises
        raise HarnessError(f"those who play could not go on: {type(error).__name__}: {error}") from error


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
