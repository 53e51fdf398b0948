"""Recorded traffic answers as it was recorded, whoever recorded it, and faults lie over it."""

import base64
import gzip
import json
import zlib

import openai
import pytest
import yaml

from faultlab import Lab, faults
from faultlab.adapters.cassette.reading import read_cassette
from faultlab.errors import HarnessError, NotAsPlanned, UnknownName, UnreadableCassette
from faultlab.schedule import OK
from faultlab.wire import Data, Head

CHAT = "https://api.openai.com/v1/chat/completions"


def asked(text="hi", **more):
    return {"model": "m", "messages": [{"role": "user", "content": text}], **more}


def said(text, **more):
    message = {"role": "assistant", "content": text, **more}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "chatcmpl-recorded", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}


def chunks(*texts, end="\n\n", colon=": "):
    """A stream, as its provider wrote it: not as compactly as it could be."""
    deltas = [({"content": text}, None) for text in texts] + [({}, "stop")]
    events = [
        {"id": "x", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": why}]}
        for delta, why in deltas
    ]
    written = [json.dumps(event, separators=(", ", colon)) for event in events] + ["[DONE]"]
    return ": a comment" + end + "".join(f"data: {each}{end}" for each in written)


def recording(body=None, answer=None, *, url=CHAT, method="POST", status=200, headers=None, sent=None):
    given = {"content-type": ["application/json"]} if headers is None else headers
    string = json.dumps(said("hello")) if answer is None else answer
    string = string if isinstance(string, str | bytes) else json.dumps(string)
    told = json.dumps(asked() if body is None else body)
    return {
        "request": {"method": method, "uri": url, "body": None if method == "GET" else told, "headers": sent or {}},
        "response": {"status": {"code": status, "message": "OK"}, "headers": given, "body": {"string": string}},
    }


STREAM = {"content-type": ["text/event-stream"], "transfer-encoding": ["chunked"]}


@pytest.fixture
def cassette(tmp_path):
    """A file as vcrpy leaves it, with these interactions."""

    def written(*interactions, name="c.yaml"):
        path, document = tmp_path / name, {"interactions": list(interactions), "version": 1}
        path.write_text(json.dumps(document) if name.endswith("json") else yaml.safe_dump(document), encoding="utf-8")
        return path

    return written


def ask(provider, text="hi", **more):
    with provider.client(max_retries=0) as client:
        answer = client.chat.completions.create(**asked(text, **more))
        return (
            "".join(each.choices[0].delta.content or "" for each in answer) if more.get("stream") else text_of(answer)
        )


def text_of(answer):
    return answer.choices[0].message.content


# What a cassette may look like.


@pytest.mark.parametrize("name", ["c.yaml", "c.json", "no_suffix"])
def test_both_serializers_of_vcrpy_are_read_by_what_stands_in_the_file(cassette, name):
    assert ask(Lab().upstream("openai", cassette=cassette(recording(), name=name))) == "hello"


WHOLE = json.dumps(said("hello")).encode()


def raw_deflate(body):
    made = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return made.compress(body) + made.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(WHOLE)),
        ("gzip", WHOLE),
        ("deflate", zlib.compress(WHOLE)),
        ("deflate", raw_deflate(WHOLE)),
        ("deflate, gzip", gzip.compress(zlib.compress(WHOLE))),
        ("identity", WHOLE),
    ],
    ids=["gzip", "unpacked", "deflate", "raw deflate", "both", "identity"],
)
def test_a_body_is_unpacked_whether_its_recorder_did_so_or_not(cassette, coding, body):
    path = cassette(recording(answer=body, headers={"Content-Encoding": [coding], "Content-Length": ["7"]}))
    head, data = read_cassette(path).recordings[0].events
    assert head == Head(200, (("content-length", str(len(WHOLE))),))
    assert data == Data(WHOLE)
    assert ask(Lab().upstream("openai", cassette=path)) == "hello"


def test_brotli_is_unpacked_where_there_is_a_library_for_it(cassette):
    brotli = pytest.importorskip("brotli")
    for body in (brotli.compress(WHOLE), WHOLE):
        path = cassette(recording(answer=body, headers={"content-encoding": ["br"]}))
        assert read_cassette(path).recordings[0].events[1].data == WHOLE


def test_what_cannot_be_unpacked_here_is_handed_on_as_it_was_sent(cassette):
    path = cassette(recording(answer=b"\x28\xb5\x2f\xfd", headers={"content-encoding": ["zstd"]}))
    head, data = read_cassette(path).recordings[0].events
    assert (head.header("content-encoding"), data.data) == ("zstd", b"\x28\xb5\x2f\xfd")


