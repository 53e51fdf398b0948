"""A healthy answer comes in its provider's own chunking, and the client reads it as the same answer."""

import json

import openai
import pytest

from faultlab import Lab, faults
from faultlab.dialects import CHAT, Question
from faultlab.providers import names, provider
from faultlab.script import Reply, ToolCall
from faultlab.wire import Data, Head

_REPLY = Reply('It is noon, and {"reasoning_content": "stays"}', (ToolCall("look", '{"at": "it"}'),), "hm, well")
_ASKED = {"model": "m", "messages": [{"role": "user", "content": "ping"}]}


def _sent(name, *, streamed, reply=_REPLY):
    rendered = CHAT.render(reply, Question("m", streamed=streamed), "0a1b", 0)
    return provider(name).chunking.applied(rendered)


def _chunks(events):
    return [event.data for event in events if isinstance(event, Data)]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("openrouter", [b": OPENROUTER PROCESSING\n\n"] * 2),
        ("deepseek", [b": keep-alive\n\n"] * 2),
        ("openai", []),
        ("groq", []),
    ],
)
def test_a_stream_is_kept_alive_by_comments_where_the_provider_does_that(name, first):
    chunks = _chunks(_sent(name, streamed=True))
    assert chunks[: len(first)] == first
    assert b'"role":"assistant"' in chunks[len(first)]
    assert sum(chunk.startswith(b":") for chunk in chunks) == (3 if first else 0)


def test_azure_opens_with_a_chunk_without_choices():
    first, second, *_ = _chunks(_sent("azure", streamed=True))
    assert json.loads(first.removeprefix(b"data: "))["choices"] == []
    assert b'"role":"assistant"' in second


@pytest.mark.parametrize("streamed", [False, True])
def test_ids_and_reasoning_have_the_provider_s_names_and_a_text_is_left_alone(streamed):
    sent = b"".join(_chunks(_sent("openrouter", streamed=streamed)))
    assert b'"id":"gen-' in sent
    assert b'"reasoning":"hm, ' in sent
    assert b'"reasoning_content":' not in sent.replace(b'\\"reasoning_content\\"', b"")


@pytest.mark.parametrize("name", names())
def test_a_whole_answer_is_as_long_as_it_says(name):
    head, body = _sent(name, streamed=False)
    assert isinstance(head, Head)
    assert head.header("content-length") == str(len(body.data))


@pytest.mark.parametrize("name", names())
def test_what_is_not_openai_s_has_a_source(name):
    chunking = provider(name).chunking
    assert bool(chunking.sources) == bool(chunking.comment or chunking.opening or chunking.id_prefix)


@pytest.mark.parametrize("name", ["openrouter", "deepseek", "azure", "openai", "groq"])
def test_the_client_reads_the_same_answer(name):
    with Lab().upstream(name, says=[_REPLY]).client() as client:
        chunks = list(client.chat.completions.create(**_ASKED, stream=True))
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == _REPLY.text
    assert (
        "".join(call.function.arguments or "" for delta in deltas for call in delta.tool_calls or ()) == '{"at": "it"}'
    )


def test_a_comment_is_no_event_that_a_fault_counts():
    asked = Lab().upstream("openrouter", says=["hello"], faults=[faults.cut(after_events=1)])
    with asked.client(max_retries=0) as client, client.chat.completions.create(**_ASKED, stream=True) as stream:
        met = [next(stream)]
        with pytest.raises(openai.APIConnectionError):
            next(stream)
    assert met[0].choices[0].delta.role == "assistant"
