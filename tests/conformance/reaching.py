"""A program of its own that tries to reach a model, and all else, in every way of the installed openai and of Python.

`reaching.py guarded`: under `intercept()`, where each of them has to be answered or refused. `reaching.py bare`: some
of them without it, to a place where nobody is, to show that whoever watches sees that.
"""

import asyncio
import contextlib
import importlib
import socket
import sys
import urllib.request
from importlib.util import find_spec

import openai

from faultlab import Lab
from faultlab.adapters.transport import installed_library
from faultlab.errors import UnknownHost

_MESSAGES = [{"role": "user", "content": "ping"}]
_NAME, _FAR = "api.leak.invalid", "192.0.2.1"
_ELSEWHERE = [f"https://{_NAME}/v1", f"http://{_FAR}/v1"]


def _clients(module, base_url):
    """Each openai client as applications make it, sync."""
    options = {"base_url": base_url, "api_key": "sk-made-up", "max_retries": 0, "timeout": 1}
    own = [
        None,
        openai.DefaultHttpxClient(trust_env=False),
        openai.DefaultHttpxClient(proxy=f"http://{_FAR}:3128"),
        module.Client(),
        module.Client(transport=module.HTTPTransport(retries=1)),
        module.Client(mounts={"all://": module.HTTPTransport()}),
    ]
    return [openai.OpenAI(http_client=each, **options) for each in own]


def _async_clients(module, base_url):
    options = {"base_url": base_url, "api_key": "sk-made-up", "max_retries": 0, "timeout": 1}
    own = [
        None,
        openai.DefaultAsyncHttpxClient(trust_env=False),
        module.AsyncClient(proxy=f"http://{_FAR}:3128"),
        module.AsyncClient(transport=module.AsyncHTTPTransport(retries=1)),
    ]
    return [openai.AsyncOpenAI(http_client=each, **options) for each in own]


def _asked(client):
    with client:
        return client.chat.completions.create(model="m", messages=_MESSAGES).choices[0].message.content


async def _async_asked(client):
    async with client:
        answer = await client.chat.completions.create(model="m", messages=_MESSAGES)
        return answer.choices[0].message.content


async def _opened(host):
    await asyncio.open_connection(host, 443)


def _raw(sort, call):
    with socket.socket(socket.AF_INET, sort) as sock:
        sock.settimeout(0.2)
        call(sock)


_BENEATH = [
    lambda: urllib.request.urlopen(f"https://{_NAME}/", timeout=1),
    lambda: socket.create_connection((_FAR, 443), timeout=0.2),
    lambda: _raw(socket.SOCK_STREAM, lambda sock: sock.connect((_NAME, 443))),
    lambda: _raw(socket.SOCK_DGRAM, lambda sock: sock.sendto(b"ping", (_FAR, 53))),
    lambda: _raw(socket.SOCK_DGRAM, lambda sock: sock.sendto(b"ping", (_NAME, 53))),
    lambda: socket.getaddrinfo(_NAME, 443),
    lambda: socket.gethostbyname(_NAME),
    lambda: socket.gethostbyaddr(_FAR),
    lambda: asyncio.run(_opened(_NAME)),
    lambda: asyncio.run(_opened(_FAR)),
    *(
        lambda module=module: importlib.import_module(module).get(f"https://{_NAME}/", timeout=1)
        for module in ("httpx", "httpx2", "requests")
        if find_spec(module)
    ),
]


def _refused(ask):
    """Whether it was, however deep that stands in what was raised."""
    try:
        ask()
    except Exception as error:  # noqa: BLE001  # it is looked at
        found = error
        while found is not None and not isinstance(found, UnknownHost):
            found = found.__cause__ or found.__context__
        return found is not None
    return False


def _guarded():
    module = installed_library()
    lab = Lab()
    upstream = lab.upstream("openai", says=["from the lab"] * 10)
    early = _clients(module, upstream.base_url)
    with lab.intercept():
        assert [_asked(each) for each in early] == ["from the lab"] * len(early)
        late = _async_clients(module, upstream.base_url)
        assert [asyncio.run(_async_asked(each)) for each in late] == ["from the lab"] * len(late)
        ways = list(_BENEATH)
        for base_url in _ELSEWHERE:
            ways += [lambda each=each: _asked(each) for each in _clients(module, base_url)]
            ways += [lambda each=each: asyncio.run(_async_asked(each)) for each in _async_clients(module, base_url)]
        assert [_refused(way) for way in ways] == [True] * len(ways)
    assert lab.refused


def _bare():
    with contextlib.suppress(OSError):
        socket.create_connection((_FAR, 443), timeout=0.2)
    with contextlib.suppress(openai.APIConnectionError):
        options = {"api_key": "sk-made-up", "max_retries": 0, "timeout": 0.2}
        _asked(openai.OpenAI(base_url=f"http://{_FAR}/v1", **options))


if __name__ == "__main__":
    {"guarded": _guarded, "bare": _bare}[sys.argv[1]]()
