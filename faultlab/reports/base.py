"""What every report does: it leaves out credentials, wherever one may have got to, and steers no terminal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from faultlab.runner import Run
from faultlab.verdict import Outcome
from faultlab.wire import REDACTED

__all__ = ["counted", "printable", "without"]

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


def counted(runs: Iterable[Run]) -> dict[Outcome, int]:
    """How many ended how; every outcome is there."""
    found = Counter(run.verdict.outcome for run in runs)
    return {outcome: found[outcome] for outcome in Outcome}
