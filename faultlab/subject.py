"""What a campaign is about: a target with the configuration that it has, healthy, and what can be read off that alone.

Values only. Who reads a user's own configuration, and who breaks what it names, is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass

from faultlab.policies import Rules
from faultlab.scenario import Scenario
from faultlab.verdict import Place

__all__ = ["Finding", "Subject"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a configuration says of itself before anything runs.

    `code` is one of `no_key`, `unknown_provider`, `same_backend`, `no_fallback`, `smaller_window` or a later one,
    `text` the sentence, `mend` the lines of config.yaml that would mend it, `place` where in it (None: nowhere yet).
    """

    code: str
    text: str
    mend: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """A healthy scenario to break: no faults, no expectations, only made-up keys.

    `shown` is the file as its user named it, `digest` of its bytes and of those beside it that were read, so that a
    later look tells whether they changed. `rules` None: only the invariants are held.
    """

    shown: str
    healthy: Scenario
    findings: tuple[Finding, ...] = ()
    digest: str = ""
    rules: Rules | None = None
