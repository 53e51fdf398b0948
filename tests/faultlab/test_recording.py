"""Real traffic goes into a cassette, and nothing secret with it. What is real here is a server on the loopback."""

import asyncio
import base64
import contextlib
import gzip
import importlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faultlab import Lab
from faultlab.adapters.cassette.forwarding import forwarding
from faultlab.adapters.cassette.reading import read_cassette
from faultlab.adapters.cassette.recorder import Recorder, Sent
from faultlab.adapters.cassette.scrubbing import Scrubber
from faultlab.cli import main
from faultlab.errors import HarnessError, NotAsPlanned, UnknownHost

KEY = "sk-proj-a-real-one-0123456789"
ANSWER = {"id": "x", "model": "m", "choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "hello"}}]}


class Asked(NamedTuple):
    headers: Any
    body: bytes


class Provider(ThreadingHTTPServer):
    """Answers what its test says: `answer` is called with each request and gives status, headers and pieces."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"
        self.asked = []
        self.answer = lambda _: (200, {"content-type": "application/json"}, [json.dumps(ANSWER).encode()])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = Asked(self.headers, self.rfile.read(int(self.headers.get("content-length", 0))))
        self.server.asked.append(asked)
        status, headers, pieces = self.server.answer(asked)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    do_GET = do_POST  # noqa: N815  # what the library calls it

    def log_message(self, *_):
        pass


@pytest.fixture
def real():
    """A provider that is as real as one gets here."""
    with Provider() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def body(text="hi", **more):
    return {"model": "m", "messages": [{"role": "user", "content": text}], **more}


def by_library(name):
    def ask(url, **headers):
        with importlib.import_module(name).Client() as client:
            return client.post(f"{url}/chat/completions", json=body(), headers=headers).json()

    return ask


def by_async_library(name):
    async def asked(url, headers):
        async with importlib.import_module(name).AsyncClient() as client:
            return (await client.post(f"{url}/chat/completions", json=body(), headers=headers)).json()

    return lambda url, **headers: asyncio.run(asked(url, headers))


def by_urllib(url, **headers):
    request = urllib.request.Request(f"{url}/chat/completions", json.dumps(body()).encode(), headers)  # noqa: S310
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.loads(answer.read())


CLIENTS = {
    "httpx": by_library("httpx"),
    "httpx2": by_library("httpx2"),
    "async httpx": by_async_library("httpx"),
    "async httpx2": by_async_library("httpx2"),
    "urllib": by_urllib,
}


def lab():
    return Lab(virtual_time=False)


def played(path):
    with Lab().upstream("openai", cassette=path).client(max_retries=0) as client:
        return client.chat.completions.create(**body()).choices[0].message.content


# Recorded in this process.


@pytest.mark.parametrize("ask", CLIENTS.values(), ids=CLIENTS)
def test_what_a_client_of_this_process_asks_is_recorded_and_can_be_played(real, tmp_path, ask):
    path = tmp_path / "new" / "c.yaml"
    with lab().record(path) as recorder:
        assert ask(real.url, Authorization=f"Bearer {KEY}") == ANSWER
        assert not path.exists()
    assert (recorder.recorded, recorder.left_out) == (1, 0)
    assert real.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in path.read_text()
    assert played(path) == "hello"
    assert [each.name for each in path.parent.iterdir()] == ["c.yaml"]


@pytest.mark.parametrize("decoded", [False, True])
@pytest.mark.parametrize("ask", CLIENTS.values(), ids=CLIENTS)
def test_what_vcrpy_recorded_by_itself_can_be_played_packed_or_not(real, tmp_path, ask, decoded):
    import vcr

    packed = gzip.compress(json.dumps(ANSWER).encode())
    real.answer = lambda _: (200, {"Content-Type": "application/json", "Content-Encoding": "gzip"}, [packed])
    with (
        vcr.VCR(decode_compressed_response=decoded).use_cassette(str(tmp_path / "c.yaml")),
        contextlib.suppress(ValueError),
    ):
        ask(real.url)  # urllib does not unpack it
    assert played(tmp_path / "c.yaml") == "hello"


def test_a_stream_is_recorded_whole_and_played_in_its_events(real, tmp_path):
    chunk = {**ANSWER, "choices": [{"index": 0, "delta": {"content": "hel"}, "finish_reason": None}]}
    events = [f"data: {json.dumps(chunk)}\n\n".encode(), b"data: [DONE]\n\n"]
    real.answer = lambda _: (200, {"content-type": "text/event-stream"}, events)
    with lab().record(tmp_path / "c.yaml"), openai.OpenAI(base_url=real.url, api_key=KEY) as client:
        list(client.chat.completions.create(**body(stream=True)))
    head, *sent = read_cassette(tmp_path / "c.yaml").recordings[0].events
    assert head.header("content-type") == "text/event-stream"
    assert [each.data for each in sent] == events


def test_an_entered_lab_records_until_it_ends_and_an_exception_keeps_what_there_is(real, tmp_path):
    path = tmp_path / "c.json"

    def interrupted():
        with lab() as entered:
            entered.record(path)
            by_urllib(real.url)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert json.loads(path.read_text())["interactions"][0]["request"]["method"] == "POST"
    assert played(path) == "hello"


def test_recordings_stand_in_the_order_of_their_requests_whoever_is_answered_first(real, tmp_path):
    arrived, first_may_go = threading.Event(), threading.Event()

    def answer(asked):
        if b"slow" in asked.body:
            arrived.set()
            assert first_may_go.wait(10)
        return 200, {"content-type": "application/json"}, [b"{}"]

    real.answer = answer

    async def both():
        async with importlib.import_module("httpx").AsyncClient() as client:
            slow = asyncio.create_task(client.post(real.url, content=b"slow"))
            await asyncio.to_thread(arrived.wait, 10)
            for text in (b"quick", b"quick", b"slower"):
                await client.post(real.url, content=text.replace(b"slower", b"last"))
            first_may_go.set()
            await slow

    with lab().record(tmp_path / "c.yaml"):
        asyncio.run(both())
    asked = [each.request.body for each in read_cassette(tmp_path / "c.yaml").recordings]
    assert asked == [b"slow", b"quick", b"quick", b"last"]


def test_what_is_there_already_stays_unless_it_is_to_be_overwritten(real, tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("mine")
    with pytest.raises(HarnessError, match=r"c\.yaml is there already and stays as it is"), lab().record(path):
        by_urllib(real.url)
    assert path.read_text() == "mine"
    assert real.asked == []
    with lab().record(path, overwrite=True):
        assert path.read_text() == "mine"
        by_urllib(real.url)
    assert played(path) == "hello"


def test_a_recording_of_nothing_leaves_no_file_and_one_that_was_there_as_it_is(tmp_path):
    (tmp_path / "b.yaml").write_text("mine")
    for name in ("a.yaml", "b.yaml"):
        with lab().record(tmp_path / name, overwrite=True) as recorder:
            pass
        assert recorder.recorded == 0
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("b.yaml", "mine")]


@pytest.mark.parametrize("place", ["", "file/c.yaml"])
def test_what_cannot_be_a_file_is_refused_before_anything_is_asked(tmp_path, place):
    (tmp_path / "file").touch()
    with pytest.raises(HarnessError, match="cannot be recorded to"), lab().record(tmp_path / place):
        pytest.fail("it was let in")


@pytest.mark.parametrize("place", ["/proc/nobody/c.yaml", f"{'c' * 250}.yaml"])
def test_where_nothing_can_be_written_is_told_before_the_command_runs(capsys, tmp_path, place):
    ran = tmp_path / "ran"
    assert main(["record", "--to", str(tmp_path / place), "--", "touch", str(ran)]) == 2
    assert " cannot be recorded to: " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_hosts_that_are_not_allowed_are_not_asked_and_it_does_not_pass_unseen(real, tmp_path):
    mine = lab()
    with (
        mine.record(tmp_path / "c.yaml", allow=["api.openai.com"]),
        pytest.raises(UnknownHost, match=re.escape(real.url)),
    ):
        CLIENTS["httpx"](real.url)
    assert real.asked == []
    with pytest.raises(NotAsPlanned, match="no upstream stands for that host"):
        mine.check()
    with lab().record(tmp_path / "c.yaml", allow=["127.0.0.1"]):
        CLIENTS["httpx"](real.url)


def test_virtual_time_has_no_recording():
    with Lab() as entered, pytest.raises(HarnessError, match=r"Lab\(virtual_time=False\)"):
        entered.record("c.yaml")


def test_an_answer_that_nobody_here_can_unpack_is_left_out_since_nobody_can_clean_it(real, tmp_path):
    real.answer = lambda _: (200, {"content-encoding": "zstd"}, [b"\x28\xb5\x2f\xfd"])
    with lab().record(tmp_path / "c.yaml") as recorder, contextlib.suppress(ValueError):
        by_urllib(real.url)
    assert (recorder.recorded, recorder.left_out) == (0, 1)


# What is removed.


def recorded(path, *, url="https://api.openai.com/v1/x", sent=(), asked=b"", came=(), answered=b"", known=()):
    """What a cassette holds of one exchange: request and answer as its file has them."""
    recorder = Recorder(path, known, overwrite=True)
    recorder.add(0, Sent("POST", url, list(sent), asked), Sent("", "", list(came), answered), (200, "OK"))
    recorder.write()
    from vcr.serialize import deserialize
    from vcr.serializers import yamlserializer

    requests, responses, *_ = deserialize(path.read_text("utf-8"), yamlserializer)
    return requests[0], responses[0]


def words(value):
    """Every text in a document."""
    if isinstance(value, dict):
        return [word for pair in value.items() for each in pair for word in words(each)]
    if isinstance(value, list | tuple):
        return [word for each in value for word in words(each)]
    return (
        [value if isinstance(value, str) else value.decode("utf-8", "replace")]
        if isinstance(value, str | bytes)
        else []
    )


VISIBLE = st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="".join(map(chr, range(0x7F, 0xA1))))
CARRIED = ["authorization", "api-key", "x-api-key", "x-goog-api-key", "proxy-authorization", "x-some-secret"]


@settings(max_examples=40)
@given(
    key=st.text(VISIBLE, min_size=8, max_size=40),
    header=st.sampled_from(CARRIED),
    scheme=st.sampled_from(["", "Bearer "]),
)
def test_whatever_key_a_client_sends_no_byte_of_it_is_in_the_file(tmp_path_factory, key, header, scheme):
    path = tmp_path_factory.getbasetemp() / "property.yaml"
    echo = {"message": f"Incorrect API key provided: {key}.", "nested": json.dumps({"k": [key]}), key: 1}
    told = json.dumps(echo, ensure_ascii=False)
    query = urllib.parse.urlencode({"q": key, "key": key})
    request, response = recorded(
        path,
        url=f"https://api.openai.com/v1/{urllib.parse.quote(key, safe='')}?{query}",
        sent=[(header, scheme + key), ("x-note", f"it is {key}")],
        asked=json.dumps({**echo, "api_key": key}).encode(),
        came=[("x-echo", key), ("content-type", "application/json")],
        answered=f"{told}{json.dumps(echo)}{urllib.parse.quote(key)}".encode(),
    )
    texts = [*words(request._to_dict()), *words(response), path.read_text("utf-8")]
    for writing in {key, json.dumps(key)[1:-1], urllib.parse.quote(key, safe="")}:
        assert not any(writing in text for text in texts)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", f"Bearer {KEY}"),
        ("Authorization", "Basic dXNlcjpwYXNzd29yZC1vZi1taW5l"),
        ("api-key", KEY),
        ("X-Api-Key", KEY),
        ("x-goog-api-key", KEY),
        ("Proxy-Authorization", f"Bearer {KEY}"),
        ("Cookie", "session=0123456789abcdefghij; theme=dark"),
        ("Set-Cookie", "__cf_bm=0123456789abcdefghij; path=/; HttpOnly"),
        ("OpenAI-Organization", "my-company"),
        ("openai-project", "proj_abc123"),
        ("anthropic-organization-id", "0b5a7e0e-0000-4000-8000-000000000000"),
        ("x-goog-user-project", "mine"),
    ],
)
def test_a_header_that_tells_who_asks_is_left_out_of_both_sides(tmp_path, name, value):
    request, response = recorded(
        tmp_path / "c.yaml", sent=[(name, value), ("x-kept", "1")], came=[(name, value), ("x-kept", "1")]
    )
    assert dict(request.headers) == {"x-kept": "1"}
    assert response["headers"] == {"x-kept": ["1"]}


@pytest.mark.parametrize(
    "name", ["x-ratelimit-remaining-tokens", "x-request-id", "www-authenticate", "idempotency-key"]
)
def test_headers_that_tell_of_limits_and_requests_stay(tmp_path, name):
    _, response = recorded(tmp_path / "c.yaml", came=[(name, "some value")])
    assert response["headers"] == {name: ["some value"]}


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        (
            "https://h.example/v1?key=abc&a=1&access_token=x",
            "https://h.example/v1?key=[redacted]&a=1&access_token=[redacted]",
        ),
        ("https://me:hidden-word@h.example:8443/v1", "https://h.example:8443/v1"),
        ("https://h.example/v1/org-abc123DEF/x", "https://h.example/v1/[redacted]/x"),
    ],
)
def test_a_url_tells_no_credential(tmp_path, url, kept):
    request, _ = recorded(tmp_path / "c.yaml", url=url)
    assert request.uri == kept
    assert len(read_cassette(tmp_path / "c.yaml").recordings) == 1


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ({"api_key": "abc", "n": 1}, {"api_key": "[redacted]", "n": 1}),
        (
            {"a": [{"access_token": 'q"uo\\te'}], "refreshToken": "x"},
            {"a": [{"access_token": "[redacted]"}], "refreshToken": "[redacted]"},
        ),
        ({"error": "for organization org-AbC123xyz on gpt"}, {"error": "for organization [redacted] on gpt"}),
        ({"error": "project `proj_AbC123xyz`"}, {"error": "project `[redacted]`"}),
        ({"error": "key provided: sk-proj-****abcd9. You can"}, {"error": "key provided: [redacted]. You can"}),
        ({"organization_id": "mine"}, {"organization_id": "[redacted]"}),
        ({"password": {"type": "string"}, "token": "Hello", "max_tokens": 5}, None),
        ({"text": "a task-management-system-1 by sk-learn, org-structure"}, None),
    ],
)
def test_a_body_keeps_its_shape_without_what_is_secret_in_it(tmp_path, written, kept):
    kept = written if kept is None else kept
    plain = json.dumps(written).encode()
    call = json.dumps({"arguments": json.dumps(written)}).encode()
    stream = b"data: " + plain + b"\n\ndata: [DONE]\n\n"
    request, response = recorded(tmp_path / "c.yaml", asked=plain, answered=stream)
    assert json.loads(request.body) == kept
    assert json.loads(response["body"]["string"].split(b"\n")[0].removeprefix(b"data: ")) == kept
    _, response = recorded(tmp_path / "c.yaml", answered=call)
    assert json.loads(json.loads(response["body"]["string"])["arguments"]) == kept


def test_a_secret_of_one_side_is_crossed_out_of_both_even_packed_and_lengths_are_right_again(tmp_path):
    asked = b"client_secret=so-very-hidden&a=1"
    answered = gzip.compress(
        json.dumps({"access_token": "new-token-123", "was": "so-very-hidden", "env": KEY}).encode()
    )
    request, response = recorded(
        tmp_path / "c.yaml",
        sent=[("content-type", "application/x-www-form-urlencoded"), ("content-length", str(len(asked)))],
        asked=asked,
        came=[("content-encoding", "gzip"), ("content-length", str(len(answered)))],
        answered=answered,
        known=[KEY],
    )
    assert request.body == b"client_secret=[redacted]&a=1"
    assert request.headers["content-length"] == str(len(request.body))
    told = response["body"]["string"]
    assert json.loads(told) == {"access_token": "[redacted]", "was": "[redacted]", "env": "[redacted]"}
    assert response["headers"] == {"content-length": [str(len(told))]}


NESTED = st.recursive(
    st.text(st.sampled_from('ab\\"{}:,\n'), max_size=12), lambda inner: st.lists(inner, max_size=3), max_leaves=6
)


@settings(max_examples=150)
@given(secret=st.text(st.sampled_from('ab\\"{}:,\n'), max_size=12), rest=NESTED, depth=st.integers(0, 3))
def test_a_document_within_documents_ends_where_it_ended(secret, rest, depth):
    written, kept = {"a": rest, "password": secret, "z": rest}, {"a": rest, "password": "[redacted]", "z": rest}
    for _ in range(depth):
        written, kept = {"arguments": json.dumps(written), "z": rest}, {"arguments": json.dumps(kept), "z": rest}
    assert json.loads(Scrubber().body([], json.dumps(written).encode())) == kept


@pytest.mark.parametrize("name", ["openai_api_key", "aws_secret_access_key", "AWS-Session-Token", "webhook_secret"])
def test_a_secret_is_one_whosever_it_is_said_to_be(tmp_path, name):
    request, _ = recorded(tmp_path / "c.yaml", asked=json.dumps({name: "so-very-hidden", "max_tokens": 5}).encode())
    assert json.loads(request.body) == {name: "[redacted]", "max_tokens": 5}


def test_a_form_of_several_parts_keeps_its_parts_without_what_is_secret_in_them(tmp_path):
    part = '--x\r\nContent-Disposition: form-data; name="{}"\r\nContent-Type: text/plain\r\n\r\n{}\r\n'
    form = "".join((part.format("purpose", "my so-very-hidden"), part.format("api_key", "so-very-hidden"), "--x--\r\n"))
    request, _ = recorded(tmp_path / "c.yaml", asked=form.encode())
    assert request.body == form.replace("so-very-hidden", "[redacted]").encode()


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode], ids=["plain", "for-urls"])
def test_what_was_met_is_crossed_out_of_base64_too(before, encode):
    key = "key?>~of-mine~?>0123"
    told = Scrubber([key]).body([], encode(f"{before}{key} is what it is".encode()))
    assert b"[redacted]" in told
    assert not any(key[at : at + 5].encode() in base64.b64decode(told.split(b"[")[0] + b"====") for at in range(15))


@pytest.mark.parametrize(("coding", "kept"), [("gzip", b'{"api_key": "[redacted]"}'), ("zstd", b"[redacted]")])
def test_a_packed_request_is_recorded_in_a_way_that_can_be_looked_into_or_without_its_body(tmp_path, coding, kept):
    packed = gzip.compress(b'{"api_key": "so-very-hidden"}')
    request, _ = recorded(tmp_path / "c.yaml", sent=[("content-encoding", coding)], asked=packed)
    assert (request.body, dict(request.headers)) == (kept, {})


def test_a_key_in_a_path_is_none_whatever_of_it_had_to_be_escaped():
    assert (
        Scrubber(['odd/key+"x"=12']).url("https://h.example/v1/odd/key+%22x%22=12/x")
        == "https://h.example/v1/[redacted]/x"
    )


@settings(max_examples=40)
@given(raw=st.binary(max_size=200), text=st.text(max_size=200))
def test_what_holds_no_secret_comes_back_byte_for_byte(tmp_path_factory, raw, text):
    path = tmp_path_factory.getbasetemp() / "bytes.yaml"
    for written in (raw, text.encode("utf-8", "ignore")):
        recorded(path, asked=written, answered=written)
        recording = read_cassette(path).recordings[0]
        assert (recording.request.body, recording.events[1].data) == (written, written)
        path.unlink()


# A command of its own.


@contextlib.contextmanager
def forwarded(real, path):
    recorder = Recorder(path)
    with forwarding([real.url], recorder) as (url,):
        yield url, recorder
    recorder.write()


def test_a_stream_goes_on_as_it_comes(real, tmp_path):
    got_it = threading.Event()

    def pieces():
        yield b"data: 1\n\n"
        assert got_it.wait(10)
        yield b"data: 2\n\n"

    real.answer = lambda _: (200, {"content-type": "text/event-stream"}, pieces())
    client = importlib.import_module("httpx").Client(headers={"authorization": f"Bearer {KEY}"})
    with forwarded(real, tmp_path / "c.yaml") as (url, recorder), client:
        with client.stream("POST", f"{url}/chat/completions?a=1", json=body()) as answer:
            came = answer.iter_bytes()
            assert next(came) == b"data: 1\n\n"
            got_it.set()
            assert list(came) == [b"data: 2\n\n"]
        assert client.post(f"{url}/x").status_code == 200
    assert recorder.recorded == 2
    assert real.asked[0].headers["authorization"] == f"Bearer {KEY}"
    first, second = read_cassette(tmp_path / "c.yaml").recordings
    assert first.request.url == f"{real.url}/chat/completions?a=1"
    assert [each.data for each in first.events[1:]] == [b"data: 1\n\n", b"data: 2\n\n"]
    assert second.request.body == b""


def test_packed_answers_go_on_packed_in_a_way_that_can_be_looked_into(real, tmp_path):
    packed = gzip.compress(json.dumps(ANSWER).encode())
    real.answer = lambda _: (200, {"content-type": "application/json", "content-encoding": "gzip"}, [packed])
    with forwarded(real, tmp_path / "c.yaml") as (url, _), importlib.import_module("httpx").Client() as client:
        answer = client.post(f"{url}/chat/completions", json=body(), headers={"accept-encoding": "zstd, gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.json() == ANSWER
        client.post(f"{url}/chat/completions", json=body(), headers={"accept-encoding": "zstd"})
    assert [each.headers["accept-encoding"] for each in real.asked] == ["gzip", "identity"]
    assert played(tmp_path / "c.yaml") == "hello"


@pytest.mark.parametrize(
    ("sent", "status"),
    [(b"GET http://other.example/ HTTP/1.1\r\nhost: x\r\n\r\n", 400), (b"no request\r\n\r\n", 400)],
)
def test_it_is_no_way_to_anywhere_else(real, tmp_path, sent, status):
    import socket

    with forwarded(real, tmp_path / "c.yaml") as (url, recorder):
        host, port = url.split("/")[2].split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(sent)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 %d" % status)
    assert (recorder.recorded, real.asked) == (0, [])


CHILD = """
import json, os, sys, urllib.request
for text in sys.argv[1:]:
    asked = urllib.request.Request(
        os.environ["OPENAI_BASE_URL"] + "/chat/completions",
        json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode(),
        {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]},
    )
    print(json.loads(urllib.request.urlopen(asked).read())["choices"][0]["message"]["content"], flush=True)
