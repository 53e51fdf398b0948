"""Chance by hashing: the same parts of a seed give the same numbers in every process and on every Python."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TypeVar

__all__ = ["Draw"]

_T = TypeVar("_T")
_BYTES = 16
"""Of one number: more than any bound that is asked for, so that the remainder favours nobody."""


class Draw:
    """A row of numbers, another one for other parts. What is drawn from a fork moves nothing in this one."""

    def __init__(self, *parts: object) -> None:
        told = ":".join(map(str, parts)).encode("utf-8", "surrogatepass")
        self._seed = hashlib.blake2b(told, digest_size=_BYTES).digest()
        self._drawn = 0

    @property
    def name(self) -> str:
        """What tells this row from any other."""
        return self._seed.hex()

    def fork(self, *parts: object) -> Draw:
        """A row of its own for a part of what is made."""
        return Draw(self.name, *parts)

    def below(self, bound: int) -> int:
        """A number from 0, below `bound`."""
        self._drawn += 1
        made = hashlib.blake2b(self._drawn.to_bytes(8, "big"), key=self._seed, digest_size=_BYTES)
        return int.from_bytes(made.digest(), "big") % bound

    def between(self, low: int, high: int) -> int:
        """A number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def happens(self, times: int, of: int) -> bool:
        """True so many times of so many."""
        return self.below(of) < times

    def choice(self, items: Sequence[_T]) -> _T:
        """One of them."""
        return items[self.below(len(items))]

    def permuted(self, items: Iterable[_T]) -> list[_T]:
        """All of them, in any order."""
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(len(left))]

    def digits(self, count: int) -> str:
        """So many decimal digits."""
        return "".join(str(self.below(10)) for _ in range(count))
