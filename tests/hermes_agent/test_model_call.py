"""One model call through the real client: attempts, waits, renewals, compressions, lowered outputs, and the switch."""

from __future__ import annotations

import json

import httpx2
import pytest

from hermes_agent.messages import FailureKind, Outcome

OVERFLOW = (400, {}, {"error": {"message": "too long", "code": "context_length_exceeded"}})
TOO_LARGE = (413, {}, {"error": {"message": "Payload Too Large"}})
LONG = [{"role": "user" if n % 2 == 0 else "assistant", "content": f"{n}:" + "x" * 400} for n in range(40)]
"""About 4,000 tokens as the contract estimates them."""


def overflow(limit, prompt):
    message = (
        f"This model's maximum context length is {limit} tokens. However, your messages resulted in {prompt} tokens. "
        "Please reduce the length of the messages."
    )
    return 400, {}, {"error": {"message": message, "type": "invalid_request_error", "code": "context_length_exceeded"}}


def output_too_large(limit, prompt, output):
    message = (
        f"This model's maximum context length is {limit} tokens. However, you requested {prompt + output} tokens "
        f"({prompt} in the messages, {output} in the completion). Please reduce the length of either."
    )
    return 400, {}, {"error": {"message": message, "type": "invalid_request_error", "code": "context_length_exceeded"}}


AFFORDABLE = (
    "This request requires more credits, or fewer max_tokens. You requested up to {0} tokens, but can only afford {1}."
)


def affordable(asked, fits):
    return 402, {}, {"error": {"message": AFFORDABLE.format(asked, fits), "code": 402}}


# Attempts and waits


def test_six_attempts_with_doubling_waits_then_the_fallback(agents, provider, clock):
    provider.says(*[503] * 6, "from the fallback")
    result = agents.turn()
    assert (result.outcome, result.reply) == (Outcome.COMPLETED, "from the fallback")
    assert (provider.hosts, clock.waits) == ("PPPPPPF", [2, 4, 8, 16, 32])


def test_exceptions_statuses_and_invalid_answers_share_one_counter(agents, provider):
    provider.says(429, httpx2.ReadTimeout("slow"), {"choices": []}, httpx2.ConnectError("refused"), 500, "", "ok")
    result = agents.turn()
    assert (provider.hosts, result.switch.reason, result.switch.after_attempts) == (
        "PPPPPPF",
        "invalid_response",
        6,
    )


def test_an_attempt_that_succeeds_ends_the_call_on_the_primary(agents, provider, clock):
    provider.says(*[500] * 5, "at last")
    result = agents.turn()
    assert (result.reply, result.switch, clock.waits) == ("at last", None, [2, 4, 8, 16, 32])


def test_each_model_call_has_a_budget_of_its_own(agents, provider):
    provider.says(*[500] * 5, "one", *[500] * 5, "two")
    assert [agents.turn().reply, agents.turn().reply] == ["one", "two"]


def test_the_budget_is_what_the_configuration_says(agents, provider, clock):
    agents.config["agent"] = {"api_max_retries": 1}
    provider.says(429, "ok")
    assert (agents.turn().reply, provider.hosts, clock.waits) == ("ok", "PF", [])


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"retry_after": 30}, [30]),
        ({"retry_after": 1}, [2]),
        ({"retry_after_ms": 2500, "retry_after": 60}, [2.5]),
        ({"retry_after": "Thu, 01 Jan 2026 00:00:50 GMT"}, [50]),
        ({"retry_after": "soon"}, [2]),
        ({"retry_after": -5}, [2]),
        ({"x_should_retry": "false"}, [2]),
    ],
)
def test_a_stated_wait_counts_when_it_is_longer(agents, provider, clock, headers, waits):
    provider.says(provider.error(429, **headers), "ok")
    assert agents.turn().switch is None
    assert clock.waits == waits


def test_a_stated_wait_above_two_minutes_is_not_begun(agents, provider, clock):
    provider.says(provider.error(503, retry_after=121), "ok")
    assert (agents.turn().switch.reason, provider.hosts, clock.waits) == ("retries_exhausted", "PF", [])


@pytest.mark.parametrize("status", [400, 402, 403, 404, 422, 501])
def test_a_client_error_switches_at_once_and_without_a_wait(agents, provider, clock, status):
    provider.says(status, "ok")
    result = agents.turn()
    assert (provider.hosts, clock.waits, result.switch.reason) == ("PF", [], "client_error")


