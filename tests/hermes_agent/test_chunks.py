"""A streamed chat answer put together: however it comes in pieces, it is the answer that would have come whole."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermes_agent.api_modes import API_MODES
from hermes_agent.api_modes.chunks import put_together
from hermes_agent.errors import StreamEndedEarly
from hermes_agent.messages import Reply, ToolCall

read = API_MODES["chat_completions"].read


def chunk(delta=None, finish_reason=None, **more):
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason} | more]}


STOP = chunk({}, "stop")
CALLED = chunk({}, "tool_calls")
HEL, LO = chunk({"role": "assistant", "content": "Hel"}), chunk({"content": "lo"})


def together(*chunks) -> Reply:
    return read(put_together(chunks, len))


def calls(*pieces):
    return together(*(chunk({"tool_calls": [piece]}) for piece in pieces), CALLED).tool_calls


def piece(index=None, call_id=None, name=None, arguments=None):
    return {"index": index, "id": call_id, "function": {"name": name, "arguments": arguments}}


def shown(*chunks):
    told = []
    put_together(chunks, told.append)
    return told


def test_texts_are_joined_and_shown_as_they_come():
    thinking = chunk({"reasoning_content": "hm"})
    assert shown(chunk({"role": "assistant", "content": ""}), thinking, HEL, LO, STOP) == ["Hel", "lo"]
    reply = together(thinking, HEL, LO, STOP)
    assert (reply.text, reply.reasoning, reply.finish_reason, reply.malformed) == ("Hello", "hm", "stop", None)


def test_reasoning_under_both_of_its_names_is_read_once():
    assert together(chunk({"reasoning": "hm", "reasoning_content": "hm"}), HEL, STOP).reasoning == "hm"


def test_a_content_of_parts_is_its_texts():
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "Hel"}]
    assert together(chunk({"content": parts}), LO, STOP).text == "Hello"


def test_a_refusal_is_shown_where_it_is_the_answer():
    refusal = chunk({"refusal": "I cannot"})
    assert (together(refusal, STOP).refusal, shown(refusal, STOP)) == ("I cannot", ["I cannot"])
    assert shown(HEL, refusal, STOP) == ["Hel"]


def test_the_finish_reason_may_come_with_the_last_text():
    assert together(HEL, chunk({"content": "lo"}, "length")) == Reply("Hello", finish_reason="length")


def test_the_finish_reason_of_the_upstream_behind_a_gateway_is_kept():
    assert together(HEL, chunk({}, "stop", native_finish_reason="STOP")).native_finish_reason == "STOP"


def test_an_empty_finish_reason_is_none():
    with pytest.raises(StreamEndedEarly):
        together(chunk({"content": "Hel"}, ""))


@pytest.mark.parametrize(
    "chunks", [[HEL, LO], [chunk({"role": "assistant"})], [chunk(None)], []], ids=["text", "role", "null", "nothing"]
)
def test_a_stream_without_a_finish_reason_ended_early(chunks):
    with pytest.raises(StreamEndedEarly):
        together(*chunks)


# After the finish reason


@pytest.mark.parametrize(
    "rest",
    [{"choices": [], "usage": {"total_tokens": 3}}, {"choices": None}, {}, {"choices": [None]}, chunk(None), None, "x"],
)
def test_what_follows_the_finish_reason_is_read_over(rest):
    assert together(HEL, LO, STOP, rest) == Reply("Hello", finish_reason="stop")


class ErrorChunk(Exception):
    """What the SDK makes of a chunk with an error; the body is what the provider says."""

    def __init__(self):
        super().__init__()
        self.body = {"code": 502}


def breaking(error, *chunks):
    yield from chunks
    raise error


@pytest.mark.parametrize("error", [ConnectionResetError("reset"), TimeoutError("timed out"), ValueError("no JSON")])
def test_a_connection_that_breaks_breaks_the_answer_before_its_finish_reason_and_not_after(error):
    assert read(put_together(breaking(error, HEL, LO, STOP), len)).text == "Hello"
    with pytest.raises(type(error)):
        put_together(breaking(error, HEL, LO), len)


@pytest.mark.parametrize("before", [[], [HEL], [HEL, STOP]])
def test_an_error_that_the_provider_sends_counts_wherever_it_stands(before):
    with pytest.raises(ErrorChunk):
        put_together(breaking(ErrorChunk(), *before), len)
    for error in ({"error": {"code": 502}}, {"error": {"code": 502}, "choices": []}, chunk({}, error={"code": 502})):
        reply = together(*before, error, "nobody reads on")
        assert (reply.error, reply.finish_reason) == ({"code": 502}, "error")


FLAT = [
    {"message": "slow down", "code": 429},
    {"message": "slow down", "code": "rate_limit_exceeded", "choices": None},
    {"object": "error", "message": "slow down"},
    {"type": "error", "message": "slow down", "choices": []},
    {"object": "error"},
]


@pytest.mark.parametrize("before", [[], [HEL], [HEL, STOP]], ids=["first", "amid", "after the finish"])
@pytest.mark.parametrize("flat", FLAT, ids=str)
def test_an_error_may_stand_flat_in_its_chunk(before, flat):
    reply = together(*before, flat, "nobody reads on")
    assert (reply.error, reply.finish_reason) == (flat, "error")


@pytest.mark.parametrize(
    "more",
    [{"message": "all is well"}, {"message": "success", "code": 200}, {"message": "ok", "code": "0"}, {"code": 429}],
    ids=str,
)
def test_a_message_alone_and_a_code_of_success_are_no_error(more):
    assert together(HEL, LO, STOP, more) == Reply("Hello", finish_reason="stop")


def test_beside_an_answer_a_message_and_a_code_are_no_error():
    assert together(HEL, LO | {"message": "cached", "code": 7}, STOP).text == "Hello"


# What is no answer


@pytest.mark.parametrize(
    ("chunks", "malformed"),
    [
        ([{"id": "x"}], "choices is missing or null"),
        ([{"choices": None}], "choices is missing or null"),
        ([{"choices": []}], "choices is empty"),
        ([{"choices": "none"}], "choices is no list"),
        ([{"choices": ["hello"]}], "message is missing or null"),
        ([chunk(None, "stop")], "message is missing or null"),
        ([chunk("hello", "stop")], "message is missing or null"),
        ([chunk({"tool_calls": [None]}), CALLED], "a tool call is null"),
    ],
)
def test_what_is_missing_in_all_of_it_is_named(chunks, malformed):
    assert together(*chunks).malformed == malformed


# Choices


def test_of_several_choices_the_first_counts():
    other = {"index": 1, "delta": {"content": "Bye"}, "finish_reason": None}
    both = [{"choices": [each["choices"][0], other]} for each in (HEL, LO, STOP)]
    apart = [HEL, {"choices": [other]}, LO, {"choices": [other | {"finish_reason": "length"}]}, STOP]
    assert [together(*chunks) for chunks in (both, apart)] == [Reply("Hello", finish_reason="stop")] * 2


@pytest.mark.parametrize("indices", [(None, None, None), (None, 0, 0), (0, None, 0), (1, 1, 1)])
def test_a_choice_may_have_any_index_or_none(indices):
    numbered = zip((HEL, LO, STOP), indices, strict=True)
    chunks = [{"choices": [each["choices"][0] | {"index": index}]} for each, index in numbered]
    assert together(*chunks).text == "Hello"


# Tool calls in pieces


def test_arguments_in_pieces_are_one_text():
    made = calls(piece(0, "a", "run", ""), piece(0, None, None, '{"x":'), piece(0, None, None, " 1}"))
    assert made == (ToolCall("a", "run", '{"x": 1}'),)


def test_calls_are_told_apart_by_their_index_even_where_their_pieces_alternate():
    made = calls(piece(0, "a", "run"), piece(1, "b", "stop"), piece(0, None, None, "{}"), piece(1, None, None, "[]"))
    assert made == (ToolCall("a", "run", "{}"), ToolCall("b", "stop", "[]"))


def test_an_id_that_is_used_twice_is_still_two_calls():
    assert calls(piece(0, "a", "run", "{}"), piece(1, "a", "run", "[]")) == (
        ToolCall("a", "run", "{}"),
        ToolCall("a", "run", "[]"),
    )


@pytest.mark.parametrize("index", [0, None])
def test_whole_calls_under_one_index_or_none_are_told_apart_by_their_ids(index):
    made = calls(piece(index, "a", "run", "{}"), piece(index, "b", "stop", "[]"), piece(index, "a", None, " "))
    assert made == (ToolCall("a", "run", "{} "), ToolCall("b", "stop", "[]"))


def test_whole_calls_without_index_and_id_are_told_apart_by_their_names():
    assert calls(piece(None, None, "run", "{}"), piece(None, None, "run", "[]")) == (
        ToolCall("", "run", "{}"),
        ToolCall("", "run", "[]"),
    )


@pytest.mark.parametrize("index", [0, None])
@pytest.mark.parametrize("call_id", ["a", "", None, "another"])
def test_what_follows_without_a_name_belongs_to_the_call_before_it(index, call_id):
    assert calls(piece(0, "a", "run"), piece(index, call_id, None, "{}")) == (ToolCall("a", "run", "{}"),)


def test_a_name_may_come_in_pieces_or_whole_in_each_piece():
    assert calls(piece(0, "a", "read_"), piece(0, None, "file")) == (ToolCall("a", "read_file", ""),)
    assert calls(piece(0, "a", "run", "{"), piece(0, "a", "run", "}")) == (ToolCall("a", "run", "{}"),)


def test_an_id_may_come_late_or_never():
    assert calls(piece(0, None, "run"), piece(0, "a", None, "{}")) == (ToolCall("a", "run", "{}"),)
    assert calls(piece(0, None, "run", "{}")) == (ToolCall("", "run", "{}"),)


def test_a_call_without_a_function_is_a_call_without_a_name():
    assert calls({"index": 0, "id": "a", "function": None}) == (ToolCall("a", "", ""),)


@pytest.mark.parametrize(
    ("arguments", "text"), [({"x": 1}, '{"x": 1}'), ({}, "{}"), (5, "5"), ([1], "[1]"), (False, "false"), (None, "")]
)
def test_arguments_that_are_no_text_are_not_lost(arguments, text):
    assert calls(piece(0, "a", "run"), piece(0, None, None, arguments)) == (ToolCall("a", "run", text),)


def test_a_text_beside_calls_is_shown():
    assert shown(HEL, chunk({"tool_calls": [piece(0, "a", "run", "{}")]}), CALLED) == ["Hel"]


# Any pieces at all


@given(text=st.text(max_size=30), cuts=st.lists(st.integers(0, 30), max_size=5), arguments=st.text(max_size=20))
def test_however_an_answer_is_cut_into_pieces_it_is_the_same(text, cuts, arguments):
    def cut(whole):
        places = sorted({0, len(whole), *(min(place, len(whole)) for place in cuts)})
        return [whole[start:end] for start, end in pairwise(places)]

    texts = [chunk({"content": each}) for each in cut(text)]
    made = [chunk({"tool_calls": [piece(0, None, None, each)]}) for each in cut(arguments)]
    reply = together(*texts, chunk({"tool_calls": [piece(0, "a", "run", None)]}), *made, CALLED)
    assert (reply.text, reply.tool_calls) == (text, (ToolCall("a", "run", arguments),))
    assert "".join(shown(*texts, CALLED)) == text


NAMES = ["choices", "delta", "content", "tool_calls", "function", "arguments", "name", "id", "index", "finish_reason"]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "x", "stop"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*NAMES, "error"]), inner, max_size=4),
    max_leaves=12,
)


@given(chunks=st.lists(anything | st.builds(chunk, anything, st.sampled_from(["stop", None, 3])), max_size=4))
def test_any_chunks_at_all_are_an_answer_or_a_stream_that_ended_early(chunks):
    try:
        assert isinstance(together(*chunks), Reply)
    except StreamEndedEarly:
        assert not any(isinstance(each, dict) and each.get("error") for each in chunks)
