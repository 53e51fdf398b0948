"""Whom a request is for, and how the events of its answer are played."""

import json
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultlab.adapters.base import Ending, Failing, Play, Router, Timeouts
from faultlab.clock import VirtualClock
from faultlab.dialects import DIALECTS
from faultlab.errors import UnknownHost
from faultlab.faults import FAULTS
from faultlab.schedule import Entry, Schedule
from faultlab.script import Reply, Script, ToolCall
from faultlab.trace import Exchange
from faultlab.upstream import Answer, Stage, Upstream
from faultlab.wire import FOR_EVER, Data, Drop, DropKind, Head, Pause, Request

_OPENAI, _OPENROUTER = "https://api.openai.com/v1", "https://openrouter.ai/api/v1"
_TOKEN_URL = "https://auth.openai.com/oauth/token"


def _upstreams(*described):
    stage = Stage(VirtualClock())
    return [Upstream(name, "openai", base, stage, **more) for name, base, more in described]


def _request(url, model="gpt-5.1", body=None):
    return Request("POST", url, {}, body or json.dumps({"model": model}).encode())


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (f"{_OPENAI}/chat/completions", "primary"),
        (f"{_OPENROUTER}/responses", "fallback"),
        (f"{_OPENAI}/models", "primary"),
        ("https://api.openai.com/", "primary"),
        ("https://API.OPENAI.COM:443/v1/chat/completions", "primary"),
        (f"{_OPENROUTER}/chat/completions?x=1", "fallback"),
        (_TOKEN_URL, "primary"),
    ],
)
def test_upstreams_are_told_apart_by_host(url, name):
    router = Router(_upstreams(("primary", _OPENAI, {"token_url": _TOKEN_URL}), ("fallback", _OPENROUTER, {})))
    assert router.route(_request(url)).name == name


def test_two_on_one_host_are_told_apart_by_path():
    router = Router(_upstreams(("a", "http://localhost:8080/a/v1", {}), ("b", "http://localhost:8080/b/v1", {})))
    assert router.route(_request("http://localhost:8080/b/v1/models")).name == "b"


def test_two_ports_are_two_servers():
    router = Router(_upstreams(("a", "http://localhost:1/v1", {}), ("b", "http://localhost:2/v1", {})))
    assert router.route(_request("http://localhost:2/v1/models")).name == "b"
    with pytest.raises(UnknownHost):
        router.route(_request("http://localhost:3/v1/models"))


@pytest.mark.parametrize(
    ("model", "name"), [("gpt-5.1", "primary"), ("gpt-5.1-mini", "fallback"), ("other", "primary")]
)
def test_two_under_one_base_url_are_told_apart_by_model(model, name):
    router = Router(
        _upstreams(("primary", _OPENAI, {"model": "gpt-5.1"}), ("fallback", _OPENAI, {"model": "gpt-5.1-mini"}))
    )
    assert router.route(_request(f"{_OPENAI}/chat/completions", model)).name == name


@pytest.mark.parametrize(
    ("key", "name"), [("sk-1", "primary"), ("sk-2", "fallback"), ("sk-3", "primary"), (None, "primary")]
)
def test_two_with_one_model_are_told_apart_by_key(key, name):
    same = {"model": "gpt-5.1"}
    router = Router(
        _upstreams(("primary", _OPENAI, same | {"api_key": "sk-1"}), ("fallback", _OPENAI, same | {"api_key": "sk-2"}))
    )
    assert router.route(_request(f"{_OPENAI}/responses"), key).name == name


def test_two_at_one_token_endpoint_are_told_apart_by_refresh_token():
    upstreams = _upstreams(
        ("primary", _OPENAI, {"token_url": _TOKEN_URL}), ("fallback", _OPENAI, {"token_url": _TOKEN_URL})
    )
    body = f"refresh_token={upstreams[1].refresh_token}".encode()
    assert Router(upstreams).route(_request(_TOKEN_URL, body=body)).name == "fallback"


def test_a_model_that_is_asked_of_the_wrong_host_does_not_change_the_host():
    router = Router(_upstreams(("primary", _OPENAI, {"model": "a"}), ("fallback", _OPENROUTER, {"model": "b"})))
    assert router.route(_request(f"{_OPENAI}/chat/completions", "b")).name == "primary"


@pytest.mark.parametrize("body", [b"", b"[]", b"{"])
def test_any_body_finds_somebody(body):
    router = Router(_upstreams(("primary", _OPENAI, {"model": "a"}), ("fallback", _OPENAI, {"model": "b"})))
    assert router.route(Request("POST", f"{_OPENAI}/responses", {}, body)).name == "primary"


def test_a_host_that_nobody_stands_for_is_refused_by_name_and_remembered():
    router = Router(_upstreams(("primary", _OPENAI, {})))
    with pytest.raises(UnknownHost, match=r"https://api\.example\.com"):
        router.answer(_request("https://api.example.com/v1/chat/completions"))
    assert router.refused == ["https://api.example.com/v1/chat/completions"]