def test_a_redirect_is_not_followed(agents, provider):
    provider.says((302, {"location": "https://elsewhere.example/v1"}, ""), "ok")
    assert (agents.turn().switch.failure, provider.hosts) == (FailureKind.BAD_REQUEST, "PF")


# Ten minutes


def test_after_ten_minutes_no_attempt_starts_on_this_provider(agents, provider, clock):
    def hang():
        clock.advance(120)
        return httpx2.ReadTimeout("timed out")

    agents.config["agent"] = {"api_max_retries": 20}
    provider.says(*[hang] * 5, "ok")  # four of 120 s and 30 s of waits; the fifth ends at 630 s
    assert (agents.turn().switch.reason, provider.hosts) == ("retries_exhausted", "PPPPPF")


def test_a_compression_does_not_start_them_anew(agents, provider, clock):
    def slow_overflow():
        clock.advance(301)
        return OVERFLOW

    provider.says(slow_overflow, slow_overflow)
    result = agents.turn(history=LONG)
    assert (result.outcome, result.compressions) == (Outcome.PARTIAL, 1)


def test_a_renewal_is_not_begun_after_them(agents, provider, clock):
    def late():
        clock.advance(601)
        return 401

    signed_in(agents)
    provider.says(late, "ok")
    assert (agents.turn().switch.failure, provider.hosts) == (FailureKind.UNAUTHORIZED, "FF")
    assert [asked.key for asked in provider.asked] == ["old", "sk-fallback"]


def test_the_fallback_has_ten_minutes_of_its_own(agents, provider, clock):
    def late():
        clock.advance(601)
        return 503

    provider.says(late, late)
    result = agents.turn()
    assert (provider.hosts, result.outcome) == ("PF", Outcome.FAILED)


def test_connect_and_read_time_outs_go_with_each_request(agents, provider):
    agents.config["agent"] = {"request_timeout_s": 7}
    seen = []
    provider.handle_request = lambda request: (
        seen.append(request.extensions["timeout"]) or httpx2.Response(200, json=provider.text("ok"))
    )
    agents.turn()
    assert (seen[0]["connect"], seen[0]["read"]) == (10, 7)


def signed_in(agents, provider="nous", **held):
    """A primary whose token can be renewed."""
    tokens = {"access_token": "old", "refresh_token": "r", "token_url": "https://auth.example/token", **held}
    (agents.home / "auth.json").write_text(json.dumps({"providers": {provider: tokens}}))
    agents.config["model"] = {"provider": provider, "default": "hermes-4"}


RENEWED = {"access_token": "new", "refresh_token": "r2"}


# Renewal


def test_a_401_is_healed_by_one_renewal_without_a_wait(agents, provider, clock):
    signed_in(agents)
    provider.says(401, RENEWED, "ok")
    assert agents.turn().reply == "ok"
    assert ([asked.key for asked in provider.asked], clock.waits) == (["old", None, "new"], [])
    assert json.loads((agents.home / "auth.json").read_text())["providers"]["nous"]["access_token"] == "new"


def test_the_attempt_counter_is_left_as_it_is(agents, provider):
    signed_in(agents)
    agents.config["agent"] = {"api_max_retries": 3}
    provider.says(500, 401, RENEWED, 500, 500, "ok")
    result = agents.turn()
    assert [asked.key for asked in provider.asked] == ["old", "old", None, "new", "new", "sk-fallback"]
    assert result.switch.reason == "retries_exhausted"


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param((400, {}, {"error": "invalid_grant"}), id="refused"),
        pytest.param({}, id="an answer without a token"),
        pytest.param((200, {}, "<html>"), id="no JSON"),
        pytest.param(httpx2.ReadTimeout("slow"), id="timed out"),
        pytest.param(httpx2.ConnectError("down"), id="cannot be reached"),
    ],
)
def test_a_renewal_that_fails_in_any_way_is_a_client_error(agents, provider, clock, refusal):
    signed_in(agents)
    provider.says(401, refusal, "ok")
    assert (agents.turn().switch.reason, clock.waits) == ("client_error", [])
    assert [asked.key for asked in provider.asked] == ["old", None, "sk-fallback"]


def test_a_second_401_is_not_renewed_again(agents, provider):
    signed_in(agents)
    provider.says(401, RENEWED, 401, "ok")
    assert agents.turn().switch.failure is FailureKind.UNAUTHORIZED


def test_the_next_model_call_may_renew_again(agents, provider):
    signed_in(agents)
    provider.says(401, RENEWED, "one", 401, {"access_token": "newer"}, "two")
    assert [agents.turn().reply, agents.turn().reply] == ["one", "two"]


