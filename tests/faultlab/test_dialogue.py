import json

import pytest

from faultlab.dialogue import Dialogue, Said, dialogue_of
from faultlab.wire import Request

CHAT = {
    "messages": [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": [{"type": "text", "text": "what "}, {"type": "text", "text": "time?"}]},
        {
            "role": "assistant",
            "content": None,
            "reasoning_content": "hm",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "noon"},
        {"role": "assistant", "content": "Noon."},
    ]
}
RESPONSES = {
    "instructions": "be brief",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "what time?"}]},
        {"type": "reasoning", "encrypted_content": "…"},
        {"type": "function_call", "call_id": "c9", "name": "clock", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c9", "output": "noon"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Noon."}]},
    ],
}
SAID = (
    Said("user", "what time?"),
    Said("assistant", "", (("clock", "{}"),)),
    Said("tool", "noon"),
    Said("assistant", "Noon."),
)


def _read(body):
    return dialogue_of(Request("POST", "https://x", {}, json.dumps(body).encode()))


@pytest.mark.parametrize("body", [CHAT, RESPONSES], ids=["chat", "responses"])
def test_both_dialects_say_the_same(body):
    assert _read(body) == Dialogue("be brief", SAID)


def test_an_input_may_be_a_bare_text():
    assert _read({"input": "hi"}).messages == (Said("user", "hi"),)


@pytest.mark.parametrize("body", [None, 3, [], {}, {"messages": 3}, {"messages": [3, None]}, {"input": None}])
def test_a_body_that_says_nothing_is_an_empty_dialogue(body):
    assert _read(body) == Dialogue()


@pytest.mark.parametrize(
    ("chat", "responses", "shown"),
    [
        (
            {"type": "image_url", "image_url": {"url": "data:,x", "detail": "low"}},
            {"type": "input_image", "image_url": "data:,x", "detail": "auto"},
            ("image", "data:,x"),
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            {"type": "input_audio", "input_audio": {"format": "wav", "data": "AAAA"}},
            ("audio", "AAAA", "wav"),
        ),
        (
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:,y"}},
            {"type": "input_file", "file_data": "data:,y", "filename": "a.pdf"},
            ("file", "a.pdf", "data:,y"),
        ),
    ],
)
def test_what_is_no_text_is_the_same_in_both_dialects(chat, responses, shown):
    said = (Said("user", "look", shown=(shown,)),)
    assert _read({"messages": [{"role": "user", "content": [{"type": "text", "text": "look"}, chat]}]}).messages == said
    parts = [{"type": "input_text", "text": "look"}, responses]
    assert _read({"input": [{"role": "user", "content": parts}]}).messages == said


def test_what_an_assistant_said_in_a_row_is_one_message():
    items = [{"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}]
    assert _read({"messages": items}).messages == (Said("assistant", "ab"),)


def _dialogue(words):
    return Dialogue(messages=tuple(Said("user", word) for word in words.split()))


@pytest.mark.parametrize(
    ("now", "earlier", "compresses"),
    [
        ("a b c", "a b c", False),
        ("a b c d", "a b c", False),
        ("a * c", "a b c", True),
        ("a * d e", "a b c d", True),
        ("a b x y", "a b z", False),
        ("a b", "a b c d", True),
        ("", "a b", False),
        ("a b", "", False),
    ],
)
def test_a_compression_lacks_messages_that_were_there_before(now, earlier, compresses):
    assert _dialogue(now).compresses(_dialogue(earlier)) is compresses
