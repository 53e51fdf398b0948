"""uvloop has sockets of its own, which Python's guard never sees: what they are told to reach is refused as well."""

import asyncio

import aiohttp
import httpx2
import pytest
import uvloop

from faultlab import Lab
from faultlab.errors import UnknownHost

_FAR, _NAME = "192.0.2.1", "api.example.com"
_BODY = {"model": "m", "messages": [{"role": "user", "content": "ping"}]}


def _run(coroutine):
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(coroutine)


async def _sent(**options):
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, **options)
    transport.close()


async def _looked_up(call, *arguments):
    await getattr(asyncio.get_running_loop(), call)(*arguments)


_WAYS_OUT = {
    "connection": (lambda: asyncio.open_connection(_FAR, 443), f"socket://{_FAR}:443"),
    "connection-name": (lambda: asyncio.open_connection(_NAME, 443), f"dns://{_NAME}"),
    "connection-loopback": (lambda: asyncio.open_connection("localhost", 9), "socket://localhost:9"),
    "datagram": (lambda: _sent(remote_addr=(_FAR, 53)), f"socket://{_FAR}:53"),
    "datagram-name": (lambda: _sent(remote_addr=(_NAME, 53)), f"dns://{_NAME}"),
    "datagram-to-anybody": (
        lambda: _sent(local_addr=("127.0.0.1", 0)),
        "a datagram endpoint of uvloop, which sends to anybody",
    ),
    "getaddrinfo": (lambda: _looked_up("getaddrinfo", _NAME, 443), f"dns://{_NAME}"),
    "getnameinfo": (lambda: _looked_up("getnameinfo", (_FAR, 443)), f"dns://{_FAR}"),
}


@pytest.mark.parametrize("way", _WAYS_OUT)
def test_no_way_leads_out(way):
    reach, wanted = _WAYS_OUT[way]
    lab = Lab()
    with lab.intercept(), pytest.raises(UnknownHost):
        _run(reach())
    assert lab.refused == [wanted]


def test_clients_that_run_on_it_are_answered():
    lab = Lab()
    url = lab.upstream("openai", says=["hello"] * 2).base_url + "/chat/completions"

    async def asked():
        async with aiohttp.ClientSession() as session, session.post(url, json=_BODY) as answer:
            first = answer.status
        async with httpx2.AsyncClient() as client:
            return first, (await client.post(url, json=_BODY)).status_code

    with lab.intercept():
        assert _run(asked()) == (200, 200)


def test_what_the_lab_serves_and_what_is_allowed_is_reached():
    lab = Lab()
    upstream = lab.upstream("openai", says=["hello"])

    async def asked():
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        async with server:
            _, writer = await asyncio.open_connection("localhost", server.sockets[0].getsockname()[1])
            writer.close()
        async with httpx2.AsyncClient() as client:
            return (await client.post(f"{upstream.served_url}/chat/completions", json=_BODY)).status_code

    with lab.serve(), lab.intercept(allow_loopback=True):
        assert _run(asked()) == 200
