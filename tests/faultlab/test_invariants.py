from dataclasses import replace

import pytest

from faultlab.dialogue import Dialogue, Said
from faultlab.invariants import INVARIANTS, ON_THE_WIRE, violated
from faultlab.trace import ToolUse

LONG = tuple(f"message {n}" for n in range(10))
SHORT = (*LONG[:3], "left out", *LONG[6:])


def _found(story):
    return {violation.what: violation for violation in violated(story.case)}


def _ladder(story, who="P", fault="rate_limit", attempts=6):
    """A whole budget, with the waits between its attempts."""
    for n in range(1, attempts + 1):
        story.ask(who, fault)
        if n < attempts:
            story.wait(min(2**n, 60))
    return story


def test_the_contract_has_eleven_and_two_hold_for_every_client():
    assert list(INVARIANTS) == [f"I{n}" for n in range(1, 12)]
    assert ON_THE_WIRE == ("I7", "I11")


def test_what_the_contract_asks_for_violates_nothing(story):
    _ladder(story).ask("F").end(switch_reason="retries_exhausted").ask("F").end()
    assert _found(story) == {}


def test_i1_a_second_switch(story):
    story.ask("P", "forbidden").ask("F").end(switch_reason="client_error")
    story.ask("P", "forbidden").ask("F").end(switch_reason="client_error")
    found = _found(story)
    assert (found["I1"].turn, found["I1"].step) == (2, 4)
    assert found["I2"].step == 3


def test_i1_a_second_switch_that_is_only_told(story):
    story.ask("F").end(switch_reason="client_error").ask("F").end(switch_reason="client_error")
    assert _found(story)["I1"].found == "the agent reports a second switch"


def test_i2_a_way_back(story):
    story.ask("P", "forbidden").ask("F", "reset").ask("P").end(switch_reason="client_error")
    assert _found(story)["I2"].step == 3


def test_i2_a_switch_that_the_next_turn_forgot(story):
    story.ask("P", "forbidden").end("failed", "forbidden", switch_reason="client_error").ask("P").end()
    assert _found(story)["I2"].turn == 2


def test_i2_speaks_of_one_session(story):
    story.ask("P", "forbidden").ask("F").end(session="a", switch_reason="client_error").ask("P").end(session="b")
    assert _found(story) == {}


@pytest.mark.parametrize(
    "fault", ["context_overflow", "payload_too_large", "output_too_large", "window_exceeded_finish"]
)
def test_i3_a_switch_for_size(story, fault):
    story.ask("P", fault).ask("F").end(switch_reason="client_error")
    assert _found(story)["I3"].found == f"a switch after {fault}"


def test_i3_allows_a_switch_for_another_failure_beside_one_of_size(story):
    story.ask("P", "context_overflow", said=LONG).wait(2).ask("P", "forbidden", said=SHORT).ask("F", said=SHORT)
    story.end(switch_reason="client_error")
    assert _found(story) == {}


def test_i4_a_turn_that_fails_with_a_fallback_in_hand(story):
    _ladder(story).end("failed", "rate_limited")
    assert _found(story)["I4"].found == "failed with rate_limited, and the fallback was never asked"


@pytest.mark.parametrize("failure", ["context_overflow", "payload_too_large", "output_too_large", "internal"])
def test_i4_size_and_faults_of_our_own_apart(story, failure):
    story.ask("P", "context_overflow").end("failed", failure)
    assert "I4" not in _found(story)


def test_i4_a_fallback_that_cannot_be_used_need_not_be_tried(story):
    story.policy = replace(story.policy, refused="no_key")
    _ladder(story).end("failed", "rate_limited", refused="no_key")
    assert _found(story) == {}


def test_i4_a_session_that_has_switched_has_tried_it(story):
    story.ask("P", "forbidden").ask("F").end(switch_reason="client_error")
    story.ask("F", "forbidden").end("failed", "forbidden")
    assert _found(story) == {}


def test_i5_one_request_too_many(story):
    for n in range(1, 10):
        story.ask("P", "rate_limit").wait(min(2**n, 60) if n < 9 else 0)
    story.end("interrupted")
    assert (_found(story)["I5"].expected, _found(story)["I5"].step) == ("at most 8 requests", 9)


def test_i6_a_wait_that_is_too_short(story):
    story.ask("P", "rate_limit").wait(1).ask("P").end()
    assert (_found(story)["I6"].expected, _found(story)["I6"].found) == ("a wait of 2 s", "1 s")


