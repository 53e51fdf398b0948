"""One scalar as a word of YAML that reads back as the same value: plain where that is safe, else in quotes."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from faultlab.errors import HarnessError
from faultlab.loader.tree import scalar

__all__ = ["is_printable", "word"]

_FIRST_OF_OTHERS: Final = frozenset("-?:,[]{}#&*!|>'\"%@`<=")
"""With which a plain word would begin something else, or be taken for it by a reader of another version of YAML."""

_WITHIN_OTHERS: Final = re.compile(r": | #|:$")
_WITHIN_FLOW: Final = re.compile(r"[,\[\]{}:?]")

_TAKEN_FOR_OTHERS: Final = frozenset(("yes", "no", "on", "off"))
"""Words that older readers take for truth values. Ours does not, but people use others, too."""

_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_MOST_DIGITS: Final = 300
"""Of a number that reads back as one."""


def word(value: Any, *, in_flow: bool) -> str:
    """The scalar in one line; `in_flow`: within brackets or as a key, where more needs quotes."""
    if isinstance(value, str):
        return value if _is_plain(value, in_flow=in_flow) else _quoted(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return _digits(value)
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    return repr(float(value))


def is_printable(text: str) -> bool:
    """Whether it can stand in a file as it is: without breaks, controls, or spaces that are none."""
    return text.isprintable()


def _is_plain(text: str, *, in_flow: bool) -> bool:
    if not text or text != text.strip() or not is_printable(text) or scalar(text) != text:
        return False
    if text[0] in _FIRST_OF_OTHERS or text.startswith("...") or text.lower() in _TAKEN_FOR_OTHERS:
        return False
    return not _WITHIN_OTHERS.search(text) and not (in_flow and _WITHIN_FLOW.search(text))


def _quoted(text: str) -> str:
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(letter: str) -> str:
    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if is_printable(letter):
        return letter
    code = ord(letter)
    if 0xD800 <= code <= 0xDFFF:  # noqa: PLR2004  # half a character, which UTF-8 does not have
        raise HarnessError(f"no file can hold the half of a character {letter!r}")
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004


def _digits(number: int) -> str:
    written = str(number)
    if len(written.lstrip("-")) > _MOST_DIGITS:
        raise HarnessError(f"a number of more than {_MOST_DIGITS} digits reads back as none")
    return written
