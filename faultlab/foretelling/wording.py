"""The sentences that a user is told, made of the policy's own words."""

from __future__ import annotations

import re
from typing import Final

from faultlab.foretelling.setting import Whom
from faultlab.policies import Rules

__all__ = ["in_one_line", "notice", "reason_told"]

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
"""What would steer a terminal, and divides no words."""


def notice(rules: Rules, left: Whom, to: Whom, decided_by: str) -> str:
    """The one line that tells of the switch; as far as the policy has words for the reason."""
    row = rules.row(decided_by)
    why = row.told if row else ""
    sentence = rules.texts.switched if why else rules.texts.switched.partition("{why}")[0].rstrip()
    named = f"{left.backend.provider} ({left.backend.model})" if left.problem is None else rules.texts.unaskable
    return sentence.format(left=named, provider=to.backend.provider, model=to.backend.model, why=why)


def reason_told(rules: Rules, provider: str, decided_by: str) -> str:
    """Who failed, and why, as it stands in the sentence that ends a turn."""
    row = rules.row(decided_by)
    return f"{provider}: {row.told}" if row and row.told else ""


def in_one_line(words: str) -> str:
    """A provider's own words as a user is told them."""
    return " ".join(_CONTROLS.sub("", words).split())