def test_the_fallback_s_token_is_renewed_too(agents, provider):
    signed_in(agents)
    agents.config["fallback_model"] = agents.config["model"] | {"model": "hermes-4"}
    agents.config["model"] = {"provider": "openai", "default": "gpt-5.1"}
    provider.says(404, 401, RENEWED, "ok")
    assert agents.turn().reply == "ok"
    assert [asked.key for asked in provider.asked] == ["sk-primary", "old", None, "new"]


def test_a_key_from_the_environment_is_not_renewable(agents, provider):
    provider.says(401, "ok")
    assert (agents.turn().switch.reason, provider.hosts) == ("client_error", "PF")


def test_every_client_is_closed_the_renewal_s_too(agents, provider):
    signed_in(agents)
    provider.says(401, RENEWED, "ok")
    agents.turn()
    assert all(client.is_closed for client in provider.clients)


# Compression


def test_an_overflow_is_compressed_and_asked_again_after_two_seconds(agents, provider, clock):
    provider.says(OVERFLOW, "ok")
    result = agents.turn(history=LONG)
    assert (result.reply, result.compressions, clock.waits) == ("ok", 1, [2])
    first, second = (sum(len(text) for text in asked.texts) for asked in provider.asked)
    assert second <= first / 2


def test_head_and_tail_stay_and_a_marker_stands_between_them(agents, provider):
    provider.says(OVERFLOW, "ok")
    agents.turn("the last", history=LONG)
    before, after = (asked.texts for asked in provider.asked)
    assert (after[:3], after[-4:]) == (before[:3], before[-4:])
    assert "left out" in after[3]


def test_it_never_switches_and_three_are_the_most(agents, provider, clock):
    provider.says(*[OVERFLOW] * 4)
    result = agents.turn(history=LONG * 4)
    assert (result.outcome, result.failure) == (Outcome.PARTIAL, FailureKind.CONTEXT_OVERFLOW)
    assert (result.compressions, result.switch, clock.waits) == (3, None, [2, 2, 2])


def test_three_are_the_most_for_all_model_calls_of_a_turn(agents, provider):
    provider.says(OVERFLOW, OVERFLOW, provider.calls("nothing"), OVERFLOW, OVERFLOW)
    result = agents.turn(history=LONG * 4)
    assert (result.outcome, result.compressions) == (Outcome.PARTIAL, 3)


def test_the_next_turn_has_three_again(agents, provider):
    provider.says(OVERFLOW, OVERFLOW, OVERFLOW, "one", OVERFLOW, "two")
    assert agents.turn(history=LONG * 4).compressions == 3
    assert agents.turn("more").compressions == 1


def test_a_conversation_that_cannot_lose_a_message_ends_partial_at_once(agents, provider, clock):
    provider.says(OVERFLOW)
    result = agents.turn()
    assert (result.outcome, clock.waits, provider.hosts) == (Outcome.PARTIAL, [], "P")


def test_switched_off_it_ends_partial_at_once(agents, provider):
    agents.config["compression"] = {"enabled": False}
    provider.says(OVERFLOW)
    assert agents.turn(history=LONG).outcome is Outcome.PARTIAL


def test_it_starts_a_new_budget(agents, provider, clock):
    provider.says(*[500] * 5, OVERFLOW, *[500] * 5, "ok")
    assert agents.turn(history=LONG).reply == "ok"
    assert clock.waits == [2, 4, 8, 16, 32, 2, 2, 4, 8, 16, 32]


def test_on_the_fallback_it_has_three_of_its_own(agents, provider):
    provider.says(OVERFLOW, OVERFLOW, OVERFLOW, 404, OVERFLOW, "ok")
    result = agents.turn(history=LONG * 8)
    assert (result.reply, result.compressions, provider.hosts) == ("ok", 4, "PPPPFF")


def test_a_payload_too_large_halves_the_output_too(agents, provider):
    agents.config["model"]["max_tokens"] = 800
    provider.says(TOO_LARGE, provider.calls("nothing"), "ok")
    agents.turn(history=LONG)
    assert [asked.body["max_completion_tokens"] for asked in provider.asked] == [800, 400, 400]


def test_a_known_window_is_heeded_ahead_of_the_request_without_a_pause(agents, provider, clock):
    agents.config["model"]["context_length"] = 2000
    provider.says("ok")
    result = agents.turn(history=LONG)
    assert (result.compressions, clock.waits) == (1, [])
    assert sum(len(text) for text in provider.asked[0].texts) / 4 <= 0.85 * 2000


