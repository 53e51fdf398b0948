"""Real talk over sockets: time does not jump while an answer is on its way, and passes as the machine's does."""

import asyncio
import http.client
import http.server
import socket
import threading
import time
from time import perf_counter

import httpx
import openai
import pytest

from faultlab import Lab, faults
from faultlab.clock import VirtualClock
from faultlab.virtual_time import virtual_time

QUESTION = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
def lab():
    began = perf_counter()
    with Lab() as lab:
        yield lab
    assert perf_counter() - began < 6


def client_of(upstream, kind=openai.AsyncOpenAI, **options):
    return kind(base_url=upstream.served_url, api_key=upstream.api_key, **{"max_retries": 0} | options)


def test_an_answer_of_a_served_lab_comes_before_a_time_out_that_lies_further_ahead(lab):
    upstream = lab.upstream("openai", says=["here"], faults=[faults.slow(first_s=0.15)])
    lab.serve()

    async def main():
        async with client_of(upstream) as client:
            return await asyncio.wait_for(client.chat.completions.create(**QUESTION), 60)

    assert asyncio.run(main()).choices[0].message.content == "here"
    assert lab.clock.now_s < 1


def test_pauses_in_the_middle_of_an_answer_are_waited_for(lab):
    upstream = lab.upstream("openai", says=["a b c d e f"], faults=[faults.slow(first_s=0, event_every_s=0.07)])
    lab.serve()

    async def main():
        async with client_of(upstream, timeout=60) as client:
            stream = await client.chat.completions.create(**QUESTION, stream=True)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])

    assert asyncio.run(main()) == "a b c d e f"
    assert lab.clock.now_s < 5


@pytest.mark.parametrize("kind", [openai.AsyncOpenAI, openai.OpenAI], ids=["async", "sync"])
def test_a_server_that_says_nothing_runs_into_the_client_s_time_out(lab, kind):
    upstream = lab.upstream("openai", faults=[faults.read_timeout()])
    lab.serve()
    with pytest.raises(openai.APITimeoutError):
        ask(client_of(upstream, kind, timeout=0.2))


def ask(client):
    async def main():
        async with client:
            await client.chat.completions.create(**QUESTION)

    if isinstance(client, openai.AsyncOpenAI):
        asyncio.run(main())
    else:
        with client:
            client.chat.completions.create(**QUESTION)


def test_threads_that_ask_a_served_lab_are_waited_for_by_one_that_sleeps(lab):
    upstream = lab.upstream("openai", says=["one", "two"], faults=[(faults.slow(first_s=0.1), 2)])
    lab.serve()
    answered = []

    def work():
        ask(client_of(upstream, openai.OpenAI))
        answered.append(lab.clock.now_s)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(30)
    for thread in threads:
        thread.join()
    assert len(answered) == 2
    assert max(answered) < 1
    assert lab.clock.now_s == 30


def test_an_idle_connection_holds_nobody_up(lab):
    upstream = lab.upstream("openai", says=["one"])
    lab.serve()

    async def main():
        async with client_of(upstream) as client:
            await client.chat.completions.create(**QUESTION)
            await asyncio.sleep(3600)

    asyncio.run(main())
    assert lab.clock.waits == (3600,)


class Slow(http.server.BaseHTTPRequestHandler):
    """A program's own server, which sleeps before it answers."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        time.sleep(5)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_server_of_the_program_itself_sleeps_in_virtual_time_before_it_answers(is_async):
    async def main(url):
        async with httpx.AsyncClient(timeout=60) as client:
            await client.get(url)
            await client.get(url)

    clock = VirtualClock()
    with virtual_time(clock), http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        if is_async:
            asyncio.run(main(f"http://127.0.0.1:{server.server_port}/"))
        else:
            connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
            for _ in range(2):
                connection.request("GET", "/")
                connection.getresponse().read()
            connection.close()
        asked_s = clock.now_s
        server.shutdown()
        thread.join()
    assert clock.waits == (5, 5)
    assert 10 <= asked_s < 20


def test_sockets_are_as_they_were_afterwards():
    before = dict(vars(socket.socket))
    with virtual_time(VirtualClock()):
        assert dict(vars(socket.socket)) != before
    assert dict(vars(socket.socket)) == before
