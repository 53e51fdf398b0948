"""One run of a campaign: what is tried, and what is kept of it. Small values that travel between processes.

How a trial is drawn, who plays it and where its record is stored is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from faultlab.expectations import Expectation
from faultlab.scenario import Scenario
from faultlab.timeline import COMPRESSED

__all__ = ["Breach", "Edge", "Ending", "Record", "Standing", "Step", "Stride", "Trial"]


class Standing(StrEnum):
    """What a run was worth. `not_reached`: a planned fault never fired, which is no success. `trouble`: no verdict."""

    HELD = "held"
    BROKEN = "broken"
    NOT_REACHED = "not_reached"
    TROUBLE = "trouble"


class Ending(StrEnum):
    """What the user of the last turn got, and from whom."""

    PRIMARY = "primary"
    WAITED = "primary_after_waits"
    FALLBACK = "fallback"
    COMPRESSED = "compressed"
    PARTIAL = "partial"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Stride:
    """Which edge of `explore`'s graph a trial shows: that of the request number `step` (from 1), met `by` a symbol.

    After it at most `left` more requests are of interest, each of which takes at most `seconds`, waits included, and
    brings the conversation at most `tokens`.
    """

    step: int
    by: str
    left: int
    seconds: float
    tokens: float


@dataclass(frozen=True, slots=True)
class Trial:
    """A scenario to be played: number `number` (from 0) of the pass `of`.

    `labels` say what it tries in the pass's own words (fault, at, times, side, entry …), for tables and filters.
    The record has an edge if there is a `stride`. `expected` is what its run must come to by its subject's own rules,
    where that was worked out while it was drawn; None: whoever judges it has to foretell it.
    """

    of: str
    number: int
    scenario: Scenario
    labels: tuple[tuple[str, str], ...] = ()
    stride: Stride | None = None
    expected: tuple[Expectation, ...] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Breach:
    """One thing that did not hold: `what` is an invariant (`I3`) or a line of the policy (`rate_limited.waits_s`)."""

    what: str
    expected: str
    found: str
    turn: int | None = None
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One exchange of a run, for timelines: who was asked, from when to when, what came, what was done then."""

    upstream: str
    started_s: float
    ended_s: float
    sent: str
    seen: str
    then: str = ""
    turn: int = 1

    @property
    def compressed(self) -> bool:
        """Whether the conversation was made smaller after it."""
        return f"{COMPRESSED} to " in self.then


@dataclass(frozen=True, slots=True)
class Edge:
    """One step of `explore`: from a state of the agent, by what the upstream that is `asked` does, to the next state.

    States are named by their keys, which are long and exact: two edges meet in a state if the keys are equal. For
    people (and whoever draws the graph) `shown` is a label of `before`, `then` of `after`, or how it all ended there
    ("answered", "failed: billing"). `after` None: nobody was asked any more. `waited_s` lies between the two requests,
    or before the end.
    """

    before: str
    by: str
    after: str | None
    asked: str = ""
    asked_next: str = ""
    shown: str = ""
    then: str = ""
    waited_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of a run that was played. No credential, no real time: the same trial gives the same record.

    `family` is that of its first fault (empty: none), `ending` that of its last turn; `waits` and `waited_s` are those
    of all its turns, `took_s` how long its user waited in all of them, on the virtual clock. `calls` counts requests to
    the primary and to the fallback. `covered` are the cells of coverage that it met, `reasons` the signs or the trouble
    where it was no verdict.
    """

    of: str
    number: int
    standing: Standing
    labels: tuple[tuple[str, str], ...] = ()
    family: str = ""
    ending: Ending = Ending.NONE
    failure: str | None = None
    switch: str | None = None
    waits: int = 0
    waited_s: float = 0.0
    took_s: float = 0.0
    calls: tuple[int, int] = (0, 0)
    breaches: tuple[Breach, ...] = ()
    reasons: tuple[str, ...] = ()
    covered: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    edge: Edge | None = field(default=None)
