"""The decision alone: every clause that says what follows a failure, without a client or a clock."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_agent.messages import Failure, FailureKind, Outcome
from hermes_agent.recovery import (
    CALL_LIMIT_S,
    Compress,
    LowerOutput,
    Renew,
    State,
    Stop,
    Switch,
    Wait,
    after,
    ahead,
    decide,
    reread,
)

RETRYABLE = [
    FailureKind.RATE_LIMITED,
    FailureKind.OVERLOADED,
    FailureKind.SERVER_ERROR,
    FailureKind.UNREACHABLE,
    FailureKind.TIMED_OUT,
    FailureKind.INVALID_RESPONSE,
]
CLIENT_ERRORS = [
    FailureKind.UNAUTHORIZED,
    FailureKind.BILLING,
    FailureKind.FORBIDDEN,
    FailureKind.NOT_FOUND,
    FailureKind.BAD_REQUEST,
]
OF_SIZE = [FailureKind.CONTEXT_OVERFLOW, FailureKind.PAYLOAD_TOO_LARGE, FailureKind.OUTPUT_TOO_LARGE]
READY = State(can_switch=True)


def failed(kind: FailureKind, **more) -> Failure:
    return Failure(kind, "it failed", **more)


def waits(state: State, failure: Failure) -> list[float]:
    """The waits until something else is decided."""
    made = []
    while isinstance(action := decide(state, failure), Wait):
        made.append(action.seconds)
        state = after(state, action)
    return made


@pytest.mark.parametrize("kind", RETRYABLE)
def test_a_retryable_kind_waits_two_four_eight_sixteen_thirty_two_seconds(kind):
    assert waits(READY, failed(kind)) == [2, 4, 8, 16, 32]


def test_own_waits_double_up_to_a_minute_and_their_sum_is_not_capped():
    assert waits(State(budget=9), failed(FailureKind.TIMED_OUT)) == [2, 4, 8, 16, 32, 60, 60, 60]


@pytest.mark.parametrize("kind", RETRYABLE)
def test_the_last_attempt_switches_and_the_last_failure_names_the_reason(kind):
    reason = "invalid_response" if kind is FailureKind.INVALID_RESPONSE else "retries_exhausted"
    assert decide(replace(READY, failed=5), failed(kind)) == Switch(reason)


@pytest.mark.parametrize("kind", CLIENT_ERRORS)
def test_a_client_error_switches_at_once(kind):
    assert decide(READY, failed(kind)) == Switch("client_error")


@pytest.mark.parametrize("kind", RETRYABLE + CLIENT_ERRORS)
def test_where_it_would_have_switched_it_stops_without_a_fallback(kind):
    assert decide(State(budget=1), failed(kind)) == Stop(Outcome.FAILED)


@pytest.mark.parametrize("kind", OF_SIZE)
@pytest.mark.parametrize("attempts", [0, 2, 5])
def test_size_never_switches_whatever_the_attempt(kind, attempts):
    state = replace(READY, failed=attempts, compressions=3)
    assert decide(state, reread(state, failed(kind))) == Stop(Outcome.PARTIAL)


def test_a_fault_of_our_own_stops_without_a_switch():
    assert decide(READY, failed(FailureKind.INTERNAL)) == Stop(Outcome.FAILED)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        pytest.param(1, 2, id="shorter than our own"),
        pytest.param(2, 2, id="as long as our own"),
        pytest.param(30, 30, id="longer"),
        pytest.param(120, 120, id="the longest that is begun"),
    ],
)
def test_a_stated_wait_replaces_ours_when_it_is_longer(stated, expected):
    assert decide(READY, failed(FailureKind.RATE_LIMITED, retry_after_s=stated)) == Wait(expected)


def test_a_stated_wait_above_two_minutes_spends_the_budget_on_the_first_attempt_too():
    assert decide(READY, failed(FailureKind.RATE_LIMITED, retry_after_s=121)) == Switch("retries_exhausted")


def test_a_stated_wait_that_would_bring_the_waits_above_two_minutes_is_not_begun():
    state = replace(READY, failed=1, waited_s=61)
    assert decide(state, failed(FailureKind.RATE_LIMITED, retry_after_s=60)) == Switch("retries_exhausted")
    assert decide(replace(state, waited_s=60), failed(FailureKind.RATE_LIMITED, retry_after_s=60)) == Wait(60)


def test_jitter_lengthens_our_own_wait_and_never_a_stated_one():
    assert decide(READY, failed(FailureKind.OVERLOADED), jitter=0.25) == Wait(2.5)
    assert decide(READY, failed(FailureKind.OVERLOADED, retry_after_s=7), jitter=0.25) == Wait(7)


def test_a_renewable_credential_is_renewed_once_and_counts_no_attempt():
    state = replace(READY, can_renew=True, failed=3)
    assert decide(state, failed(FailureKind.UNAUTHORIZED)) == Renew()
    renewed = after(state, Renew())
    assert renewed.failed == 3
    assert decide(renewed, failed(FailureKind.UNAUTHORIZED)) == Switch("client_error")


def test_a_compression_starts_a_new_budget_and_forgets_the_waits():
    state = replace(READY, failed=4, waited_s=30, compressions=1)
    action = decide(state, failed(FailureKind.CONTEXT_OVERFLOW))
    assert action == Compress(None)
    assert after(state, action) == replace(state, failed=0, waited_s=0, compressions=2)


@pytest.mark.parametrize(("present", "halved"), [(None, None), (800, 400), (1, 1)])
def test_a_payload_too_large_halves_the_output_if_that_was_set(present, halved):
    state = replace(READY, max_tokens=present)
    assert decide(state, failed(FailureKind.PAYLOAD_TOO_LARGE)) == Compress(halved)


def test_compression_switched_off_ends_the_turn_partial():
    assert decide(replace(READY, can_compress=False), failed(FailureKind.CONTEXT_OVERFLOW)) == Stop(Outcome.PARTIAL)


@pytest.mark.parametrize(
    ("present", "fits", "lowered"),
    [
        pytest.param(800, 300, 300, id="what the provider names"),
        pytest.param(800, None, 400, id="else half"),
        pytest.param(None, 300, 300, id="named, though the request left it open"),
    ],
)
def test_an_output_too_large_is_lowered_once(present, fits, lowered):
    state = replace(READY, max_tokens=present)
    failure = failed(FailureKind.OUTPUT_TOO_LARGE, fits_max_tokens=fits)
    assert decide(state, reread(state, failure)) == LowerOutput(lowered)
    again = after(state, LowerOutput(lowered))
    assert again.max_tokens == lowered
    assert decide(again, reread(again, failed(FailureKind.OUTPUT_TOO_LARGE, fits_max_tokens=1))) == Compress(lowered)


@pytest.mark.parametrize(("present", "fits"), [(800, 0), (800, -186), (800, 800), (800, 900), (1, None), (None, None)])
def test_a_number_that_cannot_be_asked_for_makes_it_an_overflow(present, fits):
    state = replace(READY, max_tokens=present)
    failure = reread(state, failed(FailureKind.OUTPUT_TOO_LARGE, fits_max_tokens=fits))
    assert failure.kind is FailureKind.CONTEXT_OVERFLOW


def test_money_that_is_short_for_any_output_is_billing_and_switches():
    state = replace(READY, max_tokens=800)
    failure = reread(state, failed(FailureKind.OUTPUT_TOO_LARGE, fits_max_tokens=0, for_money=True))
    assert failure.kind is FailureKind.BILLING
    assert decide(state, failure) == Switch("client_error")


LATE = replace(READY, elapsed_s=CALL_LIMIT_S + 1, can_renew=True, max_tokens=800)


@pytest.mark.parametrize(
    ("kind", "action"),
    [(kind, Switch("retries_exhausted")) for kind in RETRYABLE[:-1]]
    + [(FailureKind.UNAUTHORIZED, Switch("client_error"))]
    + [(kind, Stop(Outcome.PARTIAL)) for kind in OF_SIZE],
)
def test_after_ten_minutes_nothing_more_starts_on_this_provider(kind, action):
    assert decide(LATE, reread(LATE, failed(kind))) == action


def test_a_wait_that_would_end_after_the_ten_minutes_is_not_begun():
    assert decide(replace(READY, elapsed_s=598), failed(FailureKind.TIMED_OUT)) == Wait(2)
    assert decide(replace(READY, elapsed_s=598.1), failed(FailureKind.TIMED_OUT)) == Switch("retries_exhausted")


def test_ahead_of_a_request_three_compressions_are_the_most():
    assert ahead(READY) == Compress(None)
    assert ahead(replace(READY, compressions=3)) is None
    assert ahead(replace(READY, can_compress=False)) is None


states = st.builds(
    State,
    budget=st.integers(1, 8),
    can_renew=st.booleans(),
    can_compress=st.booleans(),
    can_switch=st.booleans(),
    compressions=st.integers(0, 3),
    max_tokens=st.none() | st.integers(1, 5000),
)
failures = st.builds(
    Failure,
    kind=st.sampled_from(FailureKind),
    message=st.just("it failed"),
    retry_after_s=st.none() | st.floats(0, 500),
    fits_max_tokens=st.none() | st.integers(-10, 6000),
    for_money=st.booleans(),
)


@given(states, st.lists(failures, min_size=40, max_size=40))
def test_any_run_of_failures_ends_within_the_promised_number_of_attempts(state, run):
    most = state.budget * (4 - state.compressions) + (3 - state.compressions) + 2
    attempts = 0
    for failure in run:
        attempts += 1
        action = decide(state, reread(state, failure))
        if isinstance(action, Switch | Stop):
            break
        state = after(state, action)
    assert attempts <= most


@given(states, failures)
def test_size_and_our_own_faults_never_switch(state, failure):
    failure = reread(state, failure)
    if failure.kind in (*OF_SIZE, FailureKind.INTERNAL):
        assert not isinstance(decide(state, failure), Switch)


@given(states, failures)
def test_no_wait_is_longer_than_two_minutes(state, failure):
    action = decide(state, reread(state, failure))
    assert not isinstance(action, Wait) or 0 < action.seconds <= 120
