"""A user's own configuration, once it was read: what a healthy scenario makes of it, and what it says of itself.

Values only. Who reads it, and who breaks what it names, is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass

from faultlab.scenario import Scenario
from faultlab.verdict import Place

__all__ = ["Finding", "OwnConfig"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a configuration says of itself before anything runs.

    `code` is one of `no_key`, `unknown_provider`, `same_backend`, `no_fallback`, `smaller_window`, `astray`,
    `unsent_key`, or of those that are no more than suspected, `text` the sentence, `mend` the lines of config.yaml that
    would mend it (a comment in them names another file), `place` where in it. `certain` is false for what only runs can
    show: until they do it is no complaint, and is not told.
    """

    code: str
    text: str
    mend: str = ""
    place: Place | None = None
    certain: bool = True


@dataclass(frozen=True, slots=True)
class OwnConfig:
    """`healthy` has made-up keys only, `findings` come in the order of what matters most."""

    healthy: Scenario
    findings: tuple[Finding, ...] = ()
