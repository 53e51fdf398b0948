from dataclasses import replace

import pytest

from faultlab.expectations import Contains, Expectation, Range, RequestLike, Switched, judge
from faultlab.verdict import Place

HERE = Place("s.yaml", 7, 3)


def _judged(story, key, value, turn=1):
    return judge(Expectation(key, value, HERE, turn), story.history)


def _switching(story):
    """Six attempts, the waits between them, and the fallback's answer."""
    for wait in (2, 4, 8, 16, 32, 0):
        story.ask("P", "rate_limit", status=429).wait(wait)
    return story.ask("F").end(
        reply="hello", final_model="claude", switch_reason="retries_exhausted", shown="switched\nhello"
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("outcome", "completed"),
        ("failure", None),
        ("reply", "hello"),
        ("reply", Contains("ell")),
        ("user_sees", Contains("switched")),
        ("user_sees", "switched\nhello"),
        ("final_model", "claude"),
        ("exit_code", None),
        ("fallback", Switched("retries_exhausted", 6)),
        ("fallback", Switched(None, 6)),
        ("fallback", Switched("retries_exhausted")),
        ("calls", (("primary", 6), ("fallback", 1))),
        ("calls", (("fallback", 1),)),
        ("order", "PPPPPPF"),
        ("waits_s", (2.0, 4.0, 8.0, 16.0, 32.0)),
        ("waited_s", Range(62, 62)),
        ("ended_after_s", Range(at_least=60)),
        ("compressions", 0),
        ("refreshes", 0),
        ("tool_runs", 0),
        ("tool_runs", (("read_file", 0),)),
        ("warnings", ()),
        ("requests", (RequestLike(7, to="fallback", model="claude", url="https://two.example/v1/chat/completions"),)),
        ("requests", (RequestLike(1, api_mode="chat_completions", has=(("body.messages.0.content", "hi"),)),)),
        ("requests", (RequestLike(1, lacks=("body.max_tokens", "body.messages.1", "headers.x")),)),
    ],
)
def test_what_happened_holds(story, key, value):
    assert _judged(_switching(story), key, value) is None


@pytest.mark.parametrize(
    ("key", "value", "expected", "found", "step"),
    [
        ("outcome", "failed", "failed", "completed", 7),
        ("failure", "billing", "billing", "none", 7),
        ("reply", "hi", "hi", "hello", 7),
        ("reply", Contains("bye"), "something that contains 'bye'", "hello", 7),
        ("user_sees", Contains("sorry"), "something that contains 'sorry'", "'switched\\nhello'", 7),
        ("user_sees", "hello", "hello", "'switched\\nhello'", 7),
        ("refused", "no_key", "no_key", "none", 7),
        ("fallback", "never", "no switch", "a switch for retries_exhausted after 6 calls", 7),
        (
            "fallback",
            Switched("client_error", 6),
            "a switch for client_error after 6 calls",
            "a switch for retries_exhausted after 6 calls",
            7,
        ),
        ("fallback", Switched(None, 5), "a switch after 5 calls", "a switch for retries_exhausted after 6 calls", 6),
        ("calls", (("primary", 5), ("fallback", 1)), "primary 5, fallback 1", "primary 6, fallback 1", 6),
        ("calls", (("primary", 7),), "primary 7", "primary 6", 7),
        ("order", "PPPPPF", "PPPPPF", "PPPPPPF", 6),
        ("order", "PPPPPPFF", "PPPPPPFF", "PPPPPPF", 7),
        ("waits_s", (2.0, 4.0, 9.0, 16.0, 32.0), "2, 4, 9, 16, 32 s", "2, 4, 8, 16, 32 s", 3),
        ("waits_s", (), "no wait", "2, 4, 8, 16, 32 s", 1),
        ("waited_s", Range(63), "at least 63 s", "62 s", 7),
        ("ended_after_s", Range(1, 61.5), "at least 1, at most 61.5 s", "62 s", 7),
        ("compressions", 1, "1 compression", "no compressions", 7),
        ("refreshes", 2, "2 renewals", "no renewals", 7),
        ("tool_runs", 1, "1 run", "no runs", 7),
        ("tool_runs", (("a", 1),), "a 1", "a 0", 7),
        ("warnings", ("smaller",), "smaller", "no warning", None),
        ("requests", (RequestLike(8, to="primary"),), "a request number 8", "7 requests", 7),
        ("requests", (RequestLike(7, to="primary"),), "request 7: to primary", "to fallback", 7),
        (
            "requests",
            (RequestLike(2, has=(("body.model", "x"),)),),
            'request 2: body.model = "x"',
            'body.model = "gpt"',
            2,
        ),
        (
            "requests",
            (RequestLike(2, has=(("body.messages.3", 1),)),),
            "request 2: body.messages.3 = 1",
            "body.messages.3 = nothing",
            2,
        ),
        ("requests", (RequestLike(2, lacks=("body.model",)),), "request 2: no body.model", 'body.model = "gpt"', 2),
    ],
)
def test_what_did_not_happen_is_told_with_the_first_step_that_differs(story, key, value, expected, found, step):
    violation = _judged(_switching(story), key, value)
    assert (violation.expected, violation.found, violation.step) == (expected, found, step)
    assert (violation.what, violation.turn, violation.place) == (key, 1, HERE)


