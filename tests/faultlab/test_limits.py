import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultlab import faults
from faultlab.limits import Limits, Meter


def _ask(meter, tokens=10, max_tokens=None, body_bytes=100, now_s=0.0):
    return meter.refuse(tokens, max_tokens, body_bytes, now_s)


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
        (Limits(tokens_per_minute=50), {"tokens": 50}, None),
        (Limits(tokens_per_minute=50), {"tokens": 51}, faults.request_exceeds_rate_limit(limit=50, requested=51)),
    ],
)
def test_a_request_that_is_too_large_is_refused_at_any_time(limits, asked, refused):
    assert _ask(Meter(limits), **asked) == refused


def test_requests_of_a_minute_are_counted_from_the_first_one_that_passed():
    meter = Meter(Limits(requests_per_minute=2))
    answers = [_ask(meter, now_s=now_s) for now_s in (5, 20, 30.5, 64.9, 65)]
    waits = [None, None, 35, 1, None]
    assert answers == [wait and faults.rate_limit(retry_after_s=wait) for wait in waits]


def test_tokens_of_a_minute_are_counted():
    meter = Meter(Limits(tokens_per_minute=100))
    assert [bool(_ask(meter, tokens=40)) for _ in range(4)] == [False, False, True, True]
    assert _ask(meter, tokens=20) is None


def test_refused_requests_do_not_count():
    meter = Meter(Limits(requests_per_minute=1, body_bytes=100))
    for _ in range(5):
        assert _ask(meter, body_bytes=101) == faults.payload_too_large()
    assert _ask(meter) is None
    assert _ask(meter, now_s=59) == faults.rate_limit(retry_after_s=1)
    assert _ask(meter, now_s=60) is None


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 40)), max_size=40))
def test_who_waits_as_told_is_let_through(asked):
    meter, now_s = Meter(Limits(requests_per_minute=3, tokens_per_minute=100)), 0
    for tokens, gap_s in asked:
        now_s += gap_s
        refused = _ask(meter, tokens=tokens, now_s=now_s)
        if refused:
            now_s += refused.retry_after_s
            assert _ask(meter, tokens=tokens, now_s=now_s) is None


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "8192"])
@pytest.mark.parametrize("name", ["context_tokens", "body_bytes", "requests_per_minute", "tokens_per_minute"])
def test_a_limit_is_a_whole_number_from_1(name, value):
    with pytest.raises(ValueError, match=name):
        Limits(**{name: value})
