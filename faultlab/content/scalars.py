"""Numbers and texts for a JSON schema: candidates within the bounds that several schemas set together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

from faultlab.content.draw import Draw
from faultlab.content.formats import FORMATS
from faultlab.content.patterns import pattern
from faultlab.content.validity import exact
from faultlab.made_up import text, words

__all__ = ["Facets", "Place", "numbers", "texts"]

_WINDOW: Final = 100
"""Steps from the one bound that is set to the other one, which is not."""

_FAR: Final = (1, 1_000, 1_000_000)
"""Steps beyond that, where no bound is: a `not` may keep everything out that is usual."""

_ALL: Final = 64
"""So few values are all of them candidates."""

_TRIES: Final = 32
_FURTHER_CHARACTERS: Final = 24
_MOST_WORDS: Final = 4
_GRIDS: Final = (1, 2, 4, 6, 9, 12, 15)
"""Decimal places, the fewest first, of numbers that no step is set for."""


class Place(NamedTuple):
    """A schema that something has to hold, and where it stands."""

    schema: Any
    path: str


class Facets(NamedTuple):
    """The plain schemas that one value has to hold all of: no choice is left in them."""

    places: tuple[Place, ...]

    def all(self, keyword: str) -> list[Any]:
        """What each of them asks there."""
        return [place.schema[keyword] for place in self.places if keyword in place.schema]

    def low(self, keyword: str) -> int:
        """The largest of lower bounds, 0 where there is none."""
        return max(self.all(keyword), default=0)

    def high(self, keyword: str) -> int | None:
        """The smallest of upper bounds."""
        return min(self.all(keyword), default=None)


def numbers(facets: Facets, draw: Draw, *, whole: bool) -> Iterator[float]:
    """Numbers within the bounds, on the steps."""
    low, high = _bounds(facets)
    steps = [exact(step) for step in facets.all("multipleOf")] + ([Fraction(1)] if whole else [])
    if steps:
        yield from (_number(made) for made in _on_grid(low, high, _common_step(steps), draw))
        return
    for places in _GRIDS:
        yield from (_number(made) for made in _on_grid(low, high, Fraction(1, 10**places), draw))
    if low is not None and high is not None:
        yield _number((low + high) / 2)


def _bounds(facets: Facets) -> tuple[Fraction | None, Fraction | None]:
    """Both ends; whether one is itself allowed is seen when the number is looked at."""
    low = [exact(each) for each in (*facets.all("minimum"), *facets.all("exclusiveMinimum"))]
    high = [exact(each) for each in (*facets.all("maximum"), *facets.all("exclusiveMaximum"))]
    return max(low, default=None), min(high, default=None)


def _common_step(steps: Sequence[Fraction]) -> Fraction:
    """The smallest number that is a multiple of each."""
    return Fraction(math.lcm(*(step.numerator for step in steps)), math.gcd(*(step.denominator for step in steps)))


def _on_grid(low: Fraction | None, high: Fraction | None, step: Fraction, draw: Draw) -> Iterator[Fraction]:
    first = None if low is None else math.ceil(low / step)
    last = None if high is None else math.floor(high / step)
    window = max(_WINDOW, math.ceil(_WINDOW / step)) if step < 1 else _WINDOW
    if first is None:
        first = 0 if last is None else min(0, last - window) if last < window else 0
    if last is None:
        last = first + window
    if last - first < _ALL:
        yield from (step * place for place in draw.permuted(range(first, last + 1)))
    else:
        yield from (step * draw.between(first, last) for _ in range(_TRIES))
        yield from (step * place for place in (first, first + 1, last - 1, last))
    for far in _FAR:
        if low is None:
            yield step * (first - far)
        if high is None:
            yield step * (last + far)


def _number(made: Fraction) -> float:
    return made.numerator if made.denominator == 1 else made.numerator / made.denominator


def texts(facets: Facets, draw: Draw) -> Iterator[str]:
    """Texts of the lengths that are asked for: of the format, of the pattern, or words."""
    low, high = facets.low("minLength"), facets.high("maxLength")
    if high is not None and low > high:
        return
    for name in filter(FORMATS.__contains__, facets.all("format")):
        yield from (FORMATS[name](draw.fork(name, number), low) for number in range(_TRIES))
    patterns = [pattern(each) for each in facets.all("pattern")]
    for each in patterns:
        yield from each.texts(low, high, draw)
    if patterns:
        return
    longest = low + _FURTHER_CHARACTERS if high is None else min(high, low + _FURTHER_CHARACTERS)
    made = (words(draw.between(1, _MOST_WORDS), draw.name, number) for number in range(_TRIES))
    yield from (each for each in made if low <= len(each) <= longest)
    yield from (text(length, draw.name) for length in range(low, longest + 1))
