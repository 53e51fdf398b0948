"""What happened: exchanges on the wire and the turns they belong to. Recorded once, judged later.

An exchange keeps references to what was sent, never a copy; text is made of it only when somebody asks for a report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import RLock

from faultlab.wire import Event, Request

__all__ = ["GENERIC_SHAPE", "Exchange", "ToolUse", "Trace", "Turn", "TurnEnd"]

GENERIC_SHAPE = "generic: "
"""How the shape of an error begins that stands for one that is not known."""


@dataclass(slots=True)
class Exchange:
    """One request and what was answered.

    `n` counts from 1 over the whole trace. `faults` are the names of the faults that answered or changed the answer;
    `wasted` those that could not apply to what they met. `side` is a request for no answer (models, a 404, a
    `renewal` at a token endpoint). `unexpected`: no answer was left, the connection was closed without a byte; `missed`
    tells why no recording was one, where answers come from a cassette. `recording` is the number of the one that was.
    `key_of` names the upstream whose key (at a token endpoint: refresh token) the request carried (`none`: no key at
    all, `unknown`: nobody's, `unknown 2`: another one that is nobody's). `unread`: the connection failed before there
    was a request on it; what was asked is not known. `limited`: refused with nothing planned, for a limit, an older
    token or a body that is no JSON object.
    `shape` is the entry of the catalogue that an error was made from, behind `GENERIC_SHAPE` where no source shows the
    provider's own. `started_s` and `ended_s` are seconds on the lab's clock. `sent` is what the upstream had to send;
    the client may have given up before all of it was played, and `status` is None unless a head was. No credential
    stands in here.
    """

    n: int
    upstream: str
    request: Request
    started_s: float
    ended_s: float = 0.0
    faults: tuple[str, ...] = ()
    wasted: tuple[str, ...] = ()
    status: int | None = None
    side: bool = False
    renewal: bool = False
    unexpected: bool = False
    missed: str | None = None
    recording: int | None = None
    limited: bool = False
    unread: bool = False
    key_of: str = "none"
    shape: str | None = None
    sent: tuple[Event, ...] = ()

    @property
    def fault(self) -> str | None:
        """The name of the only fault; None when there was none or more than one."""
        return self.faults[0] if len(self.faults) == 1 else None

    def pause_s(self, until_s: float) -> float:
        """From its end until then, to the millisecond: a wait, where that is more than nothing."""
        return round(until_s - self.ended_s, 3)


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """How the agent says that a turn ended, in the words of the contract.

    `stopped` tells why it did not end by itself: it hung, never stopped asking, or crashed.
    """

    outcome: str
    failure: str | None = None
    refused: str | None = None
    reply: str = ""
    final_model: str = ""
    switch_reason: str | None = None
    tool_runs: Mapping[str, int] = field(default_factory=dict)
    error: str | None = None
    stopped: str | None = None


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One run of a tool: in which turn (from 1) and session, for which call of the model."""

    turn: int
    session: str
    call_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn: when it ran, which exchanges were its own (`first` to `last`, counted from 1), how it ended."""

    session: str
    user: str
    started_s: float
    ended_s: float
    first: int
    last: int
    end: TurnEnd
    shown: str = ""
    exit_code: int | None = None


@dataclass(slots=True)
class Trace:
    """All exchanges in the order in which they started, and the turns that they belong to.

    Whoever adds an exchange holds `lock`: several upstreams, asked from several threads, share one trace.
    """

    exchanges: list[Exchange] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    tool_calls: list[ToolUse] = field(default_factory=list)
    lock: RLock = field(default_factory=RLock, repr=False, compare=False)

    def waits_of(self, turn: Turn) -> list[tuple[float, int]]:
        """Every pause of a turn above zero, with the number of the exchange that it follows; the last ends with it."""
        exchanges = self.exchanges[turn.first - 1 : turn.last]
        ends = [*(after.started_s for after in exchanges[1:]), turn.ended_s]
        # A turn in which nobody was asked has an end, and no exchange before it.
        pauses = [(each.pause_s(end), each.n) for each, end in zip(exchanges, ends, strict=False)]
        return [(pause, n) for pause, n in pauses if pause > 0]
