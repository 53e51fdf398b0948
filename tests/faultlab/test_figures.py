"""The numbers of an error agree: with each other, with the request, with the clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultlab.providers import entries
from faultlab.providers.figures import QUANTITIES, Figures
from faultlab.providers.occasion import Occasion
from faultlab.providers.template import of_text

NOW = 1_767_225_600.0 + 20 * 3600  # a Thursday evening
RATE = {"limit": 6000, "used": 5034, "requested": 1443, "wait": 4.77}
WINDOW = {"window": 65536, "prompt": 92208, "output": 21333}
OUTPUT = {"window": 131072, "prompt": 10535, "output": 131072}


def figures(seen, estimate=1000, max_tokens=None, answer="a", of="tokens", *, counts_output=False, **stated):
    return Figures(Occasion("m", estimate, max_tokens, NOW, "account", answer, counts_output, stated), seen, of)


@given(st.integers(0, 10**7), st.none() | st.integers(1, 10**6), st.text(max_size=5), st.booleans())
def test_a_rate_limit_names_the_wait_that_its_bucket_needs(estimate, max_tokens, answer, counts_output):
    made = figures(RATE, estimate, max_tokens, answer, counts_output=counts_output)
    assert made["requested"] == max(1, estimate + (max_tokens or 0) * counts_output) <= made["limit"]
    assert made["used"] <= made["limit"] < made["used"] + made["requested"]
    assert made["remaining"] == made["limit"] - made["used"]
    assert made["wait"] == round((made["used"] + made["requested"] - made["limit"]) * 60 / made["limit"], 3) < 2


@given(st.integers(0, 10**6), st.floats(0.001, 120))
def test_a_wait_that_is_stated_is_the_one_that_the_numbers_ask_for(estimate, wait_s):
    made = figures(RATE, estimate, wait=wait_s)
    needed_s = (made["used"] + made["requested"] - made["limit"]) * 60 / made["limit"]
    assert made["wait"] == wait_s
    assert made["used"] <= made["limit"]
    assert abs(needed_s - wait_s) <= max(60 / made["limit"], 0.5 * wait_s)


@pytest.mark.parametrize("entry", [entry for entry in entries() if {"rate_limit", "daily_limit"} & set(entry.faults)])
@given(st.integers(0, 10**6), st.none() | st.integers(1, 10**5), st.floats(0, 10**5))
def test_whoever_is_told_to_wait_could_pass_then(entry, estimate, max_tokens, wait_s):
    made = figures(entry.seen, estimate, max_tokens, of=entry.of, wait=wait_s)
    assert made["limit"] >= made["requested"] or "requested" not in entry.seen
    assert 0 <= made["used"] <= made["limit"]
    if entry.of and f"{entry.of}_reset" in entry.seen:
        assert made[f"{entry.of}_reset"] >= wait_s


def test_what_is_stated_is_kept():
    made = figures(RATE, limit=50, wait=30.0, used=45, requested=30)
    assert (made["limit"], made["wait"], made["used"]) == (50, 30.0, 45)


def test_one_request_is_counted_where_requests_are_counted():
    made = figures({"limit": 500, "used": 500, "requested": 1, "wait": 0.12}, estimate=9000, of="requests")
    assert (made["requested"], made["limit"], made["used"], made["wait"]) == (1, 500, 500, 0.12)


def test_a_day_s_bucket_fills_in_a_day():
    made = figures({"limit": 200, "used": 200, "requested": 1, "wait": 432}, of="requests")
    assert made["wait"] == 86_400 / 200


def test_what_was_seen_empty_is_empty():
    made = figures({"limit": 50, "remaining": 0}, estimate=20_000, of="requests")
    assert (made["limit"], made["remaining"]) == (50, 0)


def test_a_limit_that_the_provider_was_told_to_have_is_the_one_it_names():
    assert figures(RATE, estimate=10, tokens_limit=1000)["limit"] == 1000


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


@given(st.integers(0, 10**6))
def test_a_minute_s_bucket_is_full_again_within_a_minute_and_a_day_s_at_its_own_pace(estimate):
    seen = RATE | {"requests_limit": 14400, "requests_remaining": 14399, "requests_reset": 6}
    made = figures(seen | {"tokens_limit": 6000, "tokens_remaining": 5843, "tokens_reset": 1.57}, estimate)
    assert made["requests_reset"] == 6
    assert 0 <= made["tokens_reset"] <= 60
    assert made["tokens_remaining"] == made["remaining"]


def test_days_end_at_midnight_and_weeks_on_sunday():
    made = figures({})
    assert (made["day_reset"], made["week_reset"]) == (4 * 3600, 3 * 86400 + 4 * 3600)


@pytest.mark.parametrize("before", ["team ", "team/", "account ", "organization <", "project_number:", "org_"])
def test_an_account_has_one_id_however_it_is_written(before):
    one, other = (of_text(f"of {before}XXXX").filled(figures({}, answer=answer)) for answer in "ab")
    assert one == other


def test_ids_of_the_account_last_and_others_are_made_for_each_answer():
    one, other = figures({}, answer="one"), figures({}, answer="other")
    assert one.id_for("org-") == other.id_for("org-") != one.id_for("req_") != other.id_for("req_")


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_the_same_occasion_gives_the_same_number(quantity):
    assert figures({})[quantity] == figures({})[quantity]
