"""A trace written by hand, for those who judge one; and virtual time for a test."""

import json
from time import perf_counter

import pytest

from faultlab.clock import VirtualClock
from faultlab.dialogue import Dialogue
from faultlab.expectations import History
from faultlab.invariants import Case
from faultlab.policy import Backend, Policy
from faultlab.trace import Exchange, Trace, Turn, TurnEnd
from faultlab.virtual_time import virtual_time
from faultlab.wire import Data, Head, Request

POLICY = Policy(
    Backend("openai", "gpt", "https://one.example/v1", key="key-of-the-primary"),
    Backend("openrouter", "claude", "https://two.example/v1", key="key-of-the-fallback"),
)
UPSTREAMS = {"P": ("primary", POLICY.primary), "F": ("fallback", POLICY.fallback)}


class Story:
    """Told in order: `wait`, `ask`, `renew`, `end` of a turn. Time is what was waited."""

    def __init__(self):
        self.trace = Trace()
        self.policy = POLICY
        self.before = Dialogue()
        self.now_s = 0.0
        self._first, self._started_s = 1, 0.0

    def wait(self, seconds):
        self.now_s += seconds
        return self

    def ask(self, who, fault=None, *, said=("hi",), status=None, body=None, headers=(), took_s=0.0, sent=b"{}", **more):
        name, backend = UPSTREAMS[who]
        messages = [each if isinstance(each, dict) else {"role": "user", "content": each} for each in said]
        asked = {"model": backend.model, "messages": messages, **(body or {})}
        request = Request("POST", f"{backend.base_url}/chat/completions", {}, json.dumps(asked).encode())
        status = status or (200 if fault is None else 400)
        exchange = Exchange(len(self.trace.exchanges) + 1, name, request, self.now_s, self.now_s + took_s)
        exchange.status, exchange.key_of = status, name
        exchange.faults = () if fault is None else (fault,)
        exchange.sent = (Head(status, tuple(headers)), Data(sent))
        for field, value in more.items():
            setattr(exchange, field, value)
        self.now_s += took_s
        self.trace.exchanges.append(exchange)
        return self

    def renew(self, who, status=200):
        name, _ = UPSTREAMS[who]
        request = Request("POST", "https://auth.example/token", {}, b"grant_type=refresh_token")
        exchange = Exchange(
            len(self.trace.exchanges) + 1, name, request, self.now_s, self.now_s, side=True, renewal=True
        )
        exchange.status, exchange.key_of = status, name
        self.trace.exchanges.append(exchange)
        return self

    def end(self, outcome="completed", failure=None, session="main", shown="", exit_code=None, **told):
        end = TurnEnd(outcome, failure, **told)
        last = len(self.trace.exchanges)
        turn = Turn(session, "ping", self._started_s, self.now_s, self._first, last, end, shown, exit_code)
        self.trace.turns.append(turn)
        self._first, self._started_s = last + 1, self.now_s
        return self

    @property
    def history(self):
        return History(self.trace, self.policy, self.before)

    @property
    def case(self):
        return Case(self.history, ("key-of-the-primary", "key-of-the-fallback"))


@pytest.fixture
def story():
    """An empty trace that can be told."""
    return Story()


@pytest.fixture
def clock():
    """What the test lives by; none of it is waited for."""
    clock, began = VirtualClock(), perf_counter()
    with virtual_time(clock):
        yield clock
    assert perf_counter() - began < 5
