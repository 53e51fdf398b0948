"""A fake provider, asked without any transport."""

import json
from dataclasses import replace
from threading import Thread

import pytest

from faultlab import faults
from faultlab.clock import START, VirtualClock
from faultlab.limits import Limits
from faultlab.providers import names
from faultlab.schedule import OK, Entry, Schedule
from faultlab.script import Reply, Script, ToolCall
from faultlab.upstream import Stage, Upstream
from faultlab.wire import FOR_EVER, REDACTED, Data, Drop, DropKind, Head, Pause, Request

_BASE = "https://api.openai.com/v1"
_TOKEN_URL = "https://auth.openai.com/oauth/token"


def _stage(seed=0):
    return Stage(VirtualClock(), seed=seed)


def _upstream(*chosen, says=("hello",), stage=None, name="primary", provider="openai", **fields):
    script = Script([say if isinstance(say, Reply) else Reply(say) for say in says])
    schedule = Schedule([fault if isinstance(fault, Entry) else Entry((fault,)) for fault in chosen])
    return Upstream(name, provider, _BASE, stage or _stage(), script=script, schedule=schedule, **fields)


def _request(path="/chat/completions", body=None, method="POST", base=_BASE):
    asked = {"model": "gpt-5.1", "messages": [{"role": "user", "content": "ping"}]} | (body or {})
    return Request(method, base + path, {}, json.dumps(asked).encode())


def _said(answer):
    return json.loads(answer.events[-1].data)["choices"][0]["message"]["content"]


def _renewal(refresh_token):
    body = f"grant_type=refresh_token&refresh_token={refresh_token}&client_id=app".encode()
    return Request("POST", _TOKEN_URL, {}, body)


def test_a_healthy_model_says_its_answers_in_order():
    upstream = _upstream(says=["one", "two"])
    assert [_said(upstream.answer(_request())) for _ in range(2)] == ["one", "two"]
    assert [(x.n, x.upstream, x.faults, x.side) for x in upstream.exchanges] == [
        (1, "primary", (), False),
        (2, "primary", (), False),
    ]


def test_answers_are_shared_in_order_whoever_is_asked():
    stage, script = _stage(), Script([Reply("one"), Reply("two")])
    primary = Upstream("primary", "openai", _BASE, stage, script=script)
    fallback = Upstream("fallback", "openrouter", "https://openrouter.ai/api/v1", stage, script=script)
    assert _said(fallback.answer(_request(base="https://openrouter.ai/api/v1"))) == "one"
    assert _said(primary.answer(_request())) == "two"
    assert [x.n for x in stage.trace.exchanges] == [1, 2]


def test_both_dialects_are_behind_one_base_url():
    upstream = _upstream(says=["one", "two"])
    assert _said(upstream.answer(_request())) == "one"
    document = json.loads(upstream.answer(_request("/responses", {"input": "ping"})).events[-1].data)
    assert document["output"][0]["content"][0]["text"] == "two"


def test_a_query_is_no_part_of_the_path():
    assert _said(_upstream().answer(_request("/chat/completions?api-version=2026-01-01"))) == "hello"


@pytest.mark.parametrize(
    "request_",
    [_request("/models"), _request("/embeddings"), _request(method="GET"), _request("/modelss", method="GET")],
)
def test_any_other_request_is_a_side_one_and_gets_404_and_uses_up_nothing(request_):
    upstream = _upstream(faults.rate_limit())
    exchange, (head, _) = upstream.answer(request_)
    assert (head.status, exchange.side, exchange.faults) == (404, True, ())
    assert len(upstream.schedule.unreached()) == 1
    assert upstream.answer(_request()).exchange.faults == ("rate_limit",)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b'"text"', b"null", b"[" * 100_000])
@pytest.mark.parametrize("path", ["/chat/completions", "/responses"])
def test_a_body_that_is_no_json_object_is_told_so_and_uses_up_nothing(path, body):
    upstream = _upstream(faults.rate_limit(), says=["hello"])
    exchange, (head, data) = upstream.answer(replace(_request(path), body=body))
    assert (head.status, exchange.faults, exchange.limited, exchange.side) == (400, ("status",), True, False)
    assert json.loads(data.data)["error"]["message"] == "The body is no JSON object"
    assert upstream.answer(_request()).exchange.faults == ("rate_limit",)
    assert _said(upstream.answer(_request())) == "hello"


