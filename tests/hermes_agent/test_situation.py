"""What the agent tells of itself before each request: once for each, and all that its later decisions depend on."""

from __future__ import annotations

from contextlib import closing
from dataclasses import fields, replace

import pytest

from hermes_agent.messages import Conversation, Message, ToolCall
from hermes_agent.recovery import State
from hermes_agent.situation import Situation, Used

STATE = State(failed=2, waited_s=6.0, elapsed_s=6.0, max_tokens=4096)
CALL = Message("assistant", tool_calls=(ToolCall("call_1", "clock", "{}"),))
SITUATION = Situation(
    "openai",
    "gpt-5.1",
    False,
    STATE,
    max_tokens=4096,
    window=8000,
    conversation=Conversation("Be brief.", (Message("user", "ping"), CALL)),
    pending=1,
)


@pytest.fixture
def watched(agents):
    """Plays a turn, and gives its result and the situations."""

    def turn(text="ping", history=None):
        situations = []
        with closing(agents.new()) as agent:
            agent.runtime = replace(agent.runtime, on_attempt=situations.append)
            agent.run_conversation(text, history)
        return agents.results[-1], situations

    return turn


def other(value):
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    return f"{value} too" if isinstance(value, str) else (value or 0) + 1


def bare(situation):
    """The key up to the conversation."""
    return situation.key.partition(" | ")[0]


def test_there_is_one_situation_for_each_request_on_whichever_provider(watched, provider):
    provider.says(503, 500, 401, "from the fallback")
    result, situations = watched()
    assert result.api_calls == len(situations) == 4
    assert [each.switched for each in situations] == [False, False, False, True]


def test_it_tells_what_was_used_up_and_the_time_since_the_first_attempt(watched, provider):
    provider.says(503, 500, "pong")
    _, situations = watched()
    told = [(each.state.failed, each.state.waited_s, each.state.elapsed_s) for each in situations]
    assert told == [(0, 0, 0), (1, 2, 2), (2, 6, 6)]


def test_it_tells_the_turns_own_counters(watched, provider, agents):
    provider.says(provider.calls("nothing"), provider.text("Once", "length"), " upon a time")
    _, situations = watched()
    assert [each.used for each in situations] == [Used(), Used(passes=1), Used(passes=1, continuations=1)]
    assert [each.pending for each in situations] == [0, 0, 2]


@pytest.mark.parametrize("name", [each.name for each in fields(Situation) if each.name not in {"state", "used"}])
def test_the_key_holds_each_thing(name):
    value = getattr(SITUATION, name)
    changed = Conversation("Be brief.") if isinstance(value, Conversation) else other(value)
    assert replace(SITUATION, **{name: changed}).key != SITUATION.key


@pytest.mark.parametrize("name", [each.name for each in fields(State)])
def test_the_key_holds_the_state_of_the_model_call(name):
    state = replace(STATE, **{name: other(getattr(STATE, name))})
    assert replace(SITUATION, state=state).key != SITUATION.key


@pytest.mark.parametrize("name", [each.name for each in fields(Used)])
def test_the_key_holds_what_the_turn_used_up(name):
    used = Used(**{name: other(getattr(Used(), name))})
    assert replace(SITUATION, used=used).key != SITUATION.key


def test_the_key_knows_no_id_of_a_tool_call():
    call = replace(CALL, tool_calls=(ToolCall("call_2", "clock", "{}"),))
    conversation = Conversation("Be brief.", (Message("user", "ping"), call))
    assert replace(SITUATION, conversation=conversation).key == SITUATION.key


def test_without_the_conversation_the_key_says_nothing_of_sizes():
    larger = replace(SITUATION, window=16_000, conversation=Conversation(""), pending=0)
    assert bare(larger) == bare(SITUATION)
    assert bare(replace(SITUATION, switched=True)) != bare(SITUATION)


def test_people_are_told_what_has_happened_so_far():
    assert Situation("openai", "gpt-5.1", False, State()).label == "primary"
    state = replace(STATE, compressions=1, can_lower=False)
    situation = replace(SITUATION, switched=True, state=state, used=Used(passes=2))
    assert situation.label == "fallback, 2 tool rounds, 1 compression, output lowered to 4096, 2 failed, after 6 s"
