"""Both API modes: what goes out is built anew for who is asked; what comes in is read whatever its shape."""

from __future__ import annotations

from contextlib import suppress
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_agent.api_modes import API_MODES
from hermes_agent.errors import StreamEndedEarly
from hermes_agent.messages import Conversation, Message, Reply, ToolCall
from hermes_agent.runtime_provider import Backend

CHAT, RESPONSES = API_MODES["chat_completions"], API_MODES["codex_responses"]
OPENAI = Backend("openai", "gpt-5.1", "https://api.openai.com/v1", "sk-made-up", "chat_completions")
CODEX = Backend("openai-codex", "gpt-5-codex", "https://chatgpt.com/backend-api/codex", "token", "codex_responses")
OTHER = Backend("deepseek", "deepseek-chat", "https://api.deepseek.com/v1", "sk-made-up", "chat_completions")
TALK = Conversation(
    "be brief",
    (
        Message("user", "list"),
        Message(
            "assistant",
            tool_calls=(ToolCall("call_1", "terminal", '{"command": "ls"}'),),
            reasoning="thinking",
            reasoning_items=({"type": "reasoning", "id": "rs_1"},),
            made_by="deepseek deepseek-chat https://api.deepseek.com/v1",
        ),
        Message("tool", "a.txt", tool_call_id="call_1"),
    ),
)
TOOLS = [{"type": "function", "function": {"name": "terminal", "description": "runs", "parameters": {}}}]


def test_a_chat_request_holds_the_whole_conversation_and_nothing_of_another_provider():
    asked = CHAT.request(TALK, OPENAI, TOOLS, 500)
    assert asked == {
        "model": "gpt-5.1",
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "list"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "terminal", "arguments": '{"command": "ls"}'},
                    }
                ],
            },
            {"role": "tool", "content": "a.txt", "tool_call_id": "call_1"},
        ],
        "tools": TOOLS,
        "max_completion_tokens": 500,
    }


def test_the_output_limit_has_each_providers_own_name():
    assert CHAT.request(TALK, OTHER, [], 500)["max_tokens"] == 500
    assert RESPONSES.request(TALK, CODEX, [], 500)["max_output_tokens"] == 500
    assert not {"max_tokens", "max_completion_tokens", "tools"} & set(CHAT.request(TALK, OTHER, [], None))


def test_a_system_prompt_of_nothing_is_no_message():
    assert CHAT.request(Conversation("", (Message("user", "ping"),)), OPENAI, [], None)["messages"] == [
        {"role": "user", "content": "ping"}
    ]


def test_reasoning_goes_back_to_who_made_it_and_to_nobody_else():
    def reasoned(backend):
        return CHAT.request(TALK, backend, [], None)["messages"][2].get("reasoning_content")

    assert (reasoned(OTHER), reasoned(OPENAI)) == ("thinking", None)
    items = RESPONSES.request(TALK, CODEX, [], None)["input"]
    assert not [item for item in items if item.get("type") == "reasoning"]


def test_a_responses_request_writes_calls_and_results_as_items_of_their_own():
    asked = RESPONSES.request(TALK, CODEX, TOOLS, None)
    assert asked["instructions"] == "be brief"
    assert asked["input"] == [
        {"role": "user", "content": [{"type": "input_text", "text": "list"}]},
        {"type": "function_call", "call_id": "call_1", "name": "terminal", "arguments": '{"command": "ls"}'},
        {"type": "function_call_output", "call_id": "call_1", "output": "a.txt"},
    ]
    assert asked["tools"][0]["name"] == "terminal"
    assert (asked["stream"], asked["store"]) == (True, False)


def test_only_the_chatgpt_backend_is_always_streamed():
    assert "stream" not in RESPONSES.request(TALK, OPENAI, [], None)


def test_a_chat_answer_is_read_with_its_calls_and_reasoning():
    function = {"name": "terminal", "arguments": "{}"}
    message = {
        "content": [{"type": "text", "text": "on "}, {"type": "text", "text": "it"}],
        "tool_calls": [{"id": "call_2", "function": function}],
        "reasoning_content": "hm",
    }
    choice = {"message": message, "finish_reason": "tool_calls", "native_finish_reason": "STOP"}
    reply = CHAT.read({"choices": [choice]})
    assert (reply.text, reply.tool_calls) == ("on it", (ToolCall("call_2", "terminal", "{}"),))
    assert (reply.reasoning, reply.finish_reason, reply.malformed) == ("hm", "tool_calls", None)
    assert reply.native_finish_reason == "STOP"


@pytest.mark.parametrize(
    ("mode", "response", "malformed"),
    [
        (CHAT, {"choices": None}, "choices is missing or null"),
        (CHAT, {"choices": []}, "choices is empty"),
        (CHAT, {"choices": "none"}, "choices is no list"),
        (CHAT, {"choices": [{"message": None}]}, "message is missing or null"),
        (CHAT, "<html></html>", "the answer is text, not JSON"),
        (CHAT, "", "the answer is empty"),
        (CHAT, None, "choices is missing or null"),
        (RESPONSES, {"status": "completed", "output": []}, "output is empty"),
        (RESPONSES, {"status": "completed", "output": [None]}, "the output item is null"),
        (RESPONSES, "<html></html>", "the answer is text, not JSON"),
    ],
)
def test_what_is_missing_is_named(mode, response, malformed):
    assert mode.read(response).malformed == malformed