def test_what_breaks_the_connection_breaks_it_whatever_was_to_be_sent():
    upstream = _upstream(faults.refused())
    exchange, events = upstream.answer(replace(_request(), body=b""))
    assert (exchange.faults, events) == (("refused",), (Drop(DropKind.REFUSED),))


def test_a_fault_leaves_the_answer_standing():
    upstream = _upstream(faults.rate_limit(), faults.empty_content(), faults.cut(), says=["hello"])
    for name in ("rate_limit", "empty_content", "cut"):
        assert upstream.answer(_request()).exchange.faults == (name,)
    assert _said(upstream.answer(_request())) == "hello"


@pytest.mark.parametrize("entry", [OK, Entry((faults.slow(),)), Entry((faults.drip(),))])
def test_an_answer_that_was_sent_whole_is_used_up(entry):
    upstream = _upstream(entry, says=["one", "two"])
    upstream.answer(_request())
    assert _said(upstream.answer(_request())) == "two"


def test_what_cannot_apply_is_wasted_and_the_answer_is_sent_whole():
    upstream = _upstream(faults.missing_end(), says=["one"])
    answer = upstream.answer(_request())
    assert (answer.exchange.faults, answer.exchange.wasted) == ((), ("missing_end",))
    assert _said(answer) == "one"
    assert upstream.answer(_request()).exchange.unexpected


def test_a_request_with_no_answer_left_is_closed_without_a_byte():
    exchange, events = _upstream(says=[]).answer(_request())
    assert (exchange.unexpected, events) == (True, (Drop(DropKind.CLOSED),))


def test_a_slow_request_with_no_answer_left_is_closed_as_well():
    exchange, events = _upstream(faults.slow(), says=[]).answer(_request())
    assert (exchange.unexpected, exchange.faults, events) == (True, (), (Drop(DropKind.CLOSED),))


@pytest.mark.parametrize("fault", [faults.rate_limit(), faults.reset(), faults.not_json(), faults.empty_choices()])
def test_what_goes_wrong_needs_no_answer_to_go_wrong_with(fault):
    exchange, _ = _upstream(fault, says=[]).answer(_request())
    assert (exchange.unexpected, exchange.faults) == (False, (fault.name,))


def test_the_faults_of_one_entry_are_told_together():
    entry = Entry((faults.slow(first_s=2), faults.unavailable()))
    exchange, (pause, head, _) = _upstream(entry).answer(_request())
    assert set(exchange.faults) == {"slow", "unavailable"}
    assert (pause, head.status) == (Pause(2), 503)


def test_limits_are_asked_first_and_use_up_no_fault():
    upstream = _upstream(faults.server_error(), limits=Limits(requests_per_minute=1))
    assert [upstream.answer(_request()).exchange.faults for _ in range(2)] == [("server_error",), ("rate_limit",)]
    assert upstream.exchanges[1].limited
    assert not upstream.exchanges[0].limited
    upstream = _upstream(faults.server_error(), limits=Limits(body_bytes=10))
    assert upstream.answer(_request()).exchange.faults == ("payload_too_large",)
    assert len(upstream.schedule.unreached()) == 1


def test_a_limit_states_its_own_numbers_and_its_minute_runs_on_the_clock():
    stage = _stage()
    upstream = _upstream(says=["one", "two"], stage=stage, limits=Limits(tokens_per_minute=25))
    asked = _request(body={"messages": [{"role": "user", "content": "x" * 80}]})
    assert _said(upstream.answer(asked)) == "one"
    stage.clock.advance(20.5)
    head, _ = upstream.answer(asked).events
    assert (head.status, head.header("retry-after")) == (429, "40")
    stage.clock.advance(40)
    assert _said(upstream.answer(asked)) == "two"


