"""What every report does: it leaves out credentials, wherever one may have got to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from faultlab.runner import Run
from faultlab.verdict import Outcome
from faultlab.wire import REDACTED

__all__ = ["counted", "without"]


def without(secrets: Iterable[str], text: str) -> str:
    """The text with every credential crossed out."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, REDACTED)
    return text


def counted(runs: Iterable[Run]) -> dict[Outcome, int]:
    """How many ended how; every outcome is there."""
    found = Counter(run.verdict.outcome for run in runs)
    return {outcome: found[outcome] for outcome in Outcome}