def test_i6_a_wait_that_the_provider_states(story):
    story.ask("P", "rate_limit", headers=(("Retry-After", "20"),)).wait(20).ask("P").end()
    assert _found(story) == {}


def test_i6_a_stated_wait_that_is_ignored(story):
    story.ask("P", "rate_limit", headers=(("retry-after", "20"),)).wait(2).ask("P").end()
    assert _found(story)["I6"].expected == "a wait of 20 s"


def test_i6_a_stated_wait_above_two_minutes_is_not_begun(story):
    story.ask("P", "rate_limit", headers=(("retry-after", "300"),)).wait(300).ask("P").end()
    assert _found(story)["I6"].expected == "no wait above 120 s"


def test_i6_a_renewal_costs_no_wait_and_no_attempt(story):
    story.ask("P", "rate_limit").wait(2).ask("P", "unauthorized").renew("P").ask("P", "rate_limit").wait(4).ask(
        "P"
    ).end()
    assert _found(story) == {}


def test_i6_a_lowered_output_costs_no_wait_and_no_attempt(story):
    low = {"max_tokens": 5}
    story.ask("P", "output_too_large", body={"max_tokens": 9}).ask("P", "reset", body=low).wait(2).ask(
        "P", body=low
    ).end()
    assert _found(story) == {}


@pytest.mark.parametrize(("pause_s", "held"), [(2, True), (0, False), (4, False)])
def test_i6_a_compression_pauses_for_two_seconds_and_begins_a_new_budget(story, pause_s, held):
    story.ask("P", "rate_limit", said=LONG).wait(2).ask("P", "context_overflow", said=LONG).wait(pause_s)
    story.ask("P", "rate_limit", said=SHORT).wait(2).ask("P", said=SHORT).end()
    assert ("I6" not in _found(story)) is held


def test_i6_a_wait_before_the_switch(story):
    story.ask("P", "forbidden").wait(2).ask("F").end(switch_reason="client_error")
    assert _found(story)["I6"].expected == "no wait"


def test_i6_a_wait_after_the_last_attempt(story):
    story.ask("P", "bad_request").wait(2).end("partial")
    assert _found(story)["I6"].expected == "no wait after the last attempt"


@pytest.mark.parametrize(("waited_s", "held"), [(1.5, True), (2, True), (3, False)])
def test_i6_a_wait_that_an_interrupt_cut_short(story, waited_s, held):
    story.ask("P", "rate_limit").wait(waited_s).end("interrupted")
    assert ("I6" not in _found(story)) is held


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"key_of": "fallback"}, "the key of fallback"),
        ({"key_of": "none"}, "no key"),
        ({"key_of": "unknown"}, "a key of nobody's"),
        ({"body": {"model": "claude"}}, "the model claude"),
    ],
)
def test_i7_what_belongs_to_another(story, more, found):
    story.ask("P", **more).end()
    assert _found(story)["I7"].found == found


def test_i7_an_address_that_is_not_the_provider_s(story):
    story.ask("P").end()
    exchange = story.trace.exchanges[0]
    exchange.request = replace(exchange.request, url="https://one.example/v2/chat/completions")
    assert _found(story)["I7"].found == "https://one.example/v2/chat/completions"


@pytest.mark.parametrize("owner", ["none", "unknown"])
def test_i7_who_needs_no_key_may_get_one_of_nobody_s(story, owner):
    story.policy = replace(story.policy, primary=replace(story.policy.primary, needs_key=False))
    story.ask("P", key_of=owner).end()
    assert _found(story) == {}


def test_i7_nothing_is_asked_of_a_request_that_was_never_read(story):
    story.ask("P", "refused", key_of="none", body={"model": ""}, unread=True).wait(2).ask("P").end()
    assert _found(story) == {}


def test_i7_a_renewal_carries_its_own_token(story):
    story.ask("P", "unauthorized").renew("P")
    story.trace.exchanges[-1].key_of = "fallback"
    story.ask("P").end()
    assert _found(story)["I7"].step == 2


def test_i8_a_conversation_that_lost_something_on_its_way(story):
    story.ask("P", "forbidden", said=("a", "b")).ask("F", said=("a", "x")).end(switch_reason="client_error")
    violation = _found(story)["I8"]
    assert violation.expected == "the conversation that the primary failed on; message 2: user: 'b'"
    assert (violation.found, violation.step) == ("user: 'x'", 2)