@pytest.mark.parametrize("provider", [*names(), "acme"])
@pytest.mark.parametrize("limits", [Limits(tokens_per_minute=25), Limits(requests_per_minute=2)])
def test_no_error_names_a_limit_that_is_not_set(provider, limits):
    """Neither a planned one nor a refusal: whoever reads headers would budget with numbers of nobody."""
    upstream = _upstream(OK, faults.rate_limit(), OK, provider=provider, limits=limits)
    asked = _request(body={"messages": [{"role": "user", "content": "x" * 40}]})
    answers = [upstream.answer(asked) for _ in range(3)]
    assert [answer.exchange.faults for answer in answers][1:] == [("rate_limit",)] * 2
    assert answers[-1].exchange.limited
    other = "-requests" if limits.requests_per_minute is None else "-tokens"
    named = {name for _, (head, *_) in answers for name, _ in head.headers if "ratelimit" in name}
    assert not {name for name in named if other in name and not name.endswith("-1h")}


def test_a_refusal_in_somebody_else_s_words_has_the_headers_of_the_provider_that_is_asked():
    def headers(provider):
        upstream = _upstream(provider=provider, limits=Limits(requests_per_minute=1, tokens_per_minute=100))
        return [dict(upstream.answer(_request()).events[0].headers) for _ in range(2)]

    answered, refused = headers("nous")
    assert answered["x-ratelimit-reset-requests"] == refused["x-ratelimit-reset-requests"] == "60"
    assert not [name for told in headers("openrouter") for name in told if "ratelimit" in name]


def test_openrouter_names_the_end_of_a_spent_day_in_epoch_milliseconds():
    upstream = _upstream(provider="openrouter", limits=Limits(requests_per_day=1))
    upstream.answer(_request())
    _, (head, body) = upstream.answer(_request())
    told = json.loads(body.data)["error"]["metadata"]["headers"]
    assert (head.status, told["X-RateLimit-Limit"], told["X-RateLimit-Remaining"]) == (429, "1", "0")
    assert told["X-RateLimit-Reset"] == str(int((START // 86_400 + 1) * 86_400_000))


def test_a_window_counts_what_the_contract_counts():
    upstream = _upstream(limits=Limits(context_tokens=20))
    body = {"messages": [{"role": "user", "content": "x" * 100}]}
    _, (_, error) = upstream.answer(_request(body=body))
    assert "maximum context length is 20 tokens. However, your messages resulted in 25" in error.data.decode()


def test_ids_come_from_the_seed_and_the_number_of_the_exchange_and_time_from_the_clock():
    def ids(seed):
        upstream = _upstream(says=["one", "two"], stage=_stage(seed))
        upstream.stage.clock.advance(5)
        return [json.loads(upstream.answer(_request()).events[-1].data) for _ in range(2)]

    documents = ids(1)
    assert ids(1) == documents
    assert len({document["id"] for document in documents + ids(2)}) == 4
    assert {document["created"] for document in documents} == {START + 5}
    assert {document["model"] for document in documents} == {"gpt-5.1"}
    assert documents[0]["usage"]["prompt_tokens"] == 1


def test_tool_calls_have_ids_of_their_own():
    calls = (ToolCall("terminal"), ToolCall("terminal"))
    upstream = _upstream(says=[Reply("", calls), Reply("", calls)])
    ids = {
        call["id"]
        for _ in range(2)
        for call in json.loads(upstream.answer(_request()).events[-1].data)["choices"][0]["message"]["tool_calls"]
    }
    assert len(ids) == 4


def test_a_request_that_asks_for_a_stream_gets_one():
    exchange, (head, *_) = _upstream().answer(_request(body={"stream": True}))
    assert head.header("content-type").startswith("text/event-stream")
    assert exchange.sent[0] == head


def test_it_is_told_whose_key_a_request_carried():
    stage = _stage()
    primary = _upstream(stage=stage, says=["x"] * 9)
    fallback = _upstream(stage=stage, name="fallback", api_key="sk-theirs")
    shown = [primary.api_key, fallback.api_key, "sk-nobody", None, ""]
    owners = [primary.answer(_request(), key).exchange.key_of for key in shown]
    assert owners == ["primary", "fallback", "unknown", "none", "none"]


def test_a_key_that_two_upstreams_share_is_its_own_to_each():
    stage = _stage()
    upstreams = [_upstream(stage=stage, name=name, api_key="sk-shared") for name in ("primary", "fallback")]
    assert [one.answer(_request(), "sk-shared").exchange.key_of for one in upstreams] == ["primary", "fallback"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), ["refused", "refused"]),
        (("ok",), ["ok", "ok"]),
        (("ok", "refused"), ["ok", "refused", "refused"]),
        (("hangs",), ["hangs", "hangs"]),
    ],
)
def test_renewals_do_what_they_are_told_and_the_last_word_stays(words, told):
    upstream = _upstream(token_url=_TOKEN_URL, refresh=words)
    answers = [upstream.answer(_renewal(upstream.refresh_token)) for _ in told]
    words = {200: "ok", 400: "refused", None: "hangs"}
    heads = [event.status if isinstance(event, Head) else None for event in (answer.events[0] for answer in answers)]
    assert [words[status] for status in heads] == told
    assert all(x.side and x.renewal and x.key_of == "primary" and not x.unexpected for x in upstream.exchanges)


