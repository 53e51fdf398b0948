"""Texts that match a regular expression, in the syntax that JSON schemas use (ECMA 262, its regular part).

Read into a tree, from which texts of a wanted length are made; what is no part of the text (anchors, look-around) is
only looked at afterwards, by Python's own `re`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from faultlab.content.draw import Draw
from faultlab.content.nodes import MOST_REPEATS, Assertion, Chars, Either, Node, Ranges, Repeat, Row, bits, inverted

__all__ = ["Pattern", "pattern"]

_WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
_CLASSES: dict[str, Ranges] = {
    "d": ((48, 57),),
    "w": _WORD,
    "s": ((9, 13), (32, 32), (160, 160), (0xFEFF, 0xFEFF)),
}
_CONTROLS = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "0": 0}
_LINE_ENDS: Ranges = ((10, 10), (13, 13), (0x2028, 0x2029))
_ANYTHING = Repeat(Chars(((97, 122),)), 0, None)
"""What may stand before or behind a match, where the text has to be longer."""

_ROOM = 48
"""Characters beyond the shortest text that are looked at."""

_CHOSEN_FROM = 12
"""Lengths that a text may have: the shortest ones."""

_TRIES = 24
"""Texts that are made of each kind, as some of them break what is only asserted."""


@dataclass(frozen=True)
class Pattern:
    """A regular expression that was read."""

    root: Node
    compiled: re.Pattern[str] = field(repr=False)

    def found_in(self, text: str) -> bool:
        """Whether it matches somewhere, as a schema asks."""
        return self.compiled.search(text) is not None

    def texts(self, at_least: int, at_most: int | None, draw: Draw) -> Iterator[str]:
        """Texts of that many characters that match; none where there is no such length, or none was found."""
        room = max(at_least, self.root.shortest) + _ROOM
        cap = room if at_most is None else min(room, at_most)
        for root in (self.root, Row((self.root, _ANYTHING)), Row((_ANYTHING, self.root))):
            fitting = [size for size in bits(root.lengths(cap)) if size >= at_least][:_CHOSEN_FROM]
            made = (root.made(draw.choice(fitting), draw) for _ in range(_TRIES) if fitting)
            yield from filter(self.found_in, made)


@lru_cache(maxsize=512)
def pattern(text: str) -> Pattern:
    """Read a regular expression. Raises ValueError for what is not understood, with the sentence why."""
    reader = _Reader(text)
    root = reader.either()
    if reader.left:
        raise ValueError(f"an unmatched {reader.left[0]!r} in the pattern {text!r:.80}")
    return Pattern(root, re.compile(root.regex()))


class _Reader:
    """Reads from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def left(self) -> str:
        return self._text[self._at :]

    def _takes(self, word: str) -> bool:
        if not self._text.startswith(word, self._at):
            return False
        self._at += len(word)
        return True

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise ValueError(f"the pattern {self._text!r:.80} breaks off")
        self._at += 1
        return self._text[self._at - 1]

    def _refusal(self, what: str) -> ValueError:
        return ValueError(f"{what} in the pattern {self._text!r:.80} is beyond what texts can be made for")

    def either(self) -> Node:
        options = [self._row()]
        while self._takes("|"):
            options.append(self._row())
        return options[0] if len(options) == 1 else Either(tuple(options))

    def _row(self) -> Node:
        parts: list[Node] = []
        while self.left and self.left[0] not in "|)":
            parts.append(self._repeated(self._atom()))
        return parts[0] if len(parts) == 1 else Row(tuple(parts))

    def _repeated(self, atom: Node) -> Node:
        bounds = self._bounds()
        if bounds is None:
            return atom
        self._takes("?")  # lazy: the same texts match
        least, most = bounds
        if (most is not None and most < least) or least > MOST_REPEATS:
            raise self._refusal(f"a repetition from {least} to {most}")
        return Repeat(atom, least, most)

    def _bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._takes(sign):
                return bounds
        found = re.match(r"\{(\d{1,6})(,?)(\d{0,6})\}", self.left)
        if found is None:
            return None
        self._at += found.end()
        least = int(found[1])
        return least, (int(found[3]) if found[3] else None) if found[2] else least

    def _atom(self) -> Node:
        sign = self._next()
        if sign == "(":
            return self._group()
        if sign == "[":
            return Chars(self._class())
        if sign == ".":
            return Chars(inverted(_LINE_ENDS))
        if sign in "^$":
            return Assertion("^" if sign == "^" else r"\Z")
        if sign == "\\":
            return self._escape()
        if sign in "*+?":
            raise self._refusal(f"{sign!r} after nothing")
        return Chars(((ord(sign), ord(sign)),))

    def _group(self) -> Node:
        opening = next((each for each in ("?=", "?!", "?<=", "?<!") if self._takes(each)), "")
        if not opening and self._takes("?") and not self._takes(":"):
            name = re.match(r"<[A-Za-z_]\w*>", self.left)
            if name is None:
                raise self._refusal(f"'(?{self.left[:1]}'")
            self._at += name.end()
        inside = self.either()
        if not self._takes(")"):
            raise ValueError(f"a group is not closed in the pattern {self._text!r:.80}")
        return Assertion(f"({opening}{inside.regex()})") if opening else inside

    def _escape(self) -> Node:
        sign = self._text[self._at : self._at + 1]
        if sign in ("b", "B"):
            self._at += 1
            return Assertion(f"(?a:\\{sign})")
        return Chars(self._escaped_chars())

    def _escaped_chars(self) -> Ranges:
        """The characters that an escape means, its backslash read."""
        sign = self._next()
        if sign.lower() in _CLASSES:
            return _CLASSES[sign] if sign.islower() else inverted(_CLASSES[sign.lower()])
        if sign in _CONTROLS:
            return ((_CONTROLS[sign], _CONTROLS[sign]),)
        if sign in "xu":
            digits = self.left[: 2 if sign == "x" else 4]
            if not re.fullmatch(r"[0-9A-Fa-f]{2}|[0-9A-Fa-f]{4}", digits):
                raise self._refusal(f"'\\{sign}{digits}'")
            self._at += len(digits)
            return ((int(digits, 16), int(digits, 16)),)
        if sign.isalnum():
            raise self._refusal(f"'\\{sign}'")
        return ((ord(sign), ord(sign)),)

    def _class(self) -> Ranges:
        negated = self._takes("^")
        found: list[tuple[int, int]] = []
        while not self._takes("]"):
            low = self._member()
            is_range = len(low) == 1 and low[0][0] == low[0][1] and self.left[:1] == "-" and self.left[1:2] != "]"
            if not is_range:
                found += low
                continue
            self._at += 1
            high = self._member()
            if len(high) != 1 or high[0][1] < low[0][0]:
                raise self._refusal("a range of characters that ends before it begins")
            found.append((low[0][0], high[0][1]))
        ranges = tuple(sorted(found))
        return inverted(ranges) if negated else ranges

    def _member(self) -> Ranges:
        sign = self._next()
        if sign != "\\":
            return ((ord(sign), ord(sign)),)
        if self._takes("b"):
            return ((8, 8),)
        return self._escaped_chars()