@pytest.mark.parametrize(
    ("response", "finish_reason"),
    [
        ({"status": "failed", "error": {"code": "server_error"}}, "error"),
        ({"status": "cancelled", "output": []}, "error"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_filter"),
        ({"status": "incomplete"}, "length"),
    ],
)
def test_a_responses_status_is_told_in_the_words_of_the_chat_api(response, finish_reason):
    reply = RESPONSES.read(response)
    assert (reply.finish_reason, reply.malformed) == (finish_reason, None)


class Client:
    """As much of a client as draining needs: whatever is created is this stream."""

    def __init__(self, *events, content_type="text/event-stream", body=b""):
        headers = {"content-type": content_type}
        self.responses = SimpleNamespace(create=lambda **_: self)
        self.response = SimpleNamespace(headers=headers, read=lambda: body)
        self.events = events
        self.closed = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closed = True

    def __iter__(self):
        return iter(self.events)


ITEM = {"type": "message", "content": [{"type": "output_text", "text": "hello"}]}


def drained(*events, **more) -> Reply:
    return RESPONSES.read(RESPONSES.call(Client(*events, **more), {"stream": True}, len))


def test_reasoning_that_is_only_named_is_not_kept_as_the_provider_would_not_find_it_again():
    kept = {"type": "reasoning", "id": "rs_1", "encrypted_content": "sealed"}
    reply = RESPONSES.read({"status": "completed", "output": [{"type": "reasoning", "id": "rs_2"}, kept, ITEM]})
    assert reply.reasoning_items == (kept,)


def test_a_drained_stream_is_its_terminal_events_response():
    done = {"type": "response.completed", "response": {"status": "completed", "output": [ITEM]}}
    assert drained({"type": "response.created"}, done).text == "hello"


def test_items_that_only_came_on_the_way_are_the_output_of_an_empty_terminal_event():
    done = {"type": "response.completed", "response": {"status": "completed", "output": []}}
    assert drained({"type": "response.output_item.done", "item": ITEM}, done).text == "hello"


@pytest.mark.parametrize("events", [[{"type": "response.completed", "response": {}}, "never read"], []])
def test_a_stream_is_closed_however_it_ended(events):
    client = Client(*events)
    with suppress(StreamEndedEarly):
        RESPONSES.call(client, {"stream": True}, len)
    assert client.closed


def test_a_stream_without_a_terminal_event_ended_early():
    with pytest.raises(StreamEndedEarly):
        drained({"type": "response.created"})


def test_an_error_event_is_the_answers_own_error():
    reply = drained({"type": "error", "code": "rate_limit_exceeded", "message": "slow down"})
    assert (reply.error["code"], reply.finish_reason) == ("rate_limit_exceeded", "error")


@pytest.mark.parametrize(
    ("content_type", "body", "error", "malformed"),
    [
        ("application/json", b'{"error": {"code": 502}}', {"code": 502}, "output is missing or null"),
        ("text/html", b"<html></html>", None, "the answer is text, not JSON"),
        ("application/json", b"", None, "the answer is empty"),
        ("application/json", b"null", None, "output is missing or null"),
    ],
)
def test_what_comes_instead_of_a_stream_is_read_as_a_whole_answer(content_type, body, error, malformed):
    reply = drained(content_type=content_type, body=body)
    assert (reply.error, reply.malformed) == (error, malformed)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "tool_calls", "output", "type", "text", "error", "usage"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("mode", [CHAT, RESPONSES])
@given(value=json_values)
def test_any_json_at_all_can_be_read(mode, value):
    assert isinstance(mode.read(value), Reply)


@pytest.mark.parametrize("flat", [{"message": "no", "code": 503}, {"object": "error", "message": "no"}], ids=str)
@pytest.mark.parametrize("mode", API_MODES.values(), ids=API_MODES)
def test_an_error_may_stand_flat_in_a_whole_answer(mode, flat):
    assert mode.read(flat).error == flat


@pytest.mark.parametrize(
    ("arguments", "text"), [({"x": 1}, '{"x": 1}'), (5, "5"), ([1], "[1]"), (False, "false"), (None, ""), ("{", "{")]
)
def test_arguments_that_are_no_text_are_not_lost(arguments, text):
    function = {"name": "it", "arguments": arguments}
    chat = {"choices": [{"message": {"tool_calls": [{"id": "a", "function": function}]}}]}
    response = {"status": "completed", "output": [{"type": "function_call", "call_id": "a"} | function]}
    assert CHAT.read(chat).tool_calls == RESPONSES.read(response).tool_calls == (ToolCall("a", "it", text),)


@pytest.mark.parametrize("event", [{"message": "no", "code": 503}, {"type": "error", "message": "no"}], ids=str)
def test_an_error_may_stand_flat_in_an_event_of_a_response(event):
    reply = drained(event)
    assert (reply.error, reply.finish_reason) == (event, "error")