def test_a_renewal_that_hangs_is_silence():
    assert _upstream(token_url=_TOKEN_URL, refresh=("hangs",)).answer(_renewal("x")).events == (Pause(FOR_EVER),)


def test_a_renewal_gives_new_tokens_which_are_this_upstream_s_from_then_on():
    upstream = _upstream(token_url=_TOKEN_URL, refresh=("ok",), says=["x"] * 3)
    old = upstream.api_key, upstream.refresh_token
    fresh = json.loads(upstream.answer(_renewal(upstream.refresh_token)).events[-1].data)
    assert (fresh["access_token"], fresh["refresh_token"]) == (upstream.api_key, upstream.refresh_token)
    assert not {upstream.api_key, upstream.refresh_token} & set(old)
    asked = [upstream.answer(_request(), key).exchange for key in (upstream.api_key, old[0])]
    assert [(x.key_of, x.fault, x.limited) for x in asked] == [
        ("primary", None, False),
        ("primary", "token_expired", True),
    ]
    assert set(old) | {upstream.api_key, upstream.refresh_token} == set(upstream.stage.secrets)


def test_a_token_that_a_renewal_has_replaced_renews_nothing():
    upstream = _upstream(token_url=_TOKEN_URL, refresh=("ok",))
    old = upstream.refresh_token
    heads = [upstream.answer(_renewal(shown)).events[0] for shown in (old, old)]
    assert [head.status for head in heads] == [200, 400]


@pytest.mark.parametrize("as_json", [False, True])
def test_no_token_stays_in_the_trace(as_json):
    upstream = _upstream(token_url=_TOKEN_URL, refresh=("ok",))
    asked = _renewal(upstream.refresh_token)
    if as_json:
        body = json.dumps({"grant_type": "refresh_token", "refresh_token": upstream.refresh_token}).encode()
        asked = Request("POST", _TOKEN_URL, {}, body)
    exchange, events = upstream.answer(asked)
    assert exchange.key_of == "primary"
    seen = repr(exchange)
    assert not [secret for secret in upstream.stage.secrets if secret in seen]
    assert REDACTED in seen
    assert b"grant_type" in exchange.request.body
    assert upstream.api_key.encode() in events[-1].data
    assert isinstance(exchange.sent[-1], Data)


def test_a_renewal_uses_up_nothing():
    upstream = _upstream(faults.rate_limit(), token_url=_TOKEN_URL, limits=Limits(requests_per_minute=1))
    for _ in range(3):
        upstream.answer(_renewal("x"))
    assert upstream.answer(_request()).exchange.faults == ("rate_limit",)


def test_nobody_s_key_is_shown_by_the_upstream_itself():
    upstream = _upstream()
    assert upstream.api_key not in repr(upstream)
    assert upstream.api_key not in repr(upstream.stage)


def test_upstreams_that_are_asked_from_many_threads_number_every_exchange_once():
    stage, script = _stage(), Script([Reply(str(number)) for number in range(200)])
    upstreams = [Upstream(name, "openai", _BASE, stage, script=script) for name in ("primary", "fallback")]
    said = []

    def ask(upstream):
        said.extend(_said(upstream.answer(_request())) for _ in range(50))

    threads = [Thread(target=ask, args=(upstreams[number % 2],)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [x.n for x in stage.trace.exchanges] == list(range(1, 201))
    assert sorted(said, key=int) == [str(number) for number in range(200)]
