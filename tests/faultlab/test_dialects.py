"""Both dialects, read back as a client would."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultlab.dialects import CHAT, DIALECTS, RESPONSES, Question
from faultlab.script import ApiError, Reply, Shape, ToolCall
from faultlab.wire import Data, Head

_TEXTS = st.text(max_size=300)
_REPLIES = st.builds(
    Reply,
    text=_TEXTS,
    tool_calls=st.lists(st.builds(ToolCall, name=_TEXTS, arguments=_TEXTS), max_size=3).map(tuple),
    reasoning=_TEXTS,
)
_LS = ToolCall("terminal", '{"command": "ls -la"}')


def _rendered(dialect, reply, *, streamed=False, with_usage=False, model="gpt-5.1", estimate=12):
    return dialect.render(reply, Question(model, estimate, None, streamed, with_usage), "0a1b", 1767225600)


def _document(dialect, reply, **asked):
    head, body = _rendered(dialect, reply, **asked)
    assert head == Head(200, (("content-type", "application/json"), ("content-length", str(len(body.data)))))
    return json.loads(body.data)


def _chunks(dialect, reply, **asked):
    """The documents of a stream; `[DONE]` as the text that it is."""
    head, *events = _rendered(dialect, reply, streamed=True, **asked)
    assert head.header("content-type").startswith("text/event-stream")
    read = []
    for event in events:
        assert isinstance(event, Data)
        *kinds, data, empty, rest = event.data.decode().split("\n")
        assert (empty, rest) == ("", "")
        data = data.removeprefix("data: ")
        read.append(data if data == "[DONE]" else json.loads(data))
        assert kinds == ([f"event: {read[-1]['type']}"] if dialect is RESPONSES else [])
    return read


def _joined(chunks):
    """What a client makes of chat chunks: text, reasoning, calls by index."""
    text, reasoning, calls = "", "", {}
    for chunk in chunks:
        for choice in chunk["choices"] if chunk != "[DONE]" else ():
            delta = choice["delta"]
            text += delta.get("content") or ""
            reasoning += delta.get("reasoning_content") or ""
            for call in delta.get("tool_calls", ()):
                name, arguments = calls.get(call["index"], ("", ""))
                function = call["function"]
                calls[call["index"]] = (name + function.get("name", ""), arguments + function["arguments"])
    return text, reasoning, [calls[index] for index in sorted(calls)]


@given(_REPLIES)
def test_a_whole_chat_answer_says_what_the_reply_says(reply):
    document = _document(CHAT, reply)
    (choice,) = document["choices"]
    message = choice["message"]
    assert (message["content"] or "", message.get("reasoning_content", "")) == (reply.text, reply.reasoning)
    calls = [call["function"] for call in message.get("tool_calls", ())]
    assert [(call["name"], call["arguments"]) for call in calls] == [(c.name, c.arguments) for c in reply.tool_calls]
    assert choice["finish_reason"] == reply.finish
    assert document["usage"]["completion_tokens"] == math.ceil(reply.characters / 4)


@given(_REPLIES, st.booleans())
def test_a_streamed_chat_answer_says_the_same(reply, with_usage):
    chunks = _chunks(CHAT, reply, with_usage=with_usage)
    calls = [(call.name, call.arguments) for call in reply.tool_calls]
    assert _joined(chunks) == (reply.text, reply.reasoning, calls)
    assert chunks[-1] == "[DONE]"


def test_chat_chunks_come_in_the_order_of_the_providers():
    chunks = _chunks(CHAT, Reply("Let me look.", (_LS,)), with_usage=True)
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks[:-2]]
    assert deltas[0]["role"] == "assistant"
    opening = next(delta for delta in deltas if "tool_calls" in delta)["tool_calls"][0]
    assert (opening["index"], opening["type"], opening["function"]["arguments"]) == (0, "function", "")
    assert sum("tool_calls" in delta for delta in deltas) > 2, "arguments come in pieces"
    finishes = [chunk["choices"][0]["finish_reason"] for chunk in chunks[:-2]]
    assert finishes == [None] * (len(finishes) - 1) + ["tool_calls"]
    assert chunks[-2]["choices"] == []
    assert chunks[-2]["usage"] == {"prompt_tokens": 12, "completion_tokens": 9, "total_tokens": 21}
    assert [chunk["usage"] for chunk in chunks[:-2]] == [None] * len(finishes)


def test_usage_is_streamed_only_to_those_who_asked_for_it():
    assert not any("usage" in chunk for chunk in _chunks(CHAT, Reply("hi")))


@given(_REPLIES)
def test_a_whole_response_says_what_the_reply_says(reply):
    document = _document(RESPONSES, reply)
    assert (document["status"], document["error"], document["incomplete_details"]) == ("completed", None, None)
    by_type = {kind: [item for item in document["output"] if item["type"] == kind] for kind in _ITEMS}
    assert "".join(part["text"] for item in by_type["message"] for part in item["content"]) == reply.text
    assert "".join(part["text"] for item in by_type["reasoning"] for part in item["summary"]) == reply.reasoning
    calls = [(item["name"], item["arguments"]) for item in by_type["function_call"]]
    assert calls == [(call.name, call.arguments) for call in reply.tool_calls]
    assert len({item["id"] for item in document["output"]}) == len(document["output"])


_ITEMS = ("reasoning", "message", "function_call")


@given(_REPLIES)
def test_a_streamed_response_says_the_same_in_its_pieces_its_items_and_its_end(reply):
    events = _chunks(RESPONSES, reply)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert [event["type"] for event in events[:2]] == ["response.created", "response.in_progress"]
    ended = events[-1]
    assert ended["type"] == "response.completed"
    assert ended["response"] == _document(RESPONSES, reply)
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert done == ended["response"]["output"]
    deltas = [event["delta"] for event in events if event["type"] == "response.output_text.delta"]
    assert "".join(deltas) == reply.text
    arguments = [event["delta"] for event in events if event["type"] == "response.function_call_arguments.delta"]
    assert "".join(arguments) == "".join(call.arguments for call in reply.tool_calls)


def test_reasoning_carries_what_only_its_maker_can_read():
    (item, _) = _document(RESPONSES, Reply("hi", reasoning="hm"))["output"]
    assert item["encrypted_content"]


@pytest.mark.parametrize(
    ("finish_reason", "status", "reason"),
    [
        (None, "completed", None),
        ("length", "incomplete", "max_output_tokens"),
        ("content_filter", "incomplete", "content_filter"),
        ("error", "failed", None),
    ],
)
def test_a_finish_reason_of_chat_is_a_status_in_responses(finish_reason, status, reason):
    reply = Reply("hi", finish_reason=finish_reason)
    document = _document(RESPONSES, reply)
    assert document["status"] == status
    assert (document["incomplete_details"] or {}).get("reason") == reason
    assert bool(document["error"]) == (status == "failed")
    assert _chunks(RESPONSES, reply)[-1]["type"] == f"response.{status}"


@pytest.mark.parametrize(("dialect", "at"), [(CHAT, "created"), (RESPONSES, "created_at")])
def test_an_answer_echoes_its_request_and_its_time(dialect, at):
    document = _document(dialect, Reply("hi"), model='qwen"3 \\ 100%')
    assert (document["model"], document[at]) == ('qwen"3 \\ 100%', 1767225600)
    assert document["id"].endswith("0a1b")


@pytest.mark.parametrize("dialect", DIALECTS.values())
def test_usage_is_what_the_reply_says_it_is(dialect):
    usage = _document(dialect, Reply("hi", usage=(100, 7)))["usage"]
    assert [value for value in usage.values() if isinstance(value, int)] == [100, 7, 107]


@pytest.mark.parametrize(
    ("shape", "choices", "output"),
    [
        (Shape.NO_CHOICES, "missing", "missing"),
        (Shape.EMPTY_CHOICES, [], []),
        (Shape.WRONG_SHAPE, ["hi"], ["hi"]),
        (Shape.NULL_MESSAGE, None, [None]),
    ],
)
def test_a_damaged_document_is_damaged_whole_and_streamed(shape, choices, output):
    reply = Reply("hi", shape=shape)
    assert _document(RESPONSES, reply).get("output", "missing") == output
    streamed = _chunks(RESPONSES, reply)
    assert streamed[-1]["response"].get("output", "missing") == output
    assert not any("item" in event for event in streamed)
    for name, document in (("message", _document(CHAT, reply)), ("delta", _chunks(CHAT, reply)[0])):
        found = document.get("choices", "missing")
        assert found == choices if choices is not None else found[0][name] is None


@pytest.mark.parametrize("dialect", DIALECTS.values())
def test_an_error_instead_of_an_answer_is_one_document_even_where_a_stream_was_asked_for(dialect):
    reply = Reply("hi", shape=Shape.ERROR_ONLY, error=ApiError("Provider returned error", 502))
    assert _document(dialect, reply)["error"]["code"] == 502
    assert _rendered(dialect, reply, streamed=True) == _rendered(dialect, reply, streamed=False)


@pytest.mark.parametrize("dialect", DIALECTS.values())
def test_an_error_can_stand_amid_a_stream(dialect):
    _, _, data = dialect.error_event(ApiError("Provider returned error", 502), 4).rpartition(b"data: ")
    told = json.loads(data)
    assert told.get("error", told)["message"] == "Provider returned error"


@pytest.mark.parametrize("dialect", DIALECTS.values())
@pytest.mark.parametrize("finish_reason", ["stop", "length", "error"])
def test_exactly_one_event_of_a_stream_is_its_end(dialect, finish_reason):
    reply = Reply('a text with "finish_reason":"stop" in it', finish_reason=finish_reason)
    ends = [dialect.is_terminal(event.data) for event in _rendered(dialect, reply, streamed=True)[1:]]
    assert sum(ends) == 1


@pytest.mark.parametrize(
    ("dialect", "body", "characters"),
    [
        (CHAT, {"messages": [{"role": "system", "content": "12345"}, {"role": "user", "content": "67"}]}, 7),
        (
            CHAT,
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "123"}, {"type": "image_url"}]}]},
            3,
        ),
        (
            CHAT,
            {"messages": [{"role": "assistant", "content": None, "tool_calls": [{"function": {"arguments": "{}"}}]}]},
            2,
        ),
        (CHAT, {"messages": [{"role": "tool", "content": "out"}], "tools": [{"function": {"name": "not this"}}]}, 3),
        (RESPONSES, {"instructions": "12345", "input": "67"}, 7),
        (RESPONSES, {"input": [{"role": "user", "content": [{"type": "input_text", "text": "123"}]}]}, 3),
        (RESPONSES, {"input": [{"type": "function_call", "arguments": "{}"}, {"output": "out"}]}, 5),
        (RESPONSES, {"input": [{"type": "reasoning", "encrypted_content": "not this", "summary": []}]}, 0),
    ],
)
def test_the_estimate_counts_texts_arguments_and_results(dialect, body, characters):
    assert dialect.question(json.dumps(body).encode()).estimate == math.ceil(characters / 4)


_KEYS = ["messages", "input", "content", "text", "tool_calls", "function", "arguments", "stream", "model"]
_BODIES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.parametrize("dialect", DIALECTS.values())
@given(body=_BODIES)
def test_any_request_can_be_asked(dialect, body):
    assert dialect.question(json.dumps(body).encode()).estimate >= 0


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b"[" * 100_000])
def test_a_request_that_is_no_json_object_asks_for_nothing_in_particular(body):
    assert CHAT.question(body) == Question(is_malformed=True)


def test_a_question_is_what_the_request_says():
    body = {"model": "m", "stream": True, "stream_options": {"include_usage": True}, "max_tokens": 9}
    assert CHAT.question(json.dumps(body).encode()) == Question("m", 0, 9, streamed=True, with_usage=True)
    assert CHAT.question(b'{"max_completion_tokens": 5, "max_tokens": null}').max_tokens == 5
    assert RESPONSES.question(b'{"max_output_tokens": 5}').max_tokens == 5


def test_what_utf_8_cannot_hold_is_escaped():
    assert _document(CHAT, Reply("\ud800"))["choices"][0]["message"]["content"] == "\ud800"