def test_a_gzip_body_that_was_cut_short_is_as_much_as_there_is_of_it(cassette):
    path = cassette(recording(answer=gzip.compress(WHOLE * 50)[:-20], headers={"content-encoding": ["gzip"]}))
    assert read_cassette(path).recordings[0].events[1].data.startswith(WHOLE)


def test_bodies_in_base64_and_the_form_of_httpx_before_vcrpy_6_are_read(cassette):
    encoded = recording()
    encoded["response"]["body"] = {"base64_string": base64.b64encode(WHOLE).decode()}
    old = recording()
    old["response"] = {
        "http_version": "HTTP/1.1",
        "status_code": 200,
        "headers": {"content-type": "application/json"},
        "content": WHOLE.decode(),
    }
    provider = Lab().upstream("openai", cassette=cassette(encoded, old))
    assert [ask(provider), ask(provider)] == ["hello", "hello"]


@pytest.mark.parametrize("end", ["\n\n", "\r\n\r\n", "\r\r"])
def test_a_stream_is_played_event_by_event(cassette, end):
    text = chunks("Hel", "lo", end=end)
    path = cassette(recording(answer=text, headers={**STREAM, "content-length": ["3"]}))
    head, *events = read_cassette(path).recordings[0].events
    assert head == Head(200, (("content-type", "text/event-stream"),))
    assert b"".join(event.data for event in events) == text.encode()
    assert len(events) == 5
    assert ask(Lab().upstream("openai", cassette=path), stream=True) == "Hello"


def test_what_is_no_answer_is_played_too_and_an_error_as_the_error_that_it_was(cassette):
    models = recording(
        url="https://api.openai.com/v1/models", method="GET", answer={"object": "list", "data": [{"id": "recorded"}]}
    )
    refused = recording(
        answer={"error": {"message": "slow down"}}, status=429, headers={"Retry-After": ["7"], "X-Request-Id": ["r1"]}
    )
    vectors = recording(
        {"model": "e", "input": "hi"},
        {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}]},
        url="https://api.openai.com/v1/embeddings",
    )
    provider = Lab().upstream("openai", cassette=cassette(models, refused, recording(), vectors))
    with provider.client(max_retries=0) as client:
        assert [each.id for each in client.models.list()] == ["recorded"]
        with pytest.raises(openai.RateLimitError, match="slow down") as caught:
            client.chat.completions.create(**asked())
        assert text_of(client.chat.completions.create(**asked())) == "hello"
        made = client.embeddings.create(model="e", input="hi", encoding_format="float")
    assert caught.value.response.headers["retry-after"] == "7"
    assert caught.value.request_id == "r1"
    assert made.data[0].embedding == [0.5]
    assert [(each.recording, each.side) for each in provider.exchanges] == [
        (1, True),
        (2, False),
        (3, False),
        (4, True),
    ]


def test_what_is_served_on_a_socket_is_answered_from_a_cassette_as_well(cassette):
    lab = Lab()
    path = cassette(recording(answer=chunks("Hel", "lo"), headers=STREAM), recording())
    provider = lab.upstream("openai", cassette=path)
    with lab.serve(), openai.OpenAI(base_url=provider.served_url, api_key="k", max_retries=0) as client:
        streamed = client.chat.completions.create(**asked(), stream=True)
        assert "".join(each.choices[0].delta.content or "" for each in streamed) == "Hello"
        assert text_of(client.chat.completions.create(**asked())) == "hello"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "No such file"),
        ("", "finds no interactions"),
        ("interactions: []\nversion: 1\n", "it holds no interactions"),
        ("name: a scenario\n", "finds no interactions"),
        ("- request: {}\n  response: {}\n", "older version"),
        ("interactions: [\n", "ParserError"),
        ("interactions:\n- request: {method: GET}\n  response: {}\n", "finds no interactions"),
        ("{}", "finds no interactions"),
    ],
)
def test_what_is_no_cassette_is_refused_with_its_name_and_why(tmp_path, text, why):
    path = tmp_path / "c.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(UnreadableCassette, match=why) as caught:
        Lab().upstream("openai", cassette=path)
    assert str(caught.value).startswith(f"{path} cannot be played as a cassette: ")


def test_a_cassette_that_was_recorded_anew_is_read_anew(cassette):
    path = cassette(recording())
    assert len(read_cassette(path).recordings) == 1
    cassette(recording(), recording())
    assert len(read_cassette(path).recordings) == 2


# Which recording answers.


