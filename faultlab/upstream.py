"""One fake provider: a request in, the events of its answer out, and a line in the trace. No I/O.

Knows what goes wrong and when, and not who plays the events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import NamedTuple

from faultlab.cassette import Home, Replay
from faultlab.dialects import DIALECTS, Dialect
from faultlab.errors import Runaway
from faultlab.faults import LEAVES_WHOLE, Events, Moment, inject, status, token_expired
from faultlab.healthy import made_up, next_answer
from faultlab.limits import UNTOLD, Limits, Meter, Refusal
from faultlab.made_up import key_for, token
from faultlab.model_list import listing
from faultlab.plan import Plan
from faultlab.provenance import shape_of
from faultlab.providers import Provider, response
from faultlab.providers import provider as provider_of
from faultlab.renewal import REFUSED, granted, refresh_token_of, without_tokens
from faultlab.schedule import Schedule
from faultlab.script import Script
from faultlab.stage import MOST_EXCHANGES, Stage
from faultlab.trace import GENERIC_SHAPE, Exchange
from faultlab.wire import BEFORE_A_REQUEST, FOR_EVER, Data, Drop, DropKind, Event, Pause, Request, credential_in

__all__ = ["MOST_EXCHANGES", "REFRESH_WORDS", "Answer", "Stage", "Upstream"]

REFRESH_WORDS = ("ok", "refused", "hangs")
"""What renewing a credential can do."""

_TOKEN_CHARACTERS = 24
_ID_CHARACTERS = 16

_NO_JSON = status(
    400, body={"error": {"message": "The body is no JSON object", "type": "invalid_request_error", "code": None}}
)
"""What answers a body that nobody can read: what the providers say to that is in no source."""


class Answer(NamedTuple):
    """What came of a request: its line in the trace, and the events to be played, each taken when its time comes."""

    exchange: Exchange
    events: Iterable[Event]


@dataclass(slots=True, eq=False)
class Upstream:
    """A fake provider under one base URL. Safe in several threads: whoever asks holds the trace's lock meanwhile.

    `api_key` is made up when it is empty, and is the new token after a renewal. `refresh` is what renewals at
    `token_url` do, one word each; the last one stays. `model` only tells two upstreams of one host apart. With a
    `replay` it answers from a cassette, and `script` says nothing.
    """

    name: str
    provider: str
    base_url: str
    stage: Stage = field(repr=False)
    _: KW_ONLY
    model: str | None = None
    api_key: str = field(default="", repr=False)
    script: Script = field(default_factory=Script, repr=False)
    replay: Replay | None = field(default=None, repr=False)
    schedule: Schedule = field(default_factory=Schedule, repr=False)
    limits: Limits = field(default_factory=Limits, repr=False)
    token_url: str | None = None
    refresh: tuple[str, ...] = ("refused",)
    refresh_token: str = field(init=False, repr=False)
    _doors: Mapping[str, Dialect] = field(init=False, repr=False)
    _provider: Provider = field(init=False, repr=False)
    _meter: Meter | None = field(init=False, default=None, repr=False)
    _home: Home = field(init=False, repr=False)
    _ids: str = field(init=False, repr=False)
    _renewals: int = field(init=False, default=0, repr=False)
    _first: tuple[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.base_url = self.base_url.rstrip("/")
        self._doors = {self.base_url + dialect.path: dialect for dialect in DIALECTS.values()}
        self._provider = provider_of(self.provider)
        self._home = Home(self.base_url, self._provider.base_url)
        self.follow(self.plan)
        self._ids = token(_ID_CHARACTERS, "ids", self.stage.seed)
        self.refresh = self.refresh or ("refused",)
        self.api_key = self.api_key or key_for(self.provider, self.stage.seed, self.name)
        self._first = self.api_key, token(_TOKEN_CHARACTERS, "refresh", self.stage.seed, self.name)
        self._own(*self._first)
        if in_url := credential_in(self.base_url):
            self.stage.owners[in_url] = self.name
        self.stage.models.setdefault(self.base_url, []).append(self.model)

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """This upstream's part of the trace."""
        return tuple(exchange for exchange in self.stage.trace.exchanges if exchange.upstream == self.name)

    @property
    def plan(self) -> Plan:
        """What it has before it."""
        return Plan(self.script, self.schedule, self.limits, self.replay)

    def follow(self, plan: Plan) -> None:
        """From now on it has this before it. Limits that are the same go on being counted."""
        if self._meter is None or plan.limits != self.limits:
            self._meter = Meter(plan.limits, self._provider) if plan.limits != Limits() else None
        self.script, self.schedule, self.limits, self.replay = plan

    def begin_again(self, plan: Plan) -> None:
        """As if it had just been set up with this plan: nothing said, used up, counted or renewed."""
        plan.rewind()
        self._meter, self._renewals = None, 0
        self.follow(plan)
        self._own(*self._first)

    def owns(self, request: Request, credential: str | None) -> bool:
        """Whether the request came with a credential that is or was this upstream's."""
        shown = refresh_token_of(request) if request.url == self.token_url else credential
        return self.stage.owners.get(shown or "") == self.name

    def answer(self, request: Request, credential: str | None = None) -> Answer:
        """The events that answer a request, and its line in the trace, which ends when they were played.

        Raises Runaway at the first request too many.
        """
        with self.stage.trace.lock:
            if self.stage.is_exhausted:
                raise Runaway(f"stopped after {self.stage.most_exchanges} requests")
            if request.url == self.token_url:
                return self._renewed(request)
            exchange = self._opened(request, credential)
            exchange.sent = self._events(exchange, credential)
            return Answer(exchange, exchange.sent)

    def next_drop(self) -> DropKind | None:
        """How the next connection will fail before there is a request on it; None when it lasts that long."""
        for fault in self.schedule.peek():
            kind = fault.drops()
            if kind in BEFORE_A_REQUEST:
                return kind
        return None

    def connect(self) -> Answer | None:
        """As `answer`, for a connection on which no request was read yet; None when it lasts that long."""
        with self.stage.trace.lock:
            kind = self.next_drop()
            if kind is None:
                return None
            faults = self.schedule.take()
            exchange = self._opened(Request("", self.base_url, {}, b""), None)
            exchange.unread = True
            exchange.faults = tuple(fault.name for fault in faults if fault.drops() is kind)
            exchange.wasted = tuple(fault.name for fault in faults if fault.drops() is not kind)
            exchange.shape = shape_of(faults, "", self._provider)
            exchange.sent = (Drop(kind),)
            return Answer(exchange, exchange.sent)

    def _opened(self, request: Request, credential: str | None) -> Exchange:
        """A line in the trace, with whose key it was."""
        exchanges = self.stage.trace.exchanges
        owner = self._owner(credential)
        self.stage.clock.stir()
        exchange = Exchange(len(exchanges) + 1, self.name, request, self.stage.clock.now_s, key_of=owner)
        exchanges.append(exchange)
        return exchange

    def _owner(self, credential: str | None) -> str:
        if not credential:
            return "none"
        # Two upstreams may share a key: then it was this one's.
        return self.name if credential in self._present else self.stage.owner(credential)

    @property
    def _present(self) -> tuple[str, ...]:
        """The credentials that it accepts now."""
        return (self.api_key, self.refresh_token, credential_in(self.base_url))

    def _is_replaced(self, credential: str | None) -> bool:
        """Whether a renewal has put another one in its place: nobody accepts it any more."""
        return credential not in self._present and self.stage.owners.get(credential or "") == self.name

    def _own(self, api_key: str, refresh_token: str) -> None:
        self.api_key, self.refresh_token = api_key, refresh_token
        self.stage.owners |= {api_key: self.name, refresh_token: self.name}

    def _events(self, exchange: Exchange, credential: str | None) -> Events:
        request = exchange.request
        dialect = self._doors.get(request.url.partition("?")[0]) if request.method == "POST" else None
        if dialect is None:
            return self._beside(exchange)
        moment = self._moment(exchange, dialect)
        refusal = self._refusal(exchange, moment, credential)
        events = self._said(exchange, moment) if refusal is None else self._refused(exchange, moment, refusal)
        return events if self._meter is None else self._meter.told_with(events, moment.time)

    def _refused(self, exchange: Exchange, moment: Moment, refusal: Refusal) -> Events:
        """The provider's own error, with its counts; whatever is planned waits for the next request."""
        fault = refusal.fault
        exchange.limited = True
        exchange.faults = (fault.name,)
        exchange.shape = shape_of((fault,), moment.dialect.name, self._provider)
        # In what stands for a shape that is not known, headers are somebody else's.
        is_own = not (exchange.shape or "").startswith(GENERIC_SHAPE)
        counted = refusal.counted if is_own else {**refusal.counted, **UNTOLD}
        return fault.answer(exchange.request, moment._replace(counted=counted)) or ()

    def _moment(self, exchange: Exchange, dialect: Dialect) -> Moment:
        question, at_s = dialect.question(exchange.request.body), self.stage.clock.time()
        account, answer = f"{self._ids}{self.name}", f"{self._ids}{exchange.n:08x}"
        counted = self._meter.limits if self._meter else {}
        return Moment(self._provider, dialect, question, at_s, account, answer, counted)

    def _refusal(self, exchange: Exchange, moment: Moment, credential: str | None) -> Refusal | None:
        """What the provider refuses by itself: nothing is counted of what never reaches it."""
        if self._is_replaced(credential):
            return Refusal(token_expired(), {})
        question = moment.question
        if not (self._meter or question.is_malformed) or self.next_drop() is not None:
            return None
        if question.is_malformed:
            return Refusal(_NO_JSON, {})
        return self._meter.refuse(question, len(exchange.request.body), moment.time) if self._meter else None

    def _said(self, exchange: Exchange, moment: Moment) -> Events:
        """What the model says, or what the faults make of it."""
        healthy = next_answer(self.script, self.replay, exchange.request, self._home, moment)
        exchange.recording = healthy.recording if healthy else None
        faults = self.schedule.take()
        if faults:
            # What is never sent whole needs none of the answers: something made up is damaged as well.
            spoiled = healthy or made_up(moment, self.stage.seed, exchange.n)
            exposed = spoiled.exposed_to(faults)
            events, applied = inject(exposed, exchange.request, moment, spoiled.reply, spoiled.say)
            exchange.faults = tuple(fault.name for fault in applied)
            exchange.wasted = tuple(fault.name for fault in faults if fault not in applied)
            exchange.shape = shape_of(applied, moment.dialect.name, self._provider)
            if not LEAVES_WHOLE.issuperset(exchange.faults):
                return events
        if healthy is None:
            return self._unexpected(exchange)
        healthy.take()
        return events if faults else healthy.say(healthy.reply)

    def _beside(self, exchange: Exchange) -> Events:
        """A request for no answer: as it was recorded, else the models; there is nothing else."""
        request, exchange.side = exchange.request, True
        recording = self.replay.find(request, self._home) if self.replay else None
        if self.replay and recording:
            exchange.recording = recording.n
            self.replay.take(recording)
            return recording.events
        models = listing(request, self.base_url, self._provider, self.stage.models_at(self.base_url, self.name))
        return models or (self._unexpected(exchange) if self.replay else _nothing_at(request))

    def _unexpected(self, exchange: Exchange) -> Events:
        """There is no answer, which is no provider's fault and is not disguised as one."""
        exchange.unexpected = True
        exchange.faults = ()
        exchange.missed = self.replay.missed(exchange.request, self._home) if self.replay else None
        return (Drop(DropKind.CLOSED),)

    def _renewed(self, request: Request) -> Answer:
        """What the token endpoint does; the trace keeps question and answer without the tokens."""
        shown = refresh_token_of(request)
        exchange = self._opened(replace(request, body=without_tokens(request.body)), shown)
        exchange.side = exchange.renewal = True
        word = "refused" if self._is_replaced(shown) else self.refresh[min(self._renewals, len(self.refresh) - 1)]
        self._renewals += 1
        if word == "hangs":
            exchange.sent = (Pause(FOR_EVER),)
            return Answer(exchange, exchange.sent)
        head, body = response(400, REFUSED) if word == "refused" else response(200, self._new_tokens())
        exchange.sent = (head, Data(without_tokens(body.data)))
        return Answer(exchange, (head, body))

    def _new_tokens(self) -> Mapping[str, object]:
        seed, made_for = self.stage.seed, f"{self.name} renewed {self._renewals}"
        self._own(key_for(self.provider, seed, made_for), token(_TOKEN_CHARACTERS, "refresh", seed, made_for))
        return granted(self.api_key, self.refresh_token)


def _nothing_at(request: Request) -> Events:
    message = f"Invalid URL ({request.method} {request.url})"
    return response(404, {"error": {"message": message, "type": "invalid_request_error", "code": None}})