def _played(events, **timeouts):
    """The steps of a play whose pauses were waited out, and its line in the trace."""
    clock, closed = VirtualClock(), Event()
    exchange = Exchange(1, "primary", _request(_OPENAI), 0.0)
    play = Play(Answer(exchange, tuple(events)), clock, Timeouts(**timeouts), closed)
    steps = []
    while (step := play.step()) is not None:
        steps.append(step)
        if isinstance(step, Pause):
            clock.advance(step.seconds)
        if isinstance(step, Ending):
            break
    return steps, exchange


_HEAD, _DATA = Head(200, (("content-length", "10"),)), Data(b"hello")


def test_an_answer_is_over_when_it_was_played_to_its_end():
    steps, exchange = _played([Pause(2), _HEAD, _DATA, Pause(3), _DATA], read=5)
    assert steps == [Pause(2), _HEAD, _DATA, Pause(3), _DATA]
    assert (exchange.status, exchange.ended_s) == (200, 5)


@pytest.mark.parametrize("events", [[Pause(6)], [Pause(FOR_EVER)], [Pause(3), Pause(3)], [Pause(5), Pause(0.001)]])
def test_a_client_bears_no_more_silence_than_its_time_out(events):
    steps, exchange = _played([*events, _HEAD], read=5)
    assert sum(step.seconds for step in steps[:-1]) == 5
    assert (steps[-1], exchange.ended_s, exchange.status) == (Ending(Failing.READ_TIMEOUT), 5, None)


def test_what_arrives_in_between_begins_the_silence_anew():
    steps, _ = _played([Pause(5), _HEAD, Pause(5), _DATA, Pause(5)], read=5)
    assert not any(isinstance(step, Ending) for step in steps)


@pytest.mark.parametrize("of", ["connect", "write", "pool"])
def test_what_never_comes_about_takes_its_own_time_out(of):
    steps, exchange = _played([Drop(DropKind(f"{of}_timeout"))], **{of: 10})
    assert steps == [Pause(10), Ending(Failing(f"{of}_timeout"))]
    assert exchange.ended_s == 10


@pytest.mark.parametrize("kind", sorted(set(DropKind) - {DropKind.DECODING}))
def test_every_way_to_drop_a_connection_has_its_ending(kind):
    steps, _ = _played([Drop(kind)], connect=1, write=1, pool=1)
    assert isinstance(steps[-1], Ending)


def test_what_cannot_be_unpacked_is_an_answer_that_its_client_makes_nothing_of():
    (head, data), exchange = _played([Drop(DropKind.DECODING)])
    assert (head.header("content-encoding"), data.data) == ("gzip", b"not gzip")
    assert (exchange.status, exchange.ended_s) == (None, 0)


@pytest.mark.parametrize(
    ("head", "ending"),
    [(_HEAD, Ending(Failing.INCOMPLETE, 5, 10)), (Head(200), Ending(Failing.INCOMPLETE, 5, None))],
)
def test_a_body_that_ends_early_tells_what_came_of_what_was_announced(head, ending):
    for kind in (DropKind.CLOSED, DropKind.HALF_CLOSED):
        assert _played([head, _DATA, Drop(kind)])[0][-1] == ending


_REPLIES = st.builds(
    Reply,
    text=st.none() | st.text(max_size=40),
    tool_calls=st.lists(st.builds(ToolCall, st.just("terminal"), st.text(max_size=20)), max_size=2).map(tuple),
    reasoning=st.text(max_size=10),
)


@given(
    chosen=st.lists(
        st.sampled_from([fault for fault in FAULTS.values() if not fault.shorthand]), max_size=3, unique=True
    ),
    replies=st.lists(_REPLIES, max_size=1),
    dialect=st.sampled_from(list(DIALECTS.values())),
    streamed=st.booleans(),
)
def test_whatever_goes_wrong_an_exchange_ends_in_finite_time_and_every_fault_applied_or_was_wasted(
    chosen, replies, dialect, streamed
):
    stage, schedule = Stage(VirtualClock()), Schedule([Entry(tuple(fault() for fault in chosen))])
    upstream = Upstream("primary", "openai", _OPENAI, stage, script=Script(replies), schedule=schedule)
    asked = _request(_OPENAI + dialect.path, body=json.dumps({"stream": streamed}).encode())
    exchange, events = upstream.answer(asked)
    steps, played = _played(events, read=120, connect=10)
    assert played.ended_s <= 130
    assert len(steps) <= len(events) + 1
    told = {*exchange.faults, *exchange.wasted}
    assert exchange.unexpected or told == {fault.name for fault in chosen}
    assert not set(exchange.faults) & set(exchange.wasted)


def test_who_hung_up_meets_nothing_more():
    clock, closed = VirtualClock(), Event()
    exchange = Exchange(1, "primary", _request(_OPENAI), 0.0)
    play = Play(Answer(exchange, (Pause(FOR_EVER), _HEAD)), clock, Timeouts(), closed)
    clock.at(7, closed.set)
    clock.advance(play.step().seconds, closed)
    assert play.step() == Ending(Failing.CLIENT_CLOSED)
    clock.advance(5)
    play.end()
    assert exchange.ended_s == 7