def pair(text, answer, **more):
    return recording(asked(text, **more), said(answer))


def test_recordings_answer_in_their_order_but_the_one_with_the_same_body_comes_first(cassette):
    path = cassette(pair("one", "1"), pair("two", "2"), pair("three", "3"))
    provider = Lab().upstream("openai", cassette=path)
    assert [ask(provider, text) for text in ("three", "else", "other")] == ["3", "1", "2"]


def test_next_to_the_same_body_comes_the_same_model_and_a_stream_is_for_who_asks_for_one(cassette):
    streamed = recording(asked("x", stream=True), chunks("streamed"), headers=STREAM)
    path = cassette(pair("x", "other", model="n"), pair("x", "whole"), streamed)
    provider = Lab().upstream("openai", cassette=path)
    assert ask(provider, "y", stream=True) == "streamed"
    assert ask(provider, "y") == "whole"
    assert ask(provider, "y") == "other"


@pytest.mark.parametrize(
    ("given", "stream", "told"),
    [
        (recording(asked("x", stream=True), chunks("streamed"), headers=STREAM), False, "it is a stream there"),
        (pair("x", "whole"), True, "it is whole there"),
    ],
)
def test_what_is_no_stream_answers_nobody_who_wants_one_nor_the_other_way_round(cassette, given, stream, told):
    provider = Lab().upstream("openai", cassette=cassette(given))
    with provider.client(max_retries=0) as client, pytest.raises(openai.APIConnectionError):
        client.chat.completions.create(**asked("x"), stream=stream)
    assert f"which differs in the answer: {told}" in provider.exchanges[0].missed


@pytest.mark.parametrize("stream", [True, False])
def test_a_recorded_error_is_met_by_either(cassette, stream):
    refused = recording(asked("x"), {"error": {"message": "no"}}, status=403)
    provider = Lab().upstream("openai", cassette=cassette(refused))
    with provider.client() as client, pytest.raises(openai.PermissionDeniedError):
        client.chat.completions.create(**asked("x"), stream=stream)


def test_the_host_need_not_be_the_recorded_one_but_its_own_is_all_that_counts_where_there_are_several(cassette):
    other = recording(answer=said("of the other"), url="https://openrouter.ai/api/v1/chat/completions")
    path = cassette(other, recording())
    assert ask(Lab().upstream("acme", cassette=path, base_url="http://127.0.0.1:1/v1")) == "of the other"
    lab = Lab()
    mine, theirs = (lab.upstream(name, cassette=path) for name in ("openai", "openrouter"))
    assert [ask(mine), ask(theirs)] == ["hello", "of the other"]
    with pytest.raises(openai.APIConnectionError):
        ask(mine)


@pytest.mark.parametrize(
    ("recorded", "base_url", "is_answered"),
    [
        ("https://x.example/v1/chat/completions?a=1&b=2", "https://y.example/api/v1?", True),
        ("https://x.example/chat/completions", "https://y.example/v1", True),
        ("https://x.example/v1/completions", "https://y.example/v1", False),
    ],
)
def test_a_path_is_compared_below_the_base_url(cassette, recorded, base_url, is_answered):
    path = cassette(recording(url=recorded.partition("?")[0]))
    provider = Lab().upstream("openai", cassette=path, base_url=base_url.rstrip("?"))
    if is_answered:
        assert ask(provider) == "hello"
    else:
        with pytest.raises(openai.APIConnectionError):
            ask(provider)


def test_what_ends_alike_is_not_the_same(cassette):
    provider = Lab().upstream("openai", cassette=cassette(recording()))
    with provider.client(max_retries=0) as client, pytest.raises(openai.APIConnectionError):
        client.completions.create(model="m", prompt="hi")
    assert "path: /v1/chat/completions there, /completions here" in provider.exchanges[0].missed


def test_a_query_has_to_be_the_same_but_for_credentials(cassette):
    path = cassette(recording(url=f"{CHAT}?api-version=2&key=AIzaReal&b="), recording(url=f"{CHAT}?api-version=3"))
    provider = Lab().upstream("openai", cassette=path)
    with provider.client(max_retries=0, default_query={"b": "", "api-version": "2", "key": "AIzaMine"}) as client:
        assert text_of(client.chat.completions.create(**asked())) == "hello"
        with pytest.raises(openai.APIConnectionError):
            client.chat.completions.create(**asked())
    assert provider.exchanges[0].recording == 1
    assert "AIza" not in provider.exchanges[1].missed


