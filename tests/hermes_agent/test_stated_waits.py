"""A wait that the provider states is read wherever it stands, and only when it can be read."""

import math
from email.utils import formatdate

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hermes_agent.error_bodies import read_error
from hermes_agent.stated_waits import stated_wait

NOW_S = 1_767_225_600.0  # 2026-01-01T00:00:00Z


def wait(headers=None, body=None):
    return stated_wait(headers or {}, read_error(body), NOW_S)


def packed(headers):
    return {"error": {"metadata": {"headers": headers}}}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "20"}, 20),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "0"}, 0),
        ({"retry-after-ms": "9816", "retry-after": "10"}, 9.816),
        ({"retry-after-ms": "soon", "retry-after": "10"}, 10),
        ({"retry-after": formatdate(NOW_S + 45, usegmt=True)}, 45),
        ({"retry-after": "Thursday, 01-Jan-26 00:00:30 GMT"}, 30),
        ({"retry-after": formatdate(NOW_S - 45, usegmt=True)}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e400"}, None),
        ({"retry-after": "99999999999999999999999999"}, None),
        ({"retry-after": "5, 5"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_retry_after_is_milliseconds_seconds_or_a_date(headers, seconds):
    assert wait(headers) == seconds


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ({"error": {"resets_in_seconds": 13872}}, 13872),
        ({"error": {"resets_at": NOW_S + 60}}, 60),
        ({"error": {"resets_at": NOW_S - 60}}, None),
        ([{"error": {"details": [{"retryDelay": "26s"}]}}], 26),
        ([{"error": {"details": [{"retryDelay": "-26s"}]}}], None),
        ("Please try again in 9.816s. Visit https://x.test", 9.816),
        ("Please try again in 644ms. Visit", 0.644),
        ("Please try again in 1m30s.", 90),
        ("Please try again in 7m12.5s", 432.5),
        ("try again in 6m0s", 360),
        ("Please retry in 20.04466179s.", 20.04466179),
        ("Rate limit exceeded. Try again in 35 seconds.", 35),
        ("Please retry after 86400 seconds. Please go here", 86400),
        ("Try again in 2 minutes", 120),
        ("Try again in 1 hour, 5 minutes", 3900),
        ("Try again in 3 days", 259200),
        ("Try again in a moment", None),
        ("Retry after in-flight requests settle", None),
        ("Try again in 5 months", None),
        (packed({"Retry-After": "120"}), 120),
        (packed({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1767225630000"}), 30),
        (packed({"X-RateLimit-Remaining": "3", "X-RateLimit-Reset": "1767225630000"}), None),
        ({"error": {"resets_in_seconds": "soon", "message": "try again in 5s"}}, 5),
    ],
)
def test_a_body_states_it_in_a_field_or_in_words(body, seconds):
    assert wait(body=body) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("120ms", 0.12),
        ("1.57s", 1.57),
        ("6m0s", 360),
        ("1h2m3s", 3723),
        ("2400", 2400),
        ("0", 0),
        ("1767225660", 60),
        ("1767225660000", 60),
        ("2026-01-01T00:01:30Z", 90),
        ("2026-01-01T01:01:30+01:00", 90),
        ("2026-01-01T00:01:30", 90),
        ("2025-01-25T12:00:00Z", None),
        ("-1", None),
        ("whenever", None),
    ],
)
def test_an_empty_bucket_states_when_it_is_full(reset, seconds):
    assert wait({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": reset}) == pytest.approx(seconds)


@pytest.mark.parametrize("left", ["1", "-1", "", "many"])
def test_a_bucket_that_is_not_empty_states_nothing(left):
    assert wait({"x-ratelimit-remaining-tokens": left, "x-ratelimit-reset-tokens": "30"}) is None


def test_the_bucket_with_nothing_left_counts_not_its_neighbour():
    headers = {
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "30",
        "x-ratelimit-remaining-requests-1h": "0",
        "x-ratelimit-reset-requests-1h": "2400",
    }
    assert wait(headers) == 2400


def test_of_several_empty_buckets_the_last_to_fill_counts():
    headers = {
        "anthropic-ratelimit-input-tokens-remaining": "0",
        "anthropic-ratelimit-input-tokens-reset": "2026-01-01T00:00:10Z",
        "anthropic-ratelimit-requests-remaining": "0",
        "anthropic-ratelimit-requests-reset": "2026-01-01T00:00:40Z",
    }
    assert wait(headers) == 40


def test_the_first_that_can_be_read_counts_not_the_longest():
    bucket = {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "90s"}
    said = {"error": {"message": "try again in 30s"}}
    assert wait(bucket | {"retry-after": "5"}, said) == 5
    assert wait(bucket | {"retry-after": "-5"}, said) == 30
    assert wait(bucket, said) == 30
    assert wait(bucket) == 90


@given(st.text(max_size=40))
@example("0 Jan 0001 00:00:00 +9959")
@example("Mon, 01 Jan 0001 00:00:00 +2359")
@example("9999-12-31T23:59:59-23:59")
def test_no_text_is_read_as_anything_but_a_wait(text):
    bucket = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": text}
    for headers in ({"retry-after": text}, {"retry-after-ms": text}, bucket):
        seconds = wait(headers, {"error": {"resets_at": text, "retryDelay": text, "message": f"try again in {text}"}})
        assert seconds is None or (seconds >= 0 and math.isfinite(seconds))


@given(st.integers(0, 10**9), st.integers(0, 59), st.integers(0, 59))
def test_a_go_duration_is_the_sum_of_its_parts(hours, minutes, seconds):
    words = f"Please try again in {hours}h{minutes}m{seconds}s. Visit our site."
    assert wait(body=words) == hours * 3600 + minutes * 60 + seconds
