"""The parts of a regular expression: which lengths a text of each can have, and such a text. Only Python's syntax here.

Lengths are sets of numbers as the bits of one: a text is made by choosing a length first and what comes to it then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from faultlab.content.draw import Draw

__all__ = ["MOST_REPEATS", "Assertion", "Chars", "Either", "Node", "Ranges", "Repeat", "Row", "bits", "inverted"]

Ranges = tuple[tuple[int, int], ...]

_LAST: int = 0x10FFFF
_LETTERS: Ranges = ((65, 90), (97, 122))
_LIKED: tuple[Ranges, ...] = (((97, 122),), ((48, 57), *_LETTERS), ((32, 126),), ((161, 0x24F),))
"""What a class that allows nearly everything is filled with, the plainest first."""

_FEW = 128
"""Characters of a class that somebody wrote out: each of them is as good."""

MOST_REPEATS = 1000
"""Of one part: more than any text that is asked for."""


def inverted(ranges: Ranges) -> Ranges:
    """Every character that is in none of these."""
    made, start = [], 0
    for low, high in sorted(ranges):
        if low > start:
            made.append((start, low - 1))
        start = max(start, high + 1)
    return (*made, (start, _LAST)) if start <= _LAST else tuple(made)


def _common(ranges: Ranges, liked: Ranges) -> Ranges:
    return tuple(
        (max(low, first), min(high, last))
        for low, high in ranges
        for first, last in liked
        if max(low, first) <= min(high, last)
    )


@dataclass(frozen=True, slots=True)
class Chars:
    """One character of these."""

    ranges: Ranges

    @property
    def shortest(self) -> int:
        """As every node: the least length that there could be."""
        return 1

    def lengths(self, _cap: int) -> int:
        """As every node: a bit for each length that is to be had, up to a bound."""
        return 0b10 if self.ranges else 0

    def made(self, _length: int, draw: Draw) -> str:
        """As every node: a text of this length, which is one of `lengths`."""
        few = sum(high - low + 1 for low, high in self.ranges) <= _FEW
        kinds = _LIKED[2:] if few else _LIKED
        liked = next(filter(None, (_common(self.ranges, liked) for liked in kinds)), self.ranges)
        place = draw.below(sum(high - low + 1 for low, high in liked))
        for low, high in liked:
            if place > high - low:
                place -= high - low + 1
            else:
                break
        return chr(low + place)

    def regex(self) -> str:
        """As every node: the same in Python's syntax."""
        return (
            f"[{''.join(f'{_escaped(low)}-{_escaped(high)}' for low, high in self.ranges)}]" if self.ranges else "(?!)"
        )


def _escaped(code: int) -> str:
    return f"\\U{code:08x}"


@dataclass(frozen=True, slots=True)
class Assertion:
    """Something that takes no room: an anchor, a boundary, look-around."""

    written: str

    @property
    def shortest(self) -> int:
        """None at all."""
        return 0

    def lengths(self, _cap: int) -> int:
        """None at all."""
        return 1

    def made(self, _length: int, _draw: Draw) -> str:
        """Nothing."""
        return ""

    def regex(self) -> str:
        """Itself."""
        return self.written


@dataclass(frozen=True, slots=True)
class Row:
    """One after the other."""

    parts: tuple[Node, ...]

    @property
    def shortest(self) -> int:
        """Their sum."""
        return sum(part.shortest for part in self.parts)

    def lengths(self, cap: int) -> int:
        """The sums."""
        return self._lengths_on(cap)[0]

    def _lengths_on(self, cap: int) -> list[int]:
        """For each part: what it and all behind it come to; at the end nothing."""
        found = [1]
        for part in reversed(self.parts):
            found.append(_sums(part.lengths(cap), found[-1], cap))
        return found[::-1]

    def made(self, length: int, draw: Draw) -> str:
        """Each part as long as leaves the others a length that they can have."""
        behind = self._lengths_on(length)[1:]
        made, left = [], length
        for part, rest in zip(self.parts, behind, strict=True):
            own = part.lengths(left)
            fitting = [size for size in bits(own) if size <= left and rest >> (left - size) & 1]
            size = draw.choice(fitting)
            made.append(part.made(size, draw))
            left -= size
        return "".join(made)

    def regex(self) -> str:
        """One after the other."""
        return "".join(part.regex() for part in self.parts)


@dataclass(frozen=True, slots=True)
class Either:
    """One of several."""

    options: tuple[Node, ...]

    @property
    def shortest(self) -> int:
        """That of the shortest."""
        return min(option.shortest for option in self.options)

    def lengths(self, cap: int) -> int:
        """Those of all."""
        found = 0
        for option in self.options:
            found |= option.lengths(cap)
        return found

    def made(self, length: int, draw: Draw) -> str:
        """One that can be so long."""
        return draw.choice([each for each in self.options if each.lengths(length) >> length & 1]).made(length, draw)

    def regex(self) -> str:
        """In a group."""
        return f"(?:{'|'.join(option.regex() for option in self.options)})"


@dataclass(frozen=True, slots=True)
class Repeat:
    """So many times."""

    part: Node
    least: int
    most: int | None

    @property
    def shortest(self) -> int:
        """As few as there may be."""
        return self.part.shortest * self.least

    def _by_count(self, cap: int) -> Iterator[tuple[int, int]]:
        """A number of times, and the lengths that it comes to; more of them only while they grow."""
        once, found = self.part.lengths(cap), 1
        for count in range(min(MOST_REPEATS, self.most if self.most is not None else MOST_REPEATS) + 1):
            if count >= self.least and found:
                yield count, found
            grown = _sums(once, found, cap)
            if not grown or (grown == found and count >= self.least):
                return
            found = grown

    def lengths(self, cap: int) -> int:
        """Those of every number of times."""
        found = 0
        for _, lengths in self._by_count(cap):
            found |= lengths
        return found

    def made(self, length: int, draw: Draw) -> str:
        """By a number of times that can be so long."""
        counts = [count for count, lengths in self._by_count(length) if lengths >> length & 1]
        return Row((self.part,) * draw.choice(counts)).made(length, draw)

    def regex(self) -> str:
        """With both bounds."""
        return f"(?:{self.part.regex()}){{{self.least},{'' if self.most is None else self.most}}}"


Node = Chars | Assertion | Row | Either | Repeat


def _sums(one: int, other: int, cap: int) -> int:
    found = 0
    for size in bits(one):
        found |= other << size
    return found & ((1 << (cap + 1)) - 1)


def bits(lengths: int) -> list[int]:
    """The lengths, the shortest first."""
    return [size for size in range(lengths.bit_length()) if lengths >> size & 1]
