"""A text for people: nothing in it steers a terminal; a notice is one line, not too long, without credentials (I11).

Nothing here knows a real key: a provider may echo one that this agent never had.
"""

from __future__ import annotations

import re

__all__ = ["one_line", "printable", "redact"]

_LONGEST = 300
# Single characters and no sequences: these may come in pieces, and without its first character none is one.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CONTROLS_THAT_DIVIDE_NO_WORDS = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_BY_LOOK = re.compile(
    r"""
    (?:\b|(?<=\\[nrt]))  # a word begins, also behind a line break that is escaped
    (?: (?:sk|pk|rk|gsk|xai|tgp|fw|nvapi|hf)[-_][\w*.-]{3,}[\w*]  # prefixes of the providers' keys
      | AIza[\w*-]{10,}                                           # Google's
      | eyJ[\w-]{8,}(?:\.[\w-]+){1,2}                             # JSON web tokens
    )
    """,
    re.VERBOSE,
)
_BY_PLACE = re.compile(
    r"""
      ( (?:key|token|secret)(?:[ ]provided)? [\\"'`]* \s* [:=] [\s\\"'`(]*  # in quotes, or in JSON within JSON, too
      | \bbearer\s+
      ) [^\s\\"'`;)]{8,}
    """,
    re.VERBOSE | re.IGNORECASE,
)


def redact(text: str) -> str:
    """`text` with everything that looks like a credential, or stands where one is named, replaced by `[key]`."""
    return _BY_PLACE.sub(r"\1[key]", _BY_LOOK.sub("[key]", text))


def printable(text: str) -> str:
    """`text` without what a terminal would obey instead of showing it; line breaks and tabs stay."""
    return _CONTROLS.sub("", text)


def one_line(text: str) -> str:
    """`text` in one redacted line of at most 300 characters, none of them a control character."""
    line = " ".join(redact(_CONTROLS_THAT_DIVIDE_NO_WORDS.sub("", text)).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