@pytest.mark.parametrize(("match_on", "number"), [(("body",), 2), (("method", "host", "path", "body"), 2)])
def test_what_has_to_match_can_be_more_than_that(cassette, match_on, number):
    path = cassette(pair("one", "1"), pair("two", "2"))
    provider = Lab().upstream("openai", cassette=path, match_on=match_on)
    assert ask(provider, "two") == str(number)
    with pytest.raises(openai.APIConnectionError):
        ask(provider, "three")


def test_a_matcher_that_is_not_there_and_two_sources_of_answers_are_refused(cassette):
    with pytest.raises(UnknownName, match="unknown matcher 'boddy'; did you mean 'body'"):
        Lab().upstream("openai", cassette=cassette(recording()), match_on=["boddy"])
    with pytest.raises(HarnessError, match="not from both"):
        Lab().upstream("openai", cassette=cassette(recording()), says=["hi"])


# What nothing answers.


def test_what_matches_nothing_is_told_with_what_came_nearest_and_in_what_it_differs(cassette):
    path = cassette(
        recording({"model": "m", "input": "hi"}, url="https://api.openai.com/v1/responses"),
        pair("something quite different", "1", temperature=0),
        pair("hi", "2"),
    )
    lab = Lab()
    provider = lab.upstream("openai", cassette=path, match_on=["method", "path", "body"])
    with pytest.raises(openai.APIConnectionError):
        ask(provider, "ho")
    (exchange,) = provider.exchanges
    assert exchange.unexpected
    assert exchange.missed == (
        f"nothing in {path} answers POST /chat/completions; nearest is recording 3, POST {CHAT}, "
        'which differs in body: messages.0.content is "hi" there and "ho" here'
    )
    with pytest.raises(NotAsPlanned, match=r"request 1 to openai met no answer: nothing in .* nearest is recording 3"):
        lab.check()


def test_many_and_long_differences_are_shortened_and_no_credential_is_among_them(cassette):
    more = {"api_key": "sk-recorded", "a": 1, "b": [1], "c": None}
    provider = Lab().upstream("openai", cassette=cassette(pair("x" * 200, "1", **more)), match_on=["body"])
    with pytest.raises(openai.APIConnectionError):
        ask(provider, "y")
    missed = provider.exchanges[0].missed
    assert f'messages.0.content is "{"x" * 44}... there and "y" here, api_key is [redacted] there' in missed
    assert missed.endswith("and nothing here, a is 1 there and nothing here and 2 more")


def test_an_answer_that_is_used_up_is_said_to_be_that(cassette):
    provider = Lab().upstream("openai", cassette=cassette(recording(), recording()))
    for _ in range(2):
        ask(provider)
    with pytest.raises(openai.APIConnectionError):
        ask(provider)
    assert provider.exchanges[2].missed.startswith("POST /chat/completions is asked once more than ")
    assert provider.exchanges[2].missed.endswith("has answers for: recordings 1, 2 are used up")


def test_the_same_sentence_is_said_once_however_often_a_client_tries(cassette):
    lab = Lab()
    provider = lab.upstream("openai", cassette=cassette(recording(url="https://api.openai.com/v1/responses")))
    for _ in range(3):
        with pytest.raises(openai.APIConnectionError):
            ask(provider)
    with pytest.raises(NotAsPlanned) as caught:
        lab.check()
    assert str(caught.value).count("nearest is recording 1") == 1


def test_what_was_never_asked_for_is_told_when_that_is_wanted(cassette):
    lab = Lab(unused_replies=True)
    ask(lab.upstream("openai", cassette=cassette(pair("one", "1"), pair("two", "2"))), "two")
    with pytest.raises(NotAsPlanned, match=r"not all of the cassette of openai was asked for: recording 1, POST"):
        lab.check()


# Faults over it.


def test_call_3_of_a_recorded_session_becomes_a_429_and_its_recording_answers_the_next_one(cassette):
    path = cassette(*(pair(f"question {n}", f"answer {n}") for n in (1, 2, 3, 4)))
    lab = Lab()
    provider = lab.upstream("openai", cassette=path, faults=[OK, OK, faults.rate_limit()])
    answers = []
    for n in (1, 2, 3, 3, 4):
        try:
            answers.append(ask(provider, f"question {n}"))
        except openai.RateLimitError:
            answers.append("429")
    assert answers == ["answer 1", "answer 2", "429", "answer 3", "answer 4"]
    lab.check()


