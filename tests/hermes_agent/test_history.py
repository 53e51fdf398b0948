"""Conversations that come from outside are read as our own, and no tool call in them stays open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_agent.history import as_messages, with_closed_calls
from hermes_agent.messages import Message, ToolCall


def calls(*ids):
    return Message("assistant", tool_calls=tuple(ToolCall(call_id, "it", "{}") for call_id in ids))


def result(call_id, text="done"):
    return Message("tool", text, tool_call_id=call_id)


def cut(call_id):
    return result(call_id, "interrupted")


USER = Message("user", "go on")


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([USER, calls("a"), result("a")], [USER, calls("a"), result("a")], id="all answered"),
        pytest.param([USER, calls("a")], [USER, calls("a"), cut("a")], id="open at the end"),
        pytest.param(
            [calls("a", "b"), result("a"), USER],
            [calls("a", "b"), result("a"), cut("b"), USER],
            id="open before a user",
        ),
        pytest.param([calls("a"), calls("b")], [calls("a"), cut("a"), calls("b"), cut("b")], id="two in a row"),
        pytest.param(
            [calls("a"), result("a"), calls("a")],
            [calls("a"), result("a"), calls("a"), cut("a")],
            id="an id used again",
        ),
    ],
)
def test_an_open_call_is_answered_where_it_stands(broken, whole):
    assert with_closed_calls(broken) == tuple(whole)


ids = st.sampled_from("abc")
messages = st.lists(
    st.just(USER) | st.builds(calls, ids) | st.builds(calls, ids, ids) | st.builds(result, ids), max_size=12
)


@given(messages)
def test_afterwards_every_call_is_answered_and_nothing_is_lost(broken):
    whole = with_closed_calls(broken)
    assert with_closed_calls(whole) == whole
    left = list(whole)
    for message in broken:
        left.remove(message)
    assert all(message.text == "interrupted" for message in left)


def test_a_caller_s_dictionaries_become_messages():
    call = {"id": "a", "type": "function", "function": {"name": "it", "arguments": '{"n": 1}'}}
    assert as_messages(
        [
            {"role": "system", "content": "be brief"},
            {"role": "developer", "content": "be briefer"},
            {"role": "user", "content": [{"type": "text", "text": "on "}, {"type": "image"}, {"text": "it"}]},
            {"role": "assistant", "content": None, "tool_calls": [call], "reasoning_content": "thinking"},
            {"role": "tool", "content": "done", "tool_call_id": "a"},
        ]
    ) == (
        Message("user", "on it"),
        Message("assistant", tool_calls=(ToolCall("a", "it", '{"n": 1}'),)),
        Message("tool", "done", tool_call_id="a"),
    )


def test_arguments_that_are_an_object_are_written_as_json():
    call = {"function": {"name": "it", "arguments": {"n": "ü"}}}
    (message,) = as_messages([{"role": "assistant", "tool_calls": [call]}])
    assert message.tool_calls == (ToolCall("", "it", '{"n": "\\u00fc"}'),)
