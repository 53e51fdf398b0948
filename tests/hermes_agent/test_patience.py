"""A provider that has said all and does not close holds up nobody; one that is still at it is not cut off."""

from __future__ import annotations

import json
import re
import socket
from contextlib import closing, contextmanager, suppress
from threading import Event, Thread, Timer
from threading import enumerate as enumerate_threads

import openai
import pytest

from hermes_agent.api_modes import API_MODES, patience
from hermes_agent.errors import StreamEndedEarly

CALL = API_MODES["chat_completions"].call
READ = API_MODES["chat_completions"].read
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
WAIT_S = 10


def event(**fields):
    data = f"data: {json.dumps(fields)}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


def says(text, finish_reason=None):
    return event(choices=[{"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}])


DONE = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"


def read_request(connection):
    with connection.makefile("rb") as lines:
        head = b"".join(iter(lines.readline, b"\r\n"))
        lines.read(int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1]))


def say(connection, pieces):
    for piece in pieces:
        if isinstance(piece, bytes):
            connection.sendall(piece)
        else:
            Event().wait(piece)


@contextmanager
def provider(*pieces, afterwards=lambda connection: connection.recv(1)):
    """A client of one that says these pieces, waits where one is a number of seconds, and then does as it is told."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listening.accept()
        with closing(connection):
            connection.settimeout(WAIT_S)
            read_request(connection)
            with suppress(OSError):  # who has heard enough goes away
                say(connection, [HEAD, *pieces])
                afterwards(connection)

    serving = Thread(target=serve)
    with closing(listening):
        serving.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        with openai.OpenAI(base_url=url, api_key="made-up", max_retries=0, timeout=WAIT_S) as client:
            yield client
        serving.join()


def answer(client):
    asked = {"model": "m", "messages": [{"role": "user", "content": "ping"}], "stream": True}
    return READ(CALL(client, asked, len))


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(patience, "PATIENCE_S", 0.1)


def test_silence_behind_the_finish_reason_is_not_waited_for(impatient):
    cut = Event()
    with provider(says("Hel"), says("lo", "stop"), afterwards=lambda it: it.recv(1) or cut.set()) as client:
        assert answer(client).text == "Hello"
        assert cut.wait(WAIT_S / 2)  # by us: not when the client is closed


def test_neither_is_one_that_only_keeps_the_connection_alive(impatient):
    left = iter([b"6\r\n: hi\n\n\r\n", 0.02] * 200)
    with provider(says("Hello", "stop"), afterwards=lambda it: say(it, left)) as client:
        assert answer(client).text == "Hello"
    assert next(left, None) is not None


def test_silence_before_the_finish_reason_is_none_of_its_business(impatient):
    with provider(says("Hel"), 0.3, says("lo", "stop"), DONE) as client:
        assert answer(client).text == "Hello"


def test_an_error_that_comes_soon_enough_counts():
    with provider(says("Hello", "stop"), 0.1, event(message="overloaded", code=503)) as client:
        assert answer(client).finish_reason == "error"


def test_a_stream_that_ends_in_time_leaves_nothing_behind():
    with provider(says("Hello", "stop"), DONE) as client:
        assert answer(client).text == "Hello"
        assert not [thread for thread in enumerate_threads() if isinstance(thread, Timer)]


def test_a_stream_that_ends_without_one_ended_early(impatient):
    with provider(says("Hel"), b"0\r\n\r\n") as client, pytest.raises(StreamEndedEarly):
        answer(client)