def test_a_recorded_stream_is_cut_where_it_is_told_to_be(cassette):
    path = cassette(*[recording(answer=chunks("one ", "two ", "three"), headers=STREAM)] * 3)
    planned = [faults.cut(after_events=2), faults.missing_end(), faults.slow(event_every_s=2)]
    lab = Lab()
    provider = lab.upstream("openai", cassette=path, faults=planned)
    got = []
    with provider.client(max_retries=0) as client:
        streamed = (each.choices[0].delta.content for each in client.chat.completions.create(**asked(), stream=True))
        with pytest.raises(openai.APIConnectionError):
            got.extend(streamed)
    assert got == ["one ", "two "]
    with provider.client(max_retries=0) as client:
        ends = [each.choices[0].finish_reason for each in client.chat.completions.create(**asked(), stream=True)]
    assert ends == [None, None, None]
    assert ask(provider, stream=True) == "one two three"
    assert [each.fault for each in provider.exchanges] == ["cut", "missing_end", "slow"]
    assert [each.recording for each in provider.exchanges] == [1, 1, 1]
    assert lab.clock.now_s == 10
    lab.check()


CALLS = [{"id": "c", "type": "function", "function": {"name": "look", "arguments": '{"where": "here"}'}}]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_fault_of_content_changes_what_a_recording_says(cassette, streamed):
    headers = STREAM if streamed else None
    answer = chunks("Hello ", "there") if streamed else said("Hello there")
    provider = Lab().upstream(
        "openai", cassette=cassette(recording(answer=answer, headers=headers)), faults=[faults.length()]
    )
    more = {"stream": True} if streamed else {}
    assert ask(provider, **more) == "Hello "
    assert ask(provider, **more) == "Hello there"


def test_a_recorded_tool_call_can_be_damaged_too(cassette):
    path = cassette(recording(answer=said(None, tool_calls=CALLS, reasoning="hm")))
    provider = Lab().upstream("openai", cassette=path, faults=[faults.bad_tool_arguments(), faults.unknown_tool()])
    with provider.client(max_retries=0) as client:
        answers = [client.chat.completions.create(**asked()).choices[0].message for _ in range(3)]
    told = [(each.tool_calls[0].function.name, each.tool_calls[0].function.arguments) for each in answers]
    assert told[0] == ("look", '{"where": "')
    assert told[1] == ("no_such_look", '{"where": "here"}')
    assert answers[2].model_dump()["reasoning"] == "hm"


RESPONSE = {
    "id": "resp_1",
    "status": "completed",
    "output": [
        {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"type": "message", "id": "ms", "content": [{"type": "output_text", "text": "Hello there"}]},
    ],
}


def response_events(*, listed):
    items = [
        {"type": "response.output_item.done", "output_index": n, "item": item}
        for n, item in enumerate(RESPONSE["output"])
    ]
    ended = {"type": "response.completed", "response": RESPONSE if listed else {**RESPONSE, "output": []}}
    return "".join(f"data: {json.dumps(each)}\n\n" for each in [*items, ended])


@pytest.mark.parametrize("answer", [RESPONSE, response_events(listed=True), response_events(listed=False)])
def test_what_the_responses_api_said_can_be_changed_as_well(cassette, answer):
    streamed = isinstance(answer, str)
    url = "https://api.openai.com/v1/responses"
    path = cassette(recording({"model": "m", "input": "hi"}, answer, url=url, headers=STREAM if streamed else None))
    provider = Lab().upstream("openai", cassette=path, faults=[faults.length()])
    with provider.client(max_retries=0) as client:
        made = client.responses.create(model="m", input="hi", stream=streamed)
        ended = list(made)[-1].response if streamed else made
    assert (ended.status, ended.output_text) == ("incomplete", "Hello ")


def test_a_fault_that_needs_words_has_nothing_to_work_on_in_a_recorded_error(cassette):
    lab = Lab()
    path = cassette(recording(answer={"error": {"message": "no"}}, status=500))
    provider = lab.upstream("openai", cassette=path, faults=[faults.length()])
    with pytest.raises(openai.InternalServerError):
        ask(provider)
    with pytest.raises(NotAsPlanned, match="fault length could not apply to what request 1 met"):
        lab.check()


def test_the_same_cassette_and_the_same_requests_make_the_same_trace(cassette):
    path = cassette(*(pair(f"question {n}", f"answer {n}") for n in range(5)))

    def played():
        provider = Lab(seed=3).upstream("openai", cassette=path, faults=[OK, faults.length(), faults.rate_limit()])
        for n in (0, 1, 1, 2, 4):
            try:
                ask(provider, f"question {n}")
            except openai.RateLimitError:
                continue
        return [(each.recording, each.faults, each.sent) for each in provider.exchanges]

    assert played() == played()
