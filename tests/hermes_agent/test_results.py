"""How a turn is told: to a chat user in sentences, to a Hermes caller as a mapping."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hermes_agent.messages import FailureKind, Message, Outcome, Switch, ToolCall, TurnResult
from hermes_agent.results import as_dict, described, switch_notice
from hermes_agent.runtime_provider import Backend, Refusal

SWITCH = Switch("openrouter", "m", "https://x.example", "chat_completions", "client_error", 1, FailureKind.BILLING)
PRIMARY = Backend("openai", "gpt-5.1", "https://api.openai.com/v1", "sk-made-up", "chat_completions")
DONE = TurnResult("s", Outcome.COMPLETED, "hello", reply="hello", provider="openai", model="gpt-5.1")


def ended(outcome, failure=None, **more):
    return TurnResult("s", outcome, "", failure=failure, provider="openai", **more)


def test_a_completed_turn_is_told_by_its_answer_alone():
    assert described(DONE) == DONE


def test_an_interrupted_turn_says_so():
    assert described(ended(Outcome.INTERRUPTED)).final_response == "Interrupted."


@pytest.mark.parametrize("failure", [kind for kind in FailureKind if kind is not FailureKind.INTERNAL])
@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.PARTIAL])
def test_every_failure_names_who_failed_and_what_was_said_of_it(outcome, failure):
    told = described(ended(outcome, failure), "the detail")
    assert told.final_response.startswith("The turn ended without a whole answer (openai: ")
    assert told.final_response.endswith("; the detail).")
    assert told.error == told.final_response


def test_a_fault_of_our_own_is_not_put_on_the_provider():
    told = described(ended(Outcome.FAILED, FailureKind.INTERNAL), "Odd: it broke").final_response
    assert told == "The turn ended without a whole answer (the agent itself has a fault; Odd: it broke)."


def test_a_turn_that_ends_without_a_failure_says_why():
    assert described(ended(Outcome.PARTIAL), "enough").error == "The turn ended without a whole answer (enough)."


@pytest.mark.parametrize("refusal", Refusal)
def test_why_a_fallback_could_not_be_used_is_told(refusal):
    told = described(ended(Outcome.FAILED, FailureKind.BILLING, refused=refusal)).final_response
    assert "The fallback could not be used: " in told


def test_the_primary_s_failure_stands_beside_the_fallback_s():
    result = ended(Outcome.FAILED, FailureKind.TIMED_OUT, primary_failure=FailureKind.BILLING)
    assert described(result).final_response.endswith("The primary had failed before: there is no credit or quota left.")


def test_as_much_of_an_answer_as_there_was_comes_first():
    told = described(replace(ended(Outcome.PARTIAL), reply="one, two"), "cut off")
    assert told.final_response == "one, two\n\nThe turn ended without a whole answer (cut off)."
    assert (told.reply, told.error) == ("one, two", "The turn ended without a whole answer (cut off).")


def test_a_switch_is_one_line_that_names_both_and_why():
    assert switch_notice(SWITCH, PRIMARY) == (
        "Switched from openai (gpt-5.1) to openrouter (m) for this session: there is no credit or quota left."
    )
    assert switch_notice(replace(SWITCH, failure=None), None).startswith("Switched from the primary to openrouter (m)")


@pytest.mark.parametrize("outcome", Outcome)
def test_a_hermes_user_finds_the_outcome_under_the_known_keys(outcome):
    told = as_dict(ended(outcome))
    assert {name: told[name] for name in ("completed", "failed", "partial", "interrupted")} == {
        name.value: name is outcome for name in Outcome
    }


def test_a_hermes_user_finds_messages_and_the_switch_as_plain_data():
    calls = Message("assistant", tool_calls=(ToolCall("a", "it", "{}"),), reasoning="thinking", made_by="us")
    told = as_dict(replace(DONE, messages=(Message("user", "ping"), calls), api_calls=2, switch=SWITCH))
    assert told["messages"] == [
        {"role": "user", "content": "ping"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "a", "type": "function", "function": {"name": "it", "arguments": "{}"}}],
        },
    ]
    assert (told["final_response"], told["api_calls"], told["error"]) == ("hello", 2, None)
    assert (told["switched"]["reason"], told["switched"]["after_attempts"]) == ("client_error", 1)
    assert as_dict(DONE)["switched"] is None
