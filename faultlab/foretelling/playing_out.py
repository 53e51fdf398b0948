"""How long the events of an answer take their client, and how they end for him. Pure; plays nothing."""

from __future__ import annotations

from typing import Final, NamedTuple

from faultlab.dialects import CHAT, Dialect
from faultlab.faults import Events
from faultlab.faults.base import is_stream
from faultlab.policies.rules import Timeouts
from faultlab.wire import Data, Drop, DropKind, Event, Pause

__all__ = ["Ending", "played_out"]

_PATIENCE: Final = {
    DropKind.CONNECT_TIMEOUT: "connect_s",
    DropKind.POOL_TIMEOUT: "read_s",
    DropKind.WRITE_TIMEOUT: "read_s",
}


class Ending(NamedTuple):
    """How an answer ended: `whole`, or the kind of failure that its client meets; how long that took.

    `pieces` are the events of a stream as far as they came, `complete` whether the one was there that ends an answer.
    """

    whole: bool
    kind: str | None
    took_s: float
    pieces: tuple[bytes, ...] = ()
    complete: bool = False


def played_out(events: Events, dialect: Dialect, timeouts: Timeouts) -> Ending:
    """What its client meets who has these time-outs."""
    play = _Play(is_stream(events), dialect, timeouts)
    for event in events:
        kind = play.goes_wrong(event)
        if kind is not None:
            return play.ending(kind)
        if play.complete and dialect is not CHAT:
            break
    if play.streamed and dialect.is_terminal(b"".join(play.pieces)):
        play.complete = True  # its events may come in single bytes
    return play.ending(None)


class _Play:
    def __init__(self, streamed: bool, dialect: Dialect, timeouts: Timeouts) -> None:
        self.streamed, self.complete = streamed, False
        self.pieces: list[bytes] = []
        self._dialect, self._timeouts = dialect, timeouts
        self._took_s = self._silent_s = 0.0

    def goes_wrong(self, event: Event) -> str | None:
        """Take what comes next; the kind of failure that it is, if it is one."""
        match event:
            case Pause(seconds):
                return self._pause(seconds)
            case Drop(kind):
                patience = _PATIENCE.get(kind)
                self._took_s += getattr(self._timeouts, patience) if patience else 0.0
                return "timed_out" if patience else "unreachable"
            case Data(data) if self.streamed and data:
                self.pieces.append(data)
                self.complete = self.complete or self._dialect.is_terminal(data)
        self._silent_s = 0.0
        return None

    def _pause(self, seconds: float) -> str | None:
        patience_s = self._timeouts.read_s - self._silent_s
        self._took_s += min(seconds, patience_s)
        self._silent_s += seconds
        return "timed_out" if seconds > patience_s else None

    def ending(self, kind: str | None) -> Ending:
        """How it ended for its client."""
        whole = self.complete or (kind is None and not self.streamed)
        return Ending(whole, kind, self._took_s, tuple(self.pieces), self.complete)