def test_what_was_left_out_ahead_of_the_request_counts_among_the_three(agents, provider):
    agents.config["model"]["context_length"] = 15_000
    provider.says(*[OVERFLOW] * 3)
    result = agents.turn(history=LONG * 4)
    assert (result.outcome, result.compressions) == (Outcome.PARTIAL, 3)


def test_ahead_of_a_request_nothing_ends_the_turn(agents, provider):
    agents.config["model"]["context_length"] = 10
    provider.says("ok")
    assert agents.turn("long enough " * 10).reply == "ok"


def test_below_the_threshold_nothing_is_left_out(agents, provider):
    agents.config["model"]["context_length"] = 100_000
    provider.says("ok")
    assert agents.turn(history=LONG).compressions == 0


def test_a_window_that_the_provider_names_is_aimed_at(agents, provider):
    provider.says(overflow(1000, 4100), "ok")
    agents.turn(history=LONG)
    assert sum(len(text) for text in provider.asked[1].texts) / 4 <= 850


def test_the_fallback_is_measured_by_its_own_window(agents, provider):
    agents.config["fallback_model"]["context_length"] = 2000
    provider.says(404, "ok")
    result = agents.turn(history=LONG)
    assert (len(provider.asked[0].texts), result.compressions) == (41, 1)
    assert sum(len(text) for text in provider.asked[1].texts) / 4 <= 0.85 * 2000


def test_the_primary_s_window_is_forgotten_by_the_switch(agents, provider):
    agents.config["model"]["context_length"] = 1_000_000
    provider.says(overflow(3000, 4100), 404, "ok")
    agents.turn(history=LONG)
    assert len(provider.asked[2].texts) == len(provider.asked[1].texts)


def test_what_was_left_out_is_left_out_of_the_store_too(agents, provider):
    provider.says(OVERFLOW, "ok", "again")
    kept = agents.turn(history=LONG).messages
    assert len(agents.turn("more").messages) == len(kept) + 2


# Lower output


def test_the_output_is_lowered_to_what_fits_without_a_wait(agents, provider, clock):
    agents.config["model"]["max_tokens"] = 800
    provider.says(output_too_large(1000, 700, 800), "ok")
    assert agents.turn().reply == "ok"
    assert [asked.body["max_completion_tokens"] for asked in provider.asked] == [800, 300]
    assert clock.waits == []


def test_for_the_rest_of_the_turn_and_no_longer(agents, provider):
    agents.config["model"]["max_tokens"] = 800
    provider.says(output_too_large(1000, 700, 800), provider.calls("nothing"), "one", "two")
    agents.turn()
    agents.turn()
    assert [asked.body["max_completion_tokens"] for asked in provider.asked] == [800, 300, 300, 800]


def test_no_attempt_is_counted(agents, provider):
    agents.config["model"]["max_tokens"] = 800
    agents.config["agent"] = {"api_max_retries": 2}
    provider.says(500, output_too_large(1000, 700, 800), 500, "ok")
    assert (agents.turn().switch.reason, provider.hosts) == ("retries_exhausted", "PPPF")


def test_a_second_one_is_an_overflow(agents, provider):
    agents.config["model"]["max_tokens"] = 800
    provider.says(output_too_large(10_000, 9700, 800), output_too_large(10_000, 9900, 300), "ok")
    result = agents.turn(history=LONG)
    assert (result.reply, result.compressions, result.switch) == ("ok", 1, None)


def test_money_for_less_lowers_and_money_for_nothing_switches(agents, provider):
    agents.config["model"]["max_tokens"] = 800
    provider.says(affordable(800, 200), affordable(200, 0), "ok")
    result = agents.turn()
    assert (result.switch.failure, provider.hosts) == (FailureKind.BILLING, "PPF")


def test_a_doubled_repeat_that_is_lowered_raises_nothing_for_the_rest_of_the_turn(agents, provider):
    agents.config["model"]["max_tokens"] = 800
    cut = provider.text("", "length")
    provider.says(cut, output_too_large(2000, 800, 1600), provider.calls("nothing"), "ok")
    agents.turn()
    assert [asked.body["max_completion_tokens"] for asked in provider.asked] == [800, 1600, 1200, 800]


def test_the_fallback_is_asked_for_its_own_output_under_its_own_name(agents, provider):
    agents.config["model"]["max_tokens"] = 800
    agents.config["fallback_model"]["max_tokens"] = 555
    provider.says(output_too_large(1000, 700, 800), 404, "ok")
    agents.turn()
    assert provider.asked[2].body["max_tokens"] == 555
    assert "max_completion_tokens" not in provider.asked[2].body
