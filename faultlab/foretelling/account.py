"""What a turn is foretold to come to: written down while it is worked out."""

from __future__ import annotations

from dataclasses import dataclass, field

from faultlab.foretelling.screen import Screen
from faultlab.foretelling.talk import Line
from faultlab.policies.rules import NO_FAILURE

__all__ = ["Account", "ForetoldRequest"]


@dataclass(slots=True)
class ForetoldRequest:
    """One request: to whom (`primary`, `fallback`), for how much output, and what of the conversation it has to hold.

    `lines` only where a compression, the switch or a tool stands before it: then it has to hold these, from number
    `told_from` on word for word, and no others.
    """

    to: str
    max_tokens: int | None
    lines: tuple[Line, ...] = ()
    told_from: int = 0


@dataclass(slots=True)
class Account:
    """The account of one turn. `decided_by` names the line of the policy that the turn came to.

    `told_from` is the first message that the next request is looked at for; None: it is like the one before.
    `words` are those that a provider chose for the last failure, where a scenario has written them.
    `blurred`: from the wire nobody can tell how often it was compressed, as other messages are gone as well.
    """

    started_s: float
    decided_by: str = NO_FAILURE
    told_from: int | None = None
    requests: list[ForetoldRequest] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    compressions: int = 0
    renewals: int = 0
    tool_runs: dict[str, int] = field(default_factory=dict)
    switch: str | None = None
    after_calls: int = 0
    outcome: str = "completed"
    failure: str | None = None
    refused: str | None = None
    reply: str = ""
    final_model: str = ""
    ended_s: float = 0.0
    blurred: bool = False
    notice: str = ""
    words: str = ""
    provider: str = ""
    screen: Screen = field(default_factory=Screen)
