"""What is a client's own stays its own while a lab intercepts; no connection is kept over its beginning or its end."""

import asyncio

import aiohttp
import httpx
import httpx2
import pytest
import requests

from faultlab import Lab, faults

_BODY = {"model": "m", "messages": [{"role": "user", "content": "ping"}]}
_CHAT = "/chat/completions"


def every_module(test):
    return pytest.mark.parametrize("module", [httpx, httpx2], ids=["httpx", "httpx2"])(test)


def _retrying(base, inner, times):
    class Retrying(base):
        def __init__(self):
            self._inner = inner

        def handle_request(self, request):
            for _ in range(times):
                answer = self._inner.handle_request(request)
                if answer.status_code == 200:
                    break
                answer.close()
            return answer

    return Retrying()


@every_module
@pytest.mark.parametrize("deep", [1, 2])
def test_a_transport_that_tries_again_still_does(module, deep):
    lab = Lab()
    upstream = lab.upstream("openai", says=["hello"], faults=[(faults.unavailable(), 2)])
    transport = module.HTTPTransport()
    for times in (3, 1)[:deep]:
        transport = _retrying(module.BaseTransport, transport, times)
    with lab.intercept(), module.Client(transport=transport) as client:
        assert client.post(upstream.base_url + _CHAT, json=_BODY).status_code == 200
    assert len(upstream.exchanges) == 3


@every_module
def test_one_around_a_lab_s_transport_is_that_lab_s(module):
    lab = Lab()
    upstream = lab.upstream("openai", says=["hello"])
    transport = _retrying(module.BaseTransport, lab.transport(module), 2)
    with Lab().intercept(), module.Client(transport=transport) as client:
        assert client.post(upstream.base_url + _CHAT, json=_BODY).status_code == 200


@every_module
def test_an_application_in_this_process_is_asked_as_ever(module):
    def application(_environ, start):
        start("418 I'm a teapot", [])
        return [b""]

    lab = Lab()
    with lab.intercept(), module.Client(transport=module.WSGITransport(application)) as client:
        assert client.get("http://testserver/").status_code == 418
    assert lab.refused == []


@every_module
def test_hooks_and_authentication_are_the_client_s(module):
    lab = Lab()
    upstream = lab.upstream("openai", says=["hello"])
    seen = []
    hooks = {"request": [lambda request: seen.append(request.method)], "response": [lambda _: seen.append("answer")]}
    with lab.intercept(), module.Client(auth=("user", upstream.api_key), event_hooks=hooks) as client:
        client.post(upstream.base_url + _CHAT, json=_BODY)
    assert seen == ["POST", "answer"]
    assert upstream.exchanges[0].request.headers["authorization"] == "[redacted]"


@every_module
def test_a_client_that_is_closed_meanwhile_fails_at_that_moment(module):
    lab = Lab()
    upstream = lab.upstream("openai", says=["hello"], faults=[faults.read_timeout()])
    client = module.Client(timeout=60)
    lab.clock.at(7, lambda: client.close())  # noqa: PLW0108  # the method of that moment
    with lab.intercept(), pytest.raises(module.ReadError):
        client.post(upstream.base_url + _CHAT, json=_BODY)
    assert upstream.exchanges[0].ended_s == lab.clock.now_s == 7


def _said(answer):
    return answer.json()["choices"][0]["message"]["content"]


@pytest.fixture
def served():
    """Another lab's server on the loopback, and a lab that stands for the very same place."""
    real = Lab()
    there = real.upstream("vllm", says=["real"] * 2)
    with real.serve():
        lab = Lab()
        lab.upstream("vllm", says=["lab"], base_url=there.served_url)
        yield lab, there.served_url + _CHAT


@pytest.mark.parametrize("kept", [requests.Session, httpx.Client, httpx2.Client])
def test_no_connection_is_kept_over_the_beginning_or_the_end(served, kept):
    lab, url = served
    with kept() as client:
        said = [_said(client.post(url, json=_BODY, timeout=5))]
        with lab.intercept():
            said.append(_said(client.post(url, json=_BODY, timeout=5)))
        said.append(_said(client.post(url, json=_BODY, timeout=5)))
    assert said == ["real", "lab", "real"]


def test_nor_by_aiohttp(served):
    lab, url = served

    async def ask(session):
        async with session.post(url, json=_BODY) as answer:
            return (await answer.json())["choices"][0]["message"]["content"]

    async def asked():
        async with aiohttp.ClientSession() as session:
            said = [await ask(session)]
            with lab.intercept():
                said.append(await ask(session))
            said.append(await ask(session))
        return said

    assert asyncio.run(asked()) == ["real", "lab", "real"]


def test_a_connection_is_kept_in_between():
    lab = Lab()
    upstream = lab.upstream("openai", says=["hello"] * 3)

    async def asked():
        connector = aiohttp.TCPConnector()
        async with aiohttp.ClientSession(connector=connector) as session:
            for _ in range(3):
                async with session.post(upstream.base_url + _CHAT, json=_BODY) as answer:
                    await answer.read()
                kept = [protocol for row in connector._conns.values() for protocol, _ in row]
                assert len(kept) == 1

    with lab.intercept():
        asyncio.run(asked())


def test_two_streams_of_one_loop_go_on_side_by_side():
    lab = Lab()
    upstream = lab.upstream("openai", says=["one two three"] * 2)
    order = []

    async def read(session, name):
        async with session.post(upstream.base_url + _CHAT, json=_BODY | {"stream": True}) as answer:
            async for _ in answer.content.iter_any():
                order.append(name)  # noqa: PERF401  # one after the other is the point

    async def both():
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(read(session, "a"), read(session, "b"))

    with lab.intercept():
        asyncio.run(both())
    assert order != sorted(order)


def test_a_request_that_is_cancelled_ends_its_exchange():
    lab = Lab(virtual_time=False)
    upstream = lab.upstream("openai", says=["hello"], faults=[faults.read_timeout()])

    async def asked():
        async with aiohttp.ClientSession() as session:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05), session.post(upstream.base_url + _CHAT, json=_BODY):
                    pass

    with lab.intercept():
        asyncio.run(asked())
    assert upstream.exchanges[0].ended_s > 0


def test_who_waits_to_be_told_to_send_the_body_is_told():
    lab = Lab()
    upstream = lab.upstream("openai", says=["hello"])

    async def asked():
        session = aiohttp.ClientSession()
        async with session, session.post(upstream.base_url + _CHAT, json=_BODY, expect100=True) as answer:
            return answer.status

    with lab.intercept():
        assert asyncio.run(asked()) == 200
