from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultlab import faults
from faultlab.clock import START
from faultlab.dialects import Question
from faultlab.limits import Limits, Meter
from faultlab.providers import names, provider


def _meter(limits, name="acme"):
    return Meter(limits, provider(name))


def _ask(meter, tokens=10, max_tokens=None, body_bytes=100, now_s=0.0):
    refused = meter.refuse(Question("m", tokens, max_tokens), body_bytes, START + now_s)
    return refused and refused.fault


@pytest.mark.parametrize(
    ("limits", "asked", "refused"),
    [
        (Limits(), {"tokens": 10**9, "body_bytes": 10**9}, None),
        (Limits(body_bytes=100), {"body_bytes": 100}, None),
        (Limits(body_bytes=100), {"body_bytes": 101}, faults.payload_too_large()),
        (Limits(context_tokens=50), {"tokens": 50}, None),
        (Limits(context_tokens=50), {"tokens": 51}, faults.context_overflow(limit=50, requested=51)),
        (Limits(context_tokens=50), {"tokens": 30, "max_tokens": 20}, None),
        (
            Limits(context_tokens=50),
            {"tokens": 30, "max_tokens": 21},
            faults.output_too_large(limit=50, prompt=30, max_tokens=21),
        ),
        (Limits(context_tokens=50), {"tokens": 50, "max_tokens": 1}, faults.context_overflow(limit=50, requested=51)),
        (Limits(tokens_per_minute=50), {"tokens": 50}, None),
        (Limits(tokens_per_minute=50), {"tokens": 51}, faults.request_exceeds_rate_limit(limit=50, requested=51)),
    ],
)
def test_a_request_that_is_too_large_is_refused_at_any_time(limits, asked, refused):
    assert _ask(_meter(limits), **asked) == refused


def test_requests_of_a_minute_are_counted_from_the_first_one_that_passed():
    meter = _meter(Limits(requests_per_minute=2))
    answers = [_ask(meter, now_s=now_s) for now_s in (5, 20, 30.5, 64.9, 65)]
    waits = [None, None, 35, 1, None]
    assert answers == [wait and faults.rate_limit(retry_after_s=wait, of="requests") for wait in waits]


def test_tokens_of_a_minute_are_counted():
    meter = _meter(Limits(tokens_per_minute=100))
    assert [bool(_ask(meter, tokens=40)) for _ in range(4)] == [False, False, True, True]
    assert _ask(meter, tokens=20) is None


def test_refused_requests_do_not_count():
    meter = _meter(Limits(requests_per_minute=1, body_bytes=100))
    for _ in range(5):
        assert _ask(meter, body_bytes=101) == faults.payload_too_large()
    assert _ask(meter) is None
    assert _ask(meter, now_s=59) == faults.rate_limit(retry_after_s=1, of="requests")
    assert _ask(meter, now_s=60) is None


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 40)), max_size=40))
def test_who_waits_as_told_is_let_through(asked):
    meter, now_s = _meter(Limits(requests_per_minute=3, tokens_per_minute=100)), 0
    for tokens, gap_s in asked:
        now_s += gap_s
        refused = _ask(meter, tokens=tokens, now_s=now_s)
        if refused:
            now_s += refused.retry_after_s
            assert _ask(meter, tokens=tokens, now_s=now_s) is None


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "8192"])
@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
def test_a_limit_is_a_whole_number_from_1(name, value):
    with pytest.raises(ValueError, match=name):
        Limits(**{name: value})


def _told(meter, now_s=0.0):
    return dict(meter.headers(START + now_s))


def test_what_is_left_is_told_in_the_providers_own_headers():
    limits = Limits(requests_per_minute=3, tokens_per_minute=100, requests_per_day=50)
    openai, groq, nous, acme = (_meter(limits, name) for name in ("openai", "groq", "nous", "acme"))
    for meter in (openai, groq, nous, acme):
        _ask(meter, tokens=40, now_s=10)
    assert _told(openai, 12.5) == {
        "x-ratelimit-limit-requests": "3",
        "x-ratelimit-limit-tokens": "100",
        "x-ratelimit-remaining-requests": "2",
        "x-ratelimit-remaining-tokens": "60",
        "x-ratelimit-reset-requests": "57.5s",
        "x-ratelimit-reset-tokens": "57.5s",
    }
    assert _told(groq, 12.5)["x-ratelimit-limit-requests"] == "50", "Groq tells of the requests of a day"
    assert _told(groq, 12.5)["x-ratelimit-reset-requests"] == "23h59m47.5s"
    assert _told(nous, 12.5)["x-ratelimit-reset-tokens"] == "58"
    assert _told(acme) == {}


def test_anthropic_tells_the_moment():
    meter = _meter(Limits(tokens_per_minute=100), "anthropic")
    _ask(meter)
    assert _told(meter, 1)["anthropic-ratelimit-input-tokens-reset"] == "2026-01-01T00:01:00Z"


def test_a_limit_that_is_not_set_is_not_told():
    assert set(_told(_meter(Limits(tokens_per_minute=100), "openai"))) == {
        "x-ratelimit-limit-tokens",
        "x-ratelimit-remaining-tokens",
        "x-ratelimit-reset-tokens",
    }


def test_the_output_that_is_asked_for_counts_where_the_provider_counts_it():
    limits = Limits(tokens_per_minute=100)
    assert _ask(_meter(limits, "groq"), tokens=40, max_tokens=61) == faults.request_exceeds_rate_limit(
        limit=100, requested=101
    )
    assert _ask(_meter(limits, "acme"), tokens=40, max_tokens=61) is None


def test_a_day_ends_at_midnight_whenever_it_began():
    meter = _meter(Limits(requests_per_day=2))
    evening, midnight = 23 * 3600, 24 * 3600
    asked = [_ask(meter, now_s=now_s) for now_s in (0, evening, evening, midnight - 1, midnight)]
    assert asked == [None, None, faults.daily_limit(of="requests"), faults.daily_limit(of="requests"), None]


def test_a_day_ends_also_for_a_request_that_is_larger_than_all_of_it():
    refused = _meter(Limits(tokens_per_day=5), "openai").refuse(Question("m", 10), 100, START + 3600)
    assert (refused.counted["used"], refused.counted["wait"]) == (0, 23 * 3600)


def test_an_account_s_upstream_that_is_busy_stands_for_no_limit_of_one_s_own():
    meter = _meter(Limits(requests_per_minute=1), "nous")
    _ask(meter)
    assert _ask(meter).entry("chat", provider("nous")).provider == "openai"


@pytest.mark.parametrize(
    ("limits", "of"),
    [
        (Limits(requests_per_minute=1), "requests"),
        (Limits(tokens_per_minute=15), "tokens"),
        (Limits(requests_per_day=1), "requests"),
        (Limits(tokens_per_day=15), "tokens"),
    ],
)
def test_a_refusal_speaks_of_the_limit_that_was_reached(limits, of):
    for name in names():
        meter = _meter(limits, name)
        assert _ask(meter) is None
        entry = _ask(meter).entry("chat", provider(name))
        assert entry.of in (of, "any"), name


def test_a_refusal_carries_the_true_counts():
    meter = _meter(Limits(tokens_per_minute=100), "groq")
    _ask(meter, tokens=70)
    counted = meter.refuse(Question("m", 40), 100, START + 20).counted
    expected = {"limit": 100, "used": 70, "remaining": 30, "requested": 40, "wait": 40}
    assert {name: counted[name] for name in expected} == expected
