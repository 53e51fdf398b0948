"""The records of a round as a sequence that stays in the file: nobody holds a hundred thousand of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from faultlab.passes.base import Range
from faultlab.results import Results
from faultlab.trial import Record

__all__ = ["Kept"]


class Kept(Sequence[Record]):
    """Those of some ranges of one pass, all of which are there, in the order of their numbers."""

    def __init__(self, results: Results, ranges: Sequence[Range]) -> None:
        self._results = results
        self._ranges = sorted(ranges, key=lambda part: part.numbers.start)

    def __len__(self) -> int:
        return sum(len(part.numbers) for part in self._ranges)

    def __iter__(self) -> Iterator[Record]:
        for part in self._ranges:
            yield from self._results.records(part.of, part.numbers)

    @overload
    def __getitem__(self, wanted: int) -> Record: ...
    @overload
    def __getitem__(self, wanted: slice) -> list[Record]: ...
    def __getitem__(self, wanted: int | slice) -> Record | list[Record]:
        if isinstance(wanted, slice):
            return [self[place] for place in range(*wanted.indices(len(self)))]
        place = wanted + len(self) if wanted < 0 else wanted
        for part in self._ranges:
            if 0 <= place < len(part.numbers):
                number = part.numbers[place]
                return next(self._results.records(part.of, range(number, number + 1)))
            place -= len(part.numbers)
        raise IndexError(wanted)