def test_a_truth_value_is_no_number(story):
    story.ask("P", body={"stream": True}).end()
    assert _judged(story, "requests", (RequestLike(1, has=(("body.stream", 1),)),)) is not None
    assert _judged(story, "requests", (RequestLike(1, has=(("body.stream", True),)),)) is None


def test_counts_are_of_the_turn_and_beside_turns_of_the_file(story):
    story.ask("P").end().ask("P").ask("P", said=("hi", "more")).end()
    assert _judged(story, "calls", (("primary", 2),), turn=2) is None
    assert _judged(story, "calls", (("primary", 3),), turn=None) is None


def test_a_later_turn_of_a_switched_session_has_no_switch(story):
    _switching(story).ask("F").end()
    assert _judged(story, "fallback", "never", turn=2) is None
    assert _judged(story, "fallback", Switched("retries_exhausted", 6), turn=None) is None


def test_every_session_switches_for_itself(story):
    story.ask("F").end(session="a").ask("F").end(session="b")
    assert _judged(story, "fallback", "never", turn=2).found == "a switch after no calls"


def test_a_switch_that_only_the_agent_tells_of_is_one(story):
    story.ask("P", "forbidden").end("failed", "forbidden", switch_reason="client_error")
    assert _judged(story, "fallback", "never") is not None
    assert _judged(story, "fallback", Switched("client_error", 1)) is None


def test_a_wait_that_was_cut_short_is_one(story):
    story.ask("P", "rate_limit").wait(1.5).end("interrupted")
    assert _judged(story, "waits_s", (1.5,)) is None


def test_silence_within_an_exchange_is_no_wait(story):
    story.ask("P", "read_timeout", took_s=120).wait(2).ask("P").end()
    assert _judged(story, "waits_s", (2.0,)) is None
    assert _judged(story, "ended_after_s", Range(122, 122)) is None


def test_the_file_ends_with_its_last_turn(story):
    story.ask("P", took_s=5).end().ask("P", took_s=7).end()
    assert _judged(story, "ended_after_s", Range(7, 7), turn=2) is None
    assert _judged(story, "ended_after_s", Range(12, 12), turn=None) is None


def test_waits_are_compared_to_the_millisecond(story):
    story.ask("P", "rate_limit").wait(2.0004).ask("P").end()
    assert _judged(story, "waits_s", (2.0,)) is None


def test_a_turn_in_which_nobody_was_asked_can_be_judged(story):
    story.end("failed", "unauthorized")
    for key, value in (("calls", (("primary", 1),)), ("order", "P"), ("waits_s", (1.0,)), ("outcome", "completed")):
        assert _judged(story, key, value).step is None


def test_renewals_and_tool_runs_are_counted(story):
    story.ask("P", "unauthorized").renew("P").ask("P").end(tool_runs={"a": 2, "b": 1})
    assert _judged(story, "refreshes", 1) is None
    assert _judged(story, "tool_runs", 3) is None
    assert _judged(story, "tool_runs", (("a", 2), ("b", 1))) is None
    assert _judged(story, "refreshes", 0).step == 2


def test_warnings_may_be_told_by_a_part(story):
    story.policy = replace(story.policy, warnings=("fallback_model is not set",))
    story.end()
    assert _judged(story, "warnings", ("not set",)) is None
    assert _judged(story, "warnings", (Contains("not set"),)) is None
    assert _judged(story, "warnings", ()).found == "fallback_model is not set"
