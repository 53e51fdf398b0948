"""The control path of a served lab: what happened so far, and its clock. At a port of its own, which no fault closes.

GET trace: all exchanges, and the faults that were not reached yet. GET clock. POST clock with `advance_s`: so much time
passes at once, if it is not the machine's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from faultlab.clock import SystemClock, VirtualClock
from faultlab.providers.base import response
from faultlab.trace import Exchange
from faultlab.trace_json import crossed_out, exchange_told
from faultlab.upstream import Answer, Stage, Upstream
from faultlab.wire import Event, Pause, Request

__all__ = ["CONTROL", "Control"]

CONTROL: Final = "http://control.faultlab.invalid/_faultlab"
"""Its own URL, as upstreams have theirs."""

_FORMAT: Final = 1
"""Raised when a key changes its meaning or goes; new keys may come at any time."""

_SETTLE_S: Final = 0.005
"""Whoever hung up before he came here is noticed to be gone by then, so that his exchange ends at the time it did."""

_MOST_S: Final = 1e9

_OK, _BAD_REQUEST, _NOT_FOUND, _NOT_ALLOWED, _CONFLICT = 200, 400, 404, 405, 409


class Control(Upstream):
    """Answers like an upstream, and stands in nobody's trace."""

    def __init__(self, upstreams: Iterable[Upstream], observed: Stage) -> None:
        super().__init__("control", "faultlab", CONTROL, Stage(observed.clock))
        self._upstreams = tuple(upstreams)
        self._observed = observed

    def answer(self, request: Request, credential: str | None = None) -> Answer:
        """What is asked for, as JSON."""
        del credential  # it is served on the loopback, and tells no key
        return Answer(Exchange(0, self.name, request, self.stage.clock.now_s), self._answered(request))

    def _answered(self, request: Request) -> Iterator[Event]:
        """The events, each made when its time has come."""
        yield Pause(_SETTLE_S)
        yield from self._told(request)

    def _told(self, request: Request) -> Iterable[Event]:
        match request.method, request.url.partition("?")[0].removeprefix(f"{CONTROL}/"):
            case "GET", "trace":
                return self._trace()
            case "GET", "clock":
                return self._clock()
            case "POST", "clock":
                return self._moved(request.json)
            case _, "trace" | "clock":
                return _refused(_NOT_ALLOWED, f"{request.method} means nothing here")
        return _refused(_NOT_FOUND, "there are: trace, clock")

    def _trace(self) -> Iterable[Event]:
        stage = self._observed
        with stage.trace.lock:
            told = {
                "format": _FORMAT,
                "now_s": stage.clock.now_s,
                "exchanges": [exchange_told(exchange) for exchange in stage.trace.exchanges],
                "unreached": list(self._unreached()),
            }
        return response(_OK, crossed_out(told, stage.secrets))

    def _unreached(self) -> Iterator[dict[str, object]]:
        for upstream in self._upstreams:
            for left in upstream.schedule.unreached():
                yield {"upstream": upstream.name, "index": left.index, "left": left.left}

    def _clock(self) -> Iterable[Event]:
        clock = self.stage.clock
        told = {"now_s": clock.now_s, "time": clock.time(), "is_virtual": isinstance(clock, VirtualClock)}
        return response(_OK, told)

    def _moved(self, asked: Any) -> Iterable[Event]:
        seconds = asked.get("advance_s") if isinstance(asked, dict) else None
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds <= _MOST_S:
            return _refused(_BAD_REQUEST, 'expected {"advance_s": a number of seconds from 0}')
        if isinstance(self.stage.clock, SystemClock):
            return _refused(_CONFLICT, "time is the machine's own here: serve with --virtual-time")
        self.stage.clock.advance(seconds)
        return self._clock()


def _refused(status: int, why: str) -> Iterable[Event]:
    return response(status, {"error": {"message": why}})
