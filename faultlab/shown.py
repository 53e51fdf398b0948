"""What may be shown to people: no credential, wherever one may have got to, and nothing that steers a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from faultlab.wire import REDACTED

__all__ = ["printable", "without"]

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def without(secrets: Iterable[str], text: str) -> str:
    """The text with every credential crossed out."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, REDACTED)
    return text


def printable(text: str) -> str:
    """The text with each control character, line breaks and tabs apart, written out: a terminal would obey it."""
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