def test_i8_reasoning_and_system_prompt_apart(story):
    said = {"role": "assistant", "content": "hm", "reasoning_content": "thinking"}
    bare = {"role": "assistant", "content": "hm"}
    story.ask("P", "forbidden", said=("a", said)).ask("F", said=({"role": "system", "content": "x"}, "a", bare))
    assert _found(story.end(switch_reason="client_error")) == {}


def test_i8_a_compression_on_the_way_is_none(story):
    story.ask("P", "forbidden", said=LONG).ask("F", said=SHORT).end(switch_reason="client_error")
    assert _found(story) == {}


def test_i9_a_tool_that_ran_twice_for_one_call(story):
    story.ask("P").end()
    story.trace.tool_calls += [ToolUse(1, "main", "call_1", "send"), ToolUse(1, "main", "call_1", "send")]
    assert _found(story)["I9"].expected == "one run of send for call_1"


@pytest.mark.parametrize(
    ("outcome", "failure", "found"), [("raised ValueError", None, "raised ValueError"), ("failed", None, "none")]
)
def test_i10_an_end_that_is_none(story, outcome, failure, found):
    story.policy = replace(story.policy, fallback=None)
    story.ask("P", "reset").end(outcome, failure)
    assert _found(story)["I10"].found == found


def test_i10_an_attempt_after_ten_minutes(story):
    story.ask("P", "read_timeout", took_s=599).wait(2).ask("P").end()
    assert _found(story)["I10"].found == "one after 601 s"


@pytest.mark.parametrize("where", ["shown", "reply", "error"])
def test_i11_a_credential_that_a_user_sees(story, where):
    story.ask("P").end(**{where: "see key-of-the-primary there"})
    assert _found(story)["I11"].turn == 1


def test_i11_a_credential_in_the_body_of_a_request(story):
    story.ask("P", said=("my key is key-of-the-fallback",)).end()
    assert (_found(story)["I11"].found, _found(story)["I11"].step) == ("one in the body of a request", 1)


@pytest.mark.parametrize(
    ("url", "headers", "where"),
    [
        ("https://one.example/v1/chat/completions?key=[redacted]", {}, "the URL of a request"),
        ("https://one.example/v1/key-of-the-primary/chat/completions", {}, "the URL of a request"),
        ("https://one.example/v1/chat/completions", {"x-key-of-the-primary": "1"}, "a header of a request"),
        ("https://one.example/v1/chat/completions", {"x-note": "key-of-the-primary"}, "a header of a request"),
    ],
)
def test_i11_a_credential_in_the_head_of_a_request(story, url, headers, where):
    story.ask("P").end()
    (exchange,) = story.trace.exchanges
    exchange.request = replace(exchange.request, url=url, headers=headers)
    assert _found(story)["I11"].found == f"one in {where}"


def test_i11_a_credential_that_stands_where_it_belongs_is_none(story):
    story.ask("P").end()
    (exchange,) = story.trace.exchanges
    exchange.request = replace(exchange.request, headers={"authorization": "[redacted]"})
    assert _found(story) == {}


def test_i11_a_credential_in_a_file(story):
    story.ask("P").end()
    case = replace(story.case, leftovers={"the file log.txt": "…key-of-the-primary…"})
    assert violated(case, ("I11",))[0].found == "one in the file log.txt"


def test_an_empty_history_before_the_first_turn_is_no_compression(story):
    story.before = Dialogue(messages=(Said("user", "before"),))
    story.ask("P", said=("before", "hi")).end()
    assert _found(story) == {}


@pytest.mark.parametrize(
    ("entry", "of_size"),
    [
        ("anthropic.400.prompt_too_long", True),
        ("groq.413.request_too_large_tpm", True),
        ("openrouter.502.context_overflow_inside", True),
        ("openrouter.402.max_tokens_affordability", False),
        ("anthropic.400.credit_balance", False),
        ("lmstudio.stream.silent_empty", False),
    ],
)
def test_i3_knows_an_entry_of_the_catalogue_by_what_it_was_judged_to_be(story, entry, of_size):
    story.ask("P", "wire", shape=entry).ask("F").end(switch_reason="client_error")
    assert ("I3" in _found(story)) == of_size
