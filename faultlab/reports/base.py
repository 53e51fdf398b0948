"""What every report does: it leaves out credentials, steers no terminal, and counts outcomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from faultlab.runner import Run
from faultlab.shown import printable, without
from faultlab.verdict import Outcome

__all__ = ["counted", "printable", "without"]


def counted(runs: Iterable[Run]) -> dict[Outcome, int]:
    """How many ended how; every outcome is there."""
    found = Counter(run.verdict.outcome for run in runs)
    return {outcome: found[outcome] for outcome in Outcome}
