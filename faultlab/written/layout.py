"""Plain values as YAML in the style of a file that people wrote: what fits in a line is one, the rest stands in blocks.

PyYAML's emitter has one style for a whole document, and breaks lines where nobody would; this is less than its options.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from faultlab.written.scalars import is_printable, word

__all__ = ["laid_out"]

_LINE: Final = 120
_FLOW: Final = 100
"""Columns at which a mapping or a list in one line ends; more is not read at a glance."""

_LONGEST_KEY: Final = 500
"""Characters of a key that stands before its colon; YAML asks for a question mark above some thousand bytes."""

_STEP: Final = 2


def laid_out(values: Mapping[str, Any], opened: Collection[str] = ()) -> str:
    """The document. What stands under the keys `opened` is never one line."""
    return (
        "\n".join(line for name, value in values.items() for line in _pair(name, value, 0, is_open=name in opened))
        + "\n"
    )


def _pair(name: str, value: Any, indent: int, *, is_open: bool = False) -> Iterator[str]:
    key = word(name, in_flow=True)
    if len(key) > _LONGEST_KEY:
        yield f"{' ' * indent}? {key}"
        key = ""
    yield from _behind(f"{' ' * indent}{key}:", value, indent + _STEP, is_open=is_open)


def _behind(head: str, value: Any, indent: int, *, is_open: bool = False) -> Iterator[str]:
    """A value behind its key: in the same line, or in lines of its own from `indent` on."""
    if not isinstance(value, Mapping | list):
        first, *others = _scalar(value, indent, _LINE - len(head) - 1)
        yield f"{head} {first}"
        yield from others
        return
    line = None if is_open and value else _flow(value, _FLOW - len(head) - 1)
    if line is not None:
        yield f"{head} {line}"
        return
    yield head
    yield from _block(value, indent)


def _block(value: Any, indent: int) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, child in value.items():
            yield from _pair(name, child, indent)
        return
    for child in value:
        yield from _item(child, indent)


def _item(value: Any, indent: int) -> Iterator[str]:
    dash = f"{' ' * indent}-"
    line = _flow(value, _FLOW - len(dash) - 1) if isinstance(value, Mapping | list) else None
    if line is not None or not isinstance(value, Mapping | list):
        yield from _behind(dash, value, indent + _STEP)
        return
    first, *others = _block(value, indent + _STEP)
    yield f"{dash} {first.lstrip(' ')}"
    yield from others


def _flow(value: Any, room: int) -> str | None:
    """The value in one line; None if there is no room for it."""
    if not isinstance(value, Mapping | list):
        return _fitting(word(value, in_flow=True), room) if not isinstance(value, str) or len(value) <= room else None
    opening, closing = "{}" if isinstance(value, Mapping) else "[]"
    if not value:
        return opening + closing
    parts: list[str] = []
    left = room - 2
    for name, child in _children(value):
        if left < 0 or len(name) > _LONGEST_KEY:
            return None
        part = _flow(child, left - len(name))
        if part is None:
            return None
        parts.append(name + part)
        left -= len(parts[-1]) + 2
    return _fitting(f"{opening}{', '.join(parts)}{closing}", room)


def _children(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((f"{word(name, in_flow=True)}: ", child) for name, child in value.items())
    else:
        yield from (("", child) for child in value)


def _fitting(line: str, room: int) -> str | None:
    return line if len(line) <= room else None


def _scalar(value: Any, indent: int, room: int) -> list[str]:
    """A scalar outside of brackets: a word, or for a text with more than a line the lines of a block."""
    if not isinstance(value, str) or (len(value) <= room and "\n" not in value):
        return [word(value, in_flow=False)]
    return _literal(value, indent) or _folded(value, indent) or [word(value, in_flow=False)]


def _literal(text: str, indent: int) -> list[str] | None:
    """The lines of a text as they are; None where that would not read back, or is not seen."""
    lines = text.rstrip("\n").split("\n")
    if "\n" not in text or not lines[0] or text[0] == " ":
        return None
    if not all(is_printable(line) and not line.endswith(" ") for line in lines):
        return None
    ends = len(text) - len(text.rstrip("\n"))
    mark = "|-" if ends == 0 else "|" if ends == 1 else "|+"
    written = [f"{' ' * indent}{line}" if line else "" for line in lines]
    return [mark, *written, *([""] * (ends - 1))]


def _folded(text: str, indent: int) -> list[str] | None:
    """A long sentence over several lines; None where a break would not read back as the space that it was."""
    if not is_printable(text):
        return None
    lines = textwrap.wrap(text, _LINE - indent, break_long_words=False, break_on_hyphens=False)
    if " ".join(lines) != text or any(line.startswith(" ") for line in lines):
        return None
    return [">-", *(f"{' ' * indent}{line}" for line in lines)]
