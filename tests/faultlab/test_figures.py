"""The numbers of an error agree: with each other, with the request, with the clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultlab.providers.figures import QUANTITIES, Figures, Occasion

NOW = 1_767_225_600.0 + 20 * 3600  # a Thursday evening
RATE = {"limit": 6000, "used": 5034, "requested": 1443, "wait": 4.77}
WINDOW = {"window": 65536, "prompt": 92208, "output": 21333}
OUTPUT = {"window": 131072, "prompt": 10535, "output": 131072}


def figures(seen, estimate=1000, max_tokens=None, answer="a", **stated):
    return Figures(Occasion("m", estimate, max_tokens, NOW, "account", answer, stated), seen)


@given(st.integers(0, 10**7), st.none() | st.integers(1, 10**6), st.text(max_size=5))
def test_a_rate_limit_says_what_is_used_so_that_the_request_does_not_fit(estimate, max_tokens, answer):
    made = figures(RATE, estimate, max_tokens, answer)
    assert made["requested"] == max(1, estimate + (max_tokens or 0)) <= made["limit"]
    assert made["used"] <= made["limit"] < made["used"] + made["requested"]
    assert made["remaining"] == made["limit"] - made["used"]
    assert 0.2 <= made["wait"] <= 1.9


def test_what_is_stated_is_kept():
    made = figures(RATE, limit=50, wait=30.0)
    assert (made["limit"], made["wait"]) == (50, 30.0)


def test_one_request_is_counted_where_requests_are_counted():
    assert figures({"limit": 500, "requested": 1})["requested"] == 1


@given(st.integers(0, 10**7))
def test_a_request_that_never_passes_is_above_the_limit(estimate):
    made = figures({"limit": 6000, "requested": 14368}, estimate)
    assert made["limit"] < made["requested"] or made["requested"] == 1


@given(st.integers(0, 10**7), st.none() | st.integers(1, 10**6))
def test_a_prompt_that_was_seen_above_the_window_is_above_it(estimate, max_tokens):
    made = figures(WINDOW, estimate, max_tokens)
    assert made["prompt"] > made["window"]
    assert made["total"] == made["prompt"] + made["output"]
    assert made["over"] == made["prompt"] - made["window"]


@given(st.integers(0, 10**7), st.none() | st.integers(2, 10**6))
def test_a_prompt_that_was_seen_within_the_window_is_within_it_and_the_output_is_too_long(estimate, max_tokens):
    made = figures(OUTPUT, estimate, max_tokens)
    assert made["prompt"] < made["window"] < made["total"]


def test_the_parts_of_a_prompt_are_the_prompt():
    made = figures({"text_input": 60833, "tool_input": 10042, "window": 65536})
    assert made["text_input"] + made["tool_input"] == made["prompt"]


def test_a_bucket_fills_at_the_pace_that_was_seen():
    seen = {"requests_limit": 14400, "requests_remaining": 14399, "requests_reset": 6, "limit": 6000}
    made = figures(seen, requests_remaining=14000)
    assert made["requests_reset"] == 400 * 6


def test_days_end_at_midnight_and_weeks_on_sunday():
    made = figures({})
    assert (made["day_reset"], made["week_reset"]) == (4 * 3600, 3 * 86400 + 4 * 3600)


def test_ids_of_the_account_last_and_others_are_made_for_each_answer():
    one, other = figures({}, answer="one"), figures({}, answer="other")
    assert one.id_for("org-") == other.id_for("org-") != one.id_for("req_") != other.id_for("req_")


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_the_same_occasion_gives_the_same_number(quantity):
    assert figures({})[quantity] == figures({})[quantity]