"""


@pytest.fixture
def command(tmp_path, real):
    """`faultlab record` in a folder of its own: started, with what its command asks leading to the provider."""

    def started(*arguments, code=CHILD, words=("hi",), environ=()):
        (tmp_path / "ask.py").write_text(code)
        argv = [sys.executable, "-W", "error", "-m", "faultlab", "record", *arguments]
        argv += ["--", sys.executable, "ask.py", *words]
        given = {**os.environ, "OPENAI_BASE_URL": real.url, "OPENAI_API_KEY": KEY, **dict(environ)}
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(argv, cwd=tmp_path, env=given, text=True, **pipes, start_new_session=True)

    return started


def ended(process):
    stdout, stderr = process.communicate(timeout=60)
    return process.returncode, stdout, stderr


def test_a_command_is_recorded_as_it_runs_and_ends_with_its_exit_code(command, real, tmp_path):
    process = command(code=f"{CHILD}\nsys.exit(3)", words=("--", "--one", f"my key is {KEY}"))
    assert ended(process) == (3, "hello\n" * 3, "recorded 3 exchanges in cassettes/ask.yaml\n")
    path = tmp_path / "cassettes" / "ask.yaml"
    assert KEY not in path.read_text()
    recordings = read_cassette(path).recordings
    assert [each.request.url for each in recordings] == [f"{real.url}/chat/completions"] * 3
    assert [each.request.json["messages"][0]["content"] for each in recordings] == [
        "--",
        "--one",
        "my key is [redacted]",
    ]
    assert {each.headers["authorization"] for each in real.asked} == {f"Bearer {KEY}"}
    assert played(path) == "hello"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_command_and_what_was_recorded_so_far_is_kept(command, tmp_path, number, code):
    waiting = f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_DFL)\n{CHILD}\nsignal.pause()"
    process = command("--to", "c.yaml", code=waiting)
    assert process.stdout.readline() == "hello\n"
    process.send_signal(number)
    assert ended(process) == (code, "", "recorded 1 exchange in c.yaml\n")
    assert played(tmp_path / "c.yaml") == "hello"


def test_every_variable_that_holds_an_upstream_leads_through_and_so_do_those_that_are_named(command, real, tmp_path):
    seen = "import json, os\nprint(json.dumps({n: v for n, v in os.environ.items() if n.endswith('BASE_URL')}))"
    other = f"{real.url}/other"
    given = ["--upstream", f"{real.url}/", "--upstream", other, "--upstream", f"THIRD_BASE_URL={real.url}?"]
    process = command(*given, code=seen, environ={"MY_BASE_URL": f"{real.url}/", "OTHER_BASE_URL": other})
    code, stdout, stderr = ended(process)
    led = json.loads(stdout)
    assert code == 0
    assert led["MY_BASE_URL"] == led["OPENAI_BASE_URL"]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", led["MY_BASE_URL"])
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1/other", led["OTHER_BASE_URL"])
    assert len({url.split("/")[2] for url in led.values()}) == 3
    assert stderr.startswith(f"recorded nothing: no answer came by way of {led['MY_BASE_URL']} or ")
    assert not list(tmp_path.rglob("*.yaml"))


def test_a_provider_that_is_not_there_is_told_to_the_command_and_left_out(command, real):
    asking = CHILD.replace("urllib.request.urlopen(asked).read()", "refused(asked)")
    asking = (
        "import urllib.request, urllib.error\n"
        "def refused(asked):\n"
        "    try:\n        urllib.request.urlopen(asked)\n"
        "    except urllib.error.HTTPError as error:\n"
        "        told = error.read()\n        error.close()\n        print(error.code, told.decode())\n"
        "        raise SystemExit(0)\n"
    ) + asking
    gone = "http://127.0.0.1:9/v1"
    code, stdout, stderr = ended(command(code=asking, environ={"OPENAI_BASE_URL": gone}))
    assert (code, real.asked) == (0, [])
    assert stdout.startswith(
        '502 {"error": {"message": "faultlab record could not reach http://127.0.0.1:9: ConnectError'
    )
    assert "; 1 exchange left out, " in stderr


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (["--to", "c.yaml"], "c.yaml is there already and stays as it is: remove it, or have it overwritten"),
        (["--upstream", "api.openai.com"], "'api.openai.com' is no URL of a provider: https://host/path is"),
        (["--upstream", "A=ftp://x.example"], "'ftp://x.example' is no URL of a provider: https://host/path is"),
        ([], "command 'no-such-program' cannot be started: No such file or directory"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_changes_nothing(tmp_path, monkeypatch, capsys, given, why):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text("mine")
    assert main(["record", *given, "--", "no-such-program"]) == 2
    assert capsys.readouterr() == ("", f"{why}\n")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("c.yaml", "mine")]


# Beside an interception.


def test_of_what_is_intercepted_only_what_is_let_through_is_recorded(real, tmp_path):
    mine = lab()
    fake = mine.upstream("openai", says=["made up"])
    with mine, mine.intercept(allow=[real.url]), mine.record(tmp_path / "c.yaml") as recorder:
        assert CLIENTS["httpx2"](real.url) == ANSWER
        with openai.OpenAI(api_key=KEY, base_url=fake.base_url) as client:
            assert client.chat.completions.create(**body()).choices[0].message.content == "made up"
    assert recorder.recorded == 1
    assert played(tmp_path / "c.yaml") == "hello"


FIRST_IMPORTED_AMID_AN_INTERCEPTION = """
import sys
import httpx
from faultlab import Lab

path, url = sys.argv[1:]
with Lab() as lab:
    lab.intercept()
    base_url = lab.upstream("openai", cassette=path).base_url
    answers = [httpx.post(f"{base_url}/chat/completions", json={"model": "m"}).json()]
with Lab(virtual_time=False).record(f"{path}.again") as recorder:
    answers.append(httpx.post(f"{url}/chat/completions", json={}).json())
print([each["choices"][0]["message"]["content"] for each in answers], recorder.recorded)
"""


def test_vcrpy_can_be_imported_first_while_a_lab_intercepts(real, tmp_path):
    with lab().record(tmp_path / "c.yaml"):
        by_urllib(real.url)
    argv = [sys.executable, "-W", "error", "-c", FIRST_IMPORTED_AMID_AN_INTERCEPTION, tmp_path / "c.yaml", real.url]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("['hello', 'hello'] 1\n", "")
