"""The control path of a served lab: steers it, and tells what happened. At a port of its own, which no fault closes.

What can be asked stands in `openapi.json` beside this module, and is served too. It is for programs of this machine: a
web page that some browser shows is refused, by whatever name it came here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from faultlab.adapters.base import Router
from faultlab.adapters.description import FORMAT, described, operations
from faultlab.adapters.playable import unplayable
from faultlab.adapters.strangers import comes_from_elsewhere
from faultlab.clock import SystemClock, VirtualClock
from faultlab.dialects import DIALECTS
from faultlab.errors import ScenarioError
from faultlab.faults import Fault
from faultlab.plan import Instructions
from faultlab.providers import provider as provider_of
from faultlab.providers.base import response
from faultlab.trace import Exchange
from faultlab.trace_json import crossed_out, exchange_told
from faultlab.upstream import Answer, Stage, Upstream
from faultlab.wire import Event, Pause, Request

__all__ = ["CONTROL", "Control", "House", "Language"]

CONTROL: Final = "http://control.faultlab.invalid/_faultlab"
"""Its own URL, as upstreams have theirs."""

_SETTLE_S: Final = 0.005
"""Whoever hung up before he came here is noticed to be gone by then, so that his exchange ends at the time it did."""

_MOST_S: Final = 1e9

_OK, _BAD_REQUEST, _FORBIDDEN, _NOT_FOUND, _NOT_ALLOWED, _CONFLICT = 200, 400, 403, 404, 405, 409


class Language(NamedTuple):
    """The words of scenario files: how a body is read for these upstreams, and the schemas of what it may hold."""

    read: Callable[[bytes, Sequence[str]], Instructions]
    schemas: Callable[[], Mapping[str, Any]]


class House(Protocol):
    """What the control path asks of the server that it belongs to."""

    def why_unplayable(self, upstream: Upstream, fault: Fault) -> str | None:
        """The reason, where there is one."""

    def look(self) -> None:
        """What comes next may have changed, for all upstreams."""


class Control(Upstream):
    """Answers like an upstream, and stands in nobody's trace. `house` is set by the server that it belongs to."""

    house: House

    def __init__(self, router: Router, observed: Stage, language: Language) -> None:
        super().__init__("control", "faultlab", CONTROL, Stage(observed.clock))
        self._router = router
        self._observed = observed
        self._language = language
        self._began = {one.name: one.plan for one in router.upstreams}
        self._answers: Mapping[str, Callable[[Request], Iterable[Event]]] = {
            "getIndex": self._index,
            "getDescription": self._description,
            "getTrace": self._trace,
            "setScript": self._scripted,
            "reset": self._reset,
            "getClock": self._clock,
            "moveClock": self._moved,
        }

    def answer(self, request: Request, credential: str | None = None) -> Answer:
        """What is asked for, as JSON."""
        del credential  # it is served on the loopback, and tells no key
        return Answer(Exchange(0, self.name, request, self.stage.clock.now_s), self._answered(request))

    def _answered(self, request: Request) -> Iterator[Event]:
        """The events, each made when its time has come."""
        yield Pause(_SETTLE_S)
        yield from self._told(request)

    def _told(self, request: Request) -> Iterable[Event]:
        if why := comes_from_elsewhere(request):
            return _refused(_FORBIDDEN, why)
        path = request.url.partition("?")[0].removeprefix(CONTROL) or "/"
        allowed = operations(path)
        if not allowed:
            return _refused(_NOT_FOUND, "nothing stands there; GET / tells what there is")
        if request.method not in allowed:
            why = f"{request.method} means nothing here"
            return _refused(_NOT_ALLOWED, why, allowed=allowed, headers=[("allow", ", ".join(allowed))])
        return self._answers[allowed[request.method]](request)

    # What is told.

    def _index(self, _request: Request) -> Iterable[Event]:
        upstreams = [
            {"name": one.name, "provider": one.provider, "model": one.model, "own_url": one.base_url}
            for one in self._upstreams()
        ]
        return response(_OK, {"format": FORMAT, "upstreams": upstreams, "paths": dict(_paths())})

    def _description(self, _request: Request) -> Iterable[Event]:
        return response(_OK, described([one.name for one in self._upstreams()], self._language.schemas()))

    def _trace(self, _request: Request) -> Iterable[Event]:
        stage = self._observed
        with stage.trace.lock:
            told = {
                "format": FORMAT,
                "now_s": stage.clock.now_s,
                "exchanges": [exchange_told(exchange) for exchange in stage.trace.exchanges],
                "unreached": list(self._unreached()),
            }
        return response(_OK, crossed_out(told, stage.secrets))

    def _unreached(self) -> Iterator[dict[str, object]]:
        for upstream in self._upstreams():
            for left in upstream.schedule.unreached():
                yield {"upstream": upstream.name, "index": left.index, "left": left.left}

    def _upstreams(self) -> tuple[Upstream, ...]:
        return self._router.upstreams

    # What goes wrong, and when.

    def _scripted(self, request: Request) -> Iterable[Event]:
        """All of what is told from now on, or nothing of it."""
        upstreams = {one.name: one for one in self._upstreams()}
        try:
            told = self._language.read(request.body, tuple(upstreams))
            self._hold_possible(told, upstreams)
        except ScenarioError as error:
            return _unusable(error)
        # Whoever asks meanwhile is answered before all of this, or after it.
        with self._observed.trace.lock:
            self._remember()
            for name, plan in told.change({name: one.plan for name, one in upstreams.items()}).items():
                upstreams[name].follow(plan)
            return self._ahead()

    def _reset(self, _request: Request) -> Iterable[Event]:
        trace = self._observed.trace
        with trace.lock:
            self._remember()
            for record in (trace.exchanges, trace.turns, trace.tool_calls, self._router.refused):
                record.clear()
            for upstream in self._upstreams():
                upstream.begin_again(self._began[upstream.name])
            return self._ahead()

    def _remember(self) -> None:
        """What those have before them that came after us."""
        for upstream in self._upstreams():
            self._began.setdefault(upstream.name, upstream.plan)

    def _ahead(self) -> Iterable[Event]:
        self.house.look()
        left = {one.name: one.plan.answers_left for one in self._upstreams()}
        return response(_OK, {"answers_left": left, "unreached": list(self._unreached())})

    def _hold_possible(self, told: Instructions, upstreams: Mapping[str, Upstream]) -> None:
        for name, entries in told.faults.items():
            for entry in entries:
                for fault in entry.faults:
                    if why := self._why_impossible(upstreams[name], fault):
                        raise ScenarioError(why, path=entry.written)

    def _why_impossible(self, upstream: Upstream, fault: Fault) -> str | None:
        misfits = [fault.fits(call, provider_of(upstream.provider)) for call in DIALECTS]
        if all(misfits):
            return f"{fault.name}: {misfits[0]}"
        why = self.house.why_unplayable(upstream, fault)
        return why and unplayable(fault, why)

    # The clock.

    def _clock(self, _request: Request) -> Iterable[Event]:
        clock = self.stage.clock
        told = {"now_s": clock.now_s, "time": clock.time(), "is_virtual": isinstance(clock, VirtualClock)}
        return response(_OK, told)

    def _moved(self, request: Request) -> Iterable[Event]:
        asked = request.json
        seconds = asked.get("advance_s") if isinstance(asked, dict) else None
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds <= _MOST_S:
            return _refused(_BAD_REQUEST, f'expected {{"advance_s": a number of seconds from 0 to {_MOST_S:.0f}}}')
        if isinstance(self.stage.clock, SystemClock):
            return _refused(_CONFLICT, "time is the machine's own here: serve with --virtual-time")
        self.stage.clock.advance(seconds)
        return self._clock(request)


def _paths() -> Iterator[tuple[str, str]]:
    for path, each in described((), {})["paths"].items():
        for method, operation in each.items():
            yield f"{method.upper()} {path}", operation["summary"]


def _unusable(error: ScenarioError) -> Iterable[Event]:
    at = {} if error.path is None else {"at": str(error.path)}
    allowed = {"allowed": list(error.allowed)} if error.allowed else {}
    return response(_BAD_REQUEST, {"error": {"message": error.message} | at | allowed})


def _refused(
    status: int, why: str, *, allowed: Iterable[str] = (), headers: Iterable[tuple[str, str]] = ()
) -> Iterable[Event]:
    named = {"allowed": list(allowed)} if allowed else {}
    return response(status, {"error": {"message": why} | named}, headers)
