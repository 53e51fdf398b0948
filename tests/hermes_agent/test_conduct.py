"""One turn and its result: the one switch, who may take it, what is told, and that nothing is raised (C9 to C16)."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import httpx2
import pytest

from hermes_agent.errors import SessionError
from hermes_agent.messages import FailureKind, Outcome
from hermes_agent.sessions import SessionStore
from hermes_agent.tools import Tool

FAILURES = [503, 429, httpx2.ConnectError("refused"), {"choices": []}, 401, 402, 403, 404, 400]


def store_of(agents):
    return closing(SessionStore(agents.home))


def tool(agents, run):
    agents.tools = {"it": Tool("it", "does it", {"type": "object"}, run)}


class Odd(Exception):
    """Nothing that anybody reckons with."""


def odd(*_, **__):
    raise Odd("very odd: sk-proj-made-up-0123456789")


# The switch


def test_all_that_a_request_is_made_of_changes_with_the_switch(agents, provider):
    agents.config["model"] |= {"api_mode": "codex_responses", "max_tokens": 100}
    agents.config["fallback_model"] |= {"max_tokens": 200}
    provider.says(404, "ok")
    result = agents.turn()
    primary, fallback = provider.asked
    assert (primary.url, primary.key) == ("https://api.openai.com/v1/responses", "sk-primary")
    assert (primary.body["model"], primary.body["max_output_tokens"]) == ("gpt-5.1", 100)
    assert (fallback.url, fallback.key) == ("https://openrouter.ai/api/v1/chat/completions", "sk-fallback")
    assert (fallback.body["model"], fallback.body["max_tokens"]) == ("anthropic/claude-sonnet-4", 200)
    assert set(fallback.body) == {"model", "messages", "max_tokens"}
    assert (result.provider, result.model) == ("openrouter", "anthropic/claude-sonnet-4")


def test_the_fallback_gets_the_conversation_that_the_primary_failed_on(agents, provider):
    provider.says(404, "ok")
    agents.turn("now", history=[{"role": "user", "content": "once"}, {"role": "assistant", "content": "upon"}])
    assert provider.asked[0].messages == provider.asked[1].messages


def test_reasoning_does_not_reach_another_account_at_the_same_address(agents, provider):
    tool(agents, lambda *_: "done")
    agents.config["fallback_model"] = {"provider": "openai", "model": "gpt-5.1", "api_key": "sk-second"}
    provider.says(provider.calls("it", reasoning_content="thinking"), 402, "ok")
    assert agents.turn().reply == "ok"
    assert [asked.key for asked in provider.asked] == ["sk-primary", "sk-primary", "sk-second"]
    assert ["thinking" in str(asked.body) for asked in provider.asked] == [False, True, False]


def test_it_is_stored_before_the_fallback_is_asked(agents, provider):
    def stored():
        with store_of(agents) as store:
            return store.switch("s").model

    provider.says(404, stored)
    assert agents.turn().reply == "anthropic/claude-sonnet-4"


def test_a_switch_that_cannot_be_stored_has_not_happened(agents, provider):
    def forbid():
        with closing(sqlite3.connect(agents.home / "hermes_agent.sqlite3")) as connection:
            connection.execute("CREATE TRIGGER no BEFORE INSERT ON switches BEGIN SELECT RAISE(FAIL, 'full'); END")
        return 404

    provider.says(forbid)
    result = agents.turn()
    assert (result.outcome, result.failure, result.switch) == (Outcome.FAILED, FailureKind.INTERNAL, None)
    with store_of(agents) as store:
        assert store.switch("s") is None


def test_no_key_is_stored_or_told(agents, provider):
    provider.says(*[429] * 6, 401)
    result = agents.turn()
    stored = b"".join(path.read_bytes() for path in agents.home.glob("hermes_agent.sqlite3*"))
    assert not [key for key in agents.environ.values() if key in repr(result) or key.encode() in stored]


def test_it_is_told_in_one_line_at_once(agents, provider):
    told = []
    provider.says(429, 402, lambda: f"{len(told)} told")
    result = agents.turn(on_notice=told.append)
    assert result.reply == "1 told"
    assert tuple(told) == result.notices
    who = "from openai (gpt-5.1) to openrouter (anthropic/claude-sonnet-4)"
    assert told == [f"Switched {who} for this session: there is no credit or quota left."]


@pytest.mark.parametrize("answer", FAILURES)
def test_there_is_one_switch_and_no_way_back(agents, provider, answer):
    agents.config["agent"] = {"api_max_retries": 1}
    provider.says(404, "one", answer, "two")
    agents.turn()
    agents.turn()
    agents.turn()
    assert provider.hosts == "PFFF"
    assert [result.switch is not None for result in agents.results] == [True, False, False]


# Where it cannot


@pytest.mark.parametrize("answer", FAILURES)
def test_when_the_fallback_fails_too_both_failures_are_told(agents, provider, answer):
    agents.config["agent"] = {"api_max_retries": 2}
    provider.says(403, *[answer] * 2)
    result = agents.turn()
    provider.script.clear()
    assert (result.outcome, result.primary_failure) == (Outcome.FAILED, FailureKind.FORBIDDEN)
    assert result.failure is not None
    assert result.final_response.startswith("The turn ended without a whole answer (openrouter: ")
    assert "The primary had failed before: it does not allow this." in result.final_response


@pytest.mark.parametrize("missing", ["provider", "model", "both"])
def test_without_a_fallback_the_turn_stops_where_it_would_have_switched(agents, provider, missing):
    for key in ("provider", "model") if missing == "both" else (missing,):
        del agents.config["fallback_model"][key]
    provider.says(404)
    result = agents.turn()
    assert (result.outcome, result.failure, result.refused) == (Outcome.FAILED, FailureKind.NOT_FOUND, None)
    assert (result.switch, result.primary_failure) == (None, None)


@pytest.mark.parametrize(
    ("fallback", "refused"),
    [
        ({"provider": "groq", "model": "m"}, "no_key"),
        ({"provider": "openrouter", "model": "m", "base_url": "https://elsewhere.example/v1"}, "no_key"),
        ({"provider": "nowhere", "model": "m"}, "unknown_provider"),
        ({"provider": "custom", "model": "m"}, "unknown_provider"),
        ({"provider": "openai", "model": "gpt-5.1"}, "same_backend"),
        ({"provider": "openai", "model": "gpt-5.1", "base_url": "https://API.openai.com:443/v1/"}, "same_backend"),
    ],
)
def test_an_unusable_fallback_is_refused_with_its_reason_and_never_asked(agents, provider, fallback, refused):
    agents.config["fallback_model"] = fallback
    provider.says(*[503] * 6)
    result = agents.turn()
    assert (result.outcome, result.failure, result.refused) == (Outcome.FAILED, FailureKind.OVERLOADED, refused)
    assert "The fallback could not be used" in result.final_response
    assert (provider.hosts, result.switch) == ("PPPPPP", None)


def test_a_refusal_does_not_use_up_the_one_shot(agents, provider):
    del agents.environ["OPENROUTER_API_KEY"]
    provider.says(404, 404, "ok")
    assert agents.turn().refused == "no_key"
    agents.environ["OPENROUTER_API_KEY"] = "sk-fallback"
    assert (agents.turn().reply, agents.results[-1].refused) == ("ok", None)


@pytest.mark.parametrize(
    ("primary", "kind"),
    [
        ({"provider": "groq", "default": "m"}, FailureKind.UNAUTHORIZED),
        ({"provider": "nowhere", "default": "m"}, FailureKind.BAD_REQUEST),
    ],
)
def test_a_primary_that_cannot_be_asked_switches_after_no_call(agents, provider, primary, kind):
    agents.config["model"] = primary
    provider.says("ok")
    result = agents.turn()
    assert (result.reply, result.switch.reason, result.switch.after_attempts) == ("ok", "client_error", 0)
    assert (result.switch.failure, result.primary_failure) == (kind, kind)
    assert result.notices[0].startswith("Switched from the primary to openrouter")


def test_a_primary_that_cannot_be_asked_fails_without_a_fallback(agents, provider):
    agents.config |= {"model": {"provider": "groq", "default": "m"}, "fallback_model": {}}
    result = agents.turn()
    assert (result.outcome, result.failure) == (Outcome.FAILED, FailureKind.UNAUTHORIZED)
    assert (result.provider, result.model, result.api_calls) == ("groq", "m", 0)
    assert "GROQ_API_KEY" in result.final_response


def test_size_names_no_refused_fallback(agents, provider):
    agents.config["fallback_model"] = {"provider": "groq", "model": "m"}
    provider.says(413)
    result = agents.turn()
    assert (result.outcome, result.refused) == (Outcome.PARTIAL, None)


# Failure is a result


@pytest.mark.parametrize("name", ["sleep", "monotonic", "time"])
def test_a_clock_that_raises_is_an_internal_failure(agents, provider, clock, name):
    setattr(clock, name, odd)
    provider.says(500)
    result = agents.turn()
    provider.script.clear()
    assert (result.outcome, result.failure, result.switch) == (Outcome.FAILED, FailureKind.INTERNAL, None)


def test_a_notice_that_cannot_be_given_is_an_internal_failure(agents, provider):
    provider.says(404)
    result = agents.turn(on_notice=odd)
    assert (result.outcome, result.failure, result.refused) == (Outcome.FAILED, FailureKind.INTERNAL, None)
    assert result.switch.reason == "client_error"


def test_an_internal_failure_is_told_as_the_agent_s_own_and_without_a_key(agents, provider):
    provider.says(404)
    text = agents.turn(on_notice=odd).final_response
    assert "(the agent itself has a fault; Odd: very odd: [key])" in text


def test_an_internal_failure_would_not_have_switched_and_names_no_refused_fallback(agents, provider, clock):
    agents.config["fallback_model"] = {"provider": "groq", "model": "m"}
    clock.sleep = odd
    provider.says(500)
    assert agents.turn().refused is None


def test_a_history_that_is_none_is_an_internal_failure(agents):
    assert agents.turn(history=[{"role": "user"}, None]).failure is FailureKind.INTERNAL


def test_a_store_that_breaks_during_the_turn_is_an_internal_failure(agents, provider):
    def forbid():
        with closing(sqlite3.connect(agents.home / "hermes_agent.sqlite3")) as connection:
            connection.execute("CREATE TRIGGER no BEFORE INSERT ON messages BEGIN SELECT RAISE(FAIL, 'full'); END")
        return "ok"

    provider.says(forbid)
    result = agents.turn()
    assert (result.outcome, result.failure) == (Outcome.FAILED, FailureKind.INTERNAL)
    assert SessionError.__name__ in result.error


@pytest.mark.parametrize("where", ["wait", "tool"])
def test_ctrl_c_is_an_interrupted_turn(agents, provider, clock, where):
    def stop(*_):
        raise KeyboardInterrupt

    if where == "wait":
        clock.sleep = stop
        provider.says(500)
    else:
        tool(agents, stop)
        provider.says(provider.calls("it", "it"))
    result = agents.turn()
    assert (result.outcome, result.failure, result.final_response) == (Outcome.INTERRUPTED, None, "Interrupted.")
    assert [message.text for message in result.messages if message.role == "tool"] == [
        "interrupted" for _ in result.messages[2:]
    ]


@pytest.mark.parametrize("answers", [["ok"], [404, 404], [413]])
def test_each_turn_s_result_is_handed_over_once(agents, provider, answers):
    provider.says(*answers)
    agents.turn()
    assert len(agents.results) == 1


def test_the_result_counts_the_requests_of_its_turn(agents, provider):
    provider.says(*[500] * 6, 500, "one", "two")
    assert [agents.turn().api_calls, agents.turn().api_calls] == [8, 1]
