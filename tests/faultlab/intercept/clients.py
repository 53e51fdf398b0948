"""Clients made at random, of every library, as applications make them: each can be asked once, for any URL.

What comes back is the body of an answer, or whatever was raised. A trap on the loopback counts who reaches it.
"""

import asyncio
import contextlib
import dataclasses
import http.client
import json
import socket
import ssl
import threading
import urllib.request
from urllib.parse import urlsplit

import aiohttp
import httpx
import httpx2
import httpx_aiohttp
import openai
import requests
import requests.adapters
import urllib3

__all__ = ["Made", "Trap", "made"]

_BODY = {"model": "m", "messages": [{"role": "user", "content": "ping"}]}
_PATIENCE_S = 2.0
_TLS = ssl.create_default_context()  # one for all: making it takes longer than all the rest


class Trap:
    """A port of the loopback that stands for every proxy, and counts the connections that come."""

    def __init__(self):
        self.came = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._count, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _count(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.came += 1
            connection.close()


@dataclasses.dataclass
class Made:
    """One client. `ask` gives the body of the answer; `answers`: it is of a library that a lab answers."""

    told: str
    ask: object
    answers: bool = True


def made(draw, trap):
    """A client; `draw` is a `random.Random`, `trap` the URL of a proxy that it may be given."""
    return draw.choice(_MAKERS)(draw, trap)


# httpx and httpx2.


class _Retrying:
    """A transport around another one, as applications write them to try again."""

    def __init__(self, inner):
        self._inner = inner

    def handle_request(self, request):
        return self._inner.handle_request(request)

    async def handle_async_request(self, request):
        return await self._inner.handle_async_request(request)

    def close(self):
        self._inner.close()

    async def aclose(self):
        await self._inner.aclose()


def _own(module, transport, base, draw, trap):
    """A transport of one's own, its name first."""
    inner = transport(verify=_TLS, **draw.choice([{}, {"retries": 2}, {"proxy": trap}, {"http1": True}]))
    kind = draw.choice(["plain", "inherits", "wraps", "wraps twice", "mocks"])
    wrapping = type("Retrying", (_Retrying, base), {})
    return kind, {
        "plain": lambda: inner,
        "inherits": lambda: type("Inherits", (transport,), {})(verify=_TLS),
        "wraps": lambda: wrapping(inner),
        "wraps twice": lambda: wrapping(wrapping(inner)),
        "mocks": lambda: module.MockTransport(lambda _: module.Response(200, text="not the lab")),
    }[kind]()


def _options(module, transport, base, draw, trap):
    """Of a client: what it goes through, its name first."""
    common = {"verify": _TLS, "trust_env": draw.random() < 0.8, "follow_redirects": draw.random() < 0.5}
    kind = draw.choice(["default", "own", "mounts", "proxy"])
    name = kind
    if kind == "own":
        name, common["transport"] = _own(module, transport, base, draw, trap)
    elif kind == "mounts":
        pattern = draw.choice(["all://", "https://", "http://"])
        name, one = _own(module, transport, base, draw, trap)
        common["mounts"] = {pattern: one}
    elif kind == "proxy":
        common["proxy"] = trap
    return name, common


def _httpx(draw, trap):
    module = draw.choice([httpx, httpx2])
    name, options = _options(module, module.HTTPTransport, module.BaseTransport, draw, trap)
    way = draw.choice(["post", "stream", "send", "transport"])
    client = module.Client(timeout=_PATIENCE_S, **options)

    def ask(url):
        with client:
            if way == "stream":
                with client.stream("POST", url, json=_BODY) as answer:
                    return answer.read()
            if way == "send":
                return client.send(client.build_request("POST", url, json=_BODY)).content
            if way == "transport":
                with module.HTTPTransport(verify=_TLS) as transport:
                    return transport.handle_request(module.Request("POST", url, json=_BODY)).read()
            return client.post(url, json=_BODY).content

    return Made(f"{module.__name__} {name} {way}", ask)


def _httpx_async(draw, trap):
    module = draw.choice([httpx, httpx2])
    name, options = _options(module, module.AsyncHTTPTransport, module.AsyncBaseTransport, draw, trap)
    if draw.random() < 0.2 and module is httpx:
        name, options = "aiohttp", {"transport": httpx_aiohttp.AiohttpTransport(verify=_TLS)}
    way = draw.choice(["post", "stream"])
    client = module.AsyncClient(timeout=_PATIENCE_S, **options)

    async def asked(url):
        async with client:
            if way == "stream":
                async with client.stream("POST", url, json=_BODY) as answer:
                    return await answer.aread()
            return (await client.post(url, json=_BODY)).content

    return Made(f"{module.__name__} async {name} {way}", lambda url: asyncio.run(asked(url)))


# requests and urllib3.


def _requests(draw, trap):
    session = requests.Session()
    session.trust_env = draw.random() < 0.8
    told = []
    if draw.random() < 0.4:
        session.proxies, told = {"http": trap, "https": trap}, ["proxies"]
    if draw.random() < 0.4:
        adapter = draw.choice([requests.adapters.HTTPAdapter, type("Own", (requests.adapters.HTTPAdapter,), {})])
        session.mount("https://", adapter(max_retries=draw.choice([0, 2])))
        told.append("adapter")
    options = draw.choice([{}, {"stream": True}, {"allow_redirects": False}, {"verify": False}])

    def ask(url):
        with session:
            return session.post(url, json=_BODY, timeout=_PATIENCE_S, **options).content

    return Made(f"requests {told} {options}", ask)


def _urllib3(draw, trap):
    retries = draw.choice([False, 0, 2])
    kind = draw.choice(["pools", "proxied", "pool", "function"])

    def ask(url):
        if kind == "function":
            return urllib3.request("POST", url, json=_BODY, retries=retries, timeout=_PATIENCE_S).data
        if kind == "pool":
            opened = urllib3.connection_from_url(url, timeout=_PATIENCE_S)
        else:
            opened = urllib3.ProxyManager(trap) if kind == "proxied" else urllib3.PoolManager(num_pools=1)
        with opened:
            options = {"retries": retries, "timeout": _PATIENCE_S}
            target = urlsplit(url).path if kind == "pool" else url
            return opened.request("POST", target, body=json.dumps(_BODY), **options).data

    return Made(f"urllib3 {kind} retries={retries}", ask)


# aiohttp.


def _aiohttp(draw, trap):
    options = {"trust_env": draw.random() < 0.8}
    with_connector, asked_by = draw.random() < 0.5, draw.choice([{}, {"proxy": trap}, {"ssl": False}])

    async def asked(url):
        more = {"connector": aiohttp.TCPConnector(limit=1, force_close=True)} if with_connector else {}
        patience = aiohttp.ClientTimeout(total=_PATIENCE_S)
        session = aiohttp.ClientSession(timeout=patience, **options, **more)
        async with session, session.post(url, json=_BODY, **asked_by) as answer:
            return await answer.read()

    return Made(f"aiohttp {options} {list(asked_by)}", lambda url: asyncio.run(asked(url)))


# openai.


def _openai_options(draw, trap, module, client, transport, base):
    if draw.random() < 0.5:
        return "default", {}
    name, options = _options(module, transport, base, draw, trap)
    return name, {"http_client": client(**options)}


def _openai(draw, trap):
    module = httpx2 if issubclass(openai.DefaultHttpxClient, httpx2.Client) else httpx
    name, options = _openai_options(
        draw, trap, module, openai.DefaultHttpxClient, module.HTTPTransport, module.BaseTransport
    )
    client = openai.OpenAI(api_key="sk-made-up", max_retries=0, timeout=_PATIENCE_S, **options)

    def ask(url):
        with client.with_options(base_url=url.removesuffix("/chat/completions")) as there:
            return there.chat.completions.with_raw_response.create(**_BODY).content

    return Made(f"openai {name}", ask)


def _openai_async(draw, trap):
    module = httpx2 if issubclass(openai.DefaultHttpxClient, httpx2.Client) else httpx
    name, options = _openai_options(
        draw, trap, module, openai.DefaultAsyncHttpxClient, module.AsyncHTTPTransport, module.AsyncBaseTransport
    )
    client = openai.AsyncOpenAI(api_key="sk-made-up", max_retries=0, timeout=_PATIENCE_S, **options)

    async def asked(url):
        async with client.with_options(base_url=url.removesuffix("/chat/completions")) as there:
            return (await there.chat.completions.with_raw_response.create(**_BODY)).content

    return Made(f"openai async {name}", lambda url: asyncio.run(asked(url)))


# Beneath: what no lab answers.


def _beneath(draw, _trap):
    kind = draw.choice(["http.client", "urllib.request", "connect", "getaddrinfo", "sendto", "open_connection"])

    def ask(url):
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        if kind == "http.client":
            connecting = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
            with contextlib.closing(connecting(parts.hostname, port, timeout=_PATIENCE_S)) as connection:
                connection.request("POST", parts.path, json.dumps(_BODY))
                return connection.getresponse().read()
        if kind == "urllib.request":
            with urllib.request.urlopen(url, json.dumps(_BODY).encode(), timeout=_PATIENCE_S) as answer:  # noqa: S310  # http
                return answer.read()
        if kind == "open_connection":
            return asyncio.run(_opened(parts.hostname, port))
        sort = socket.SOCK_DGRAM if kind == "sendto" else socket.SOCK_STREAM
        family = socket.AF_INET6 if ":" in parts.hostname else socket.AF_INET
        with socket.socket(family, sort) as sock:
            sock.settimeout(_PATIENCE_S)
            if kind == "getaddrinfo":
                sock.connect(socket.getaddrinfo(parts.hostname, port, family)[0][4])
            elif kind == "sendto":
                sock.sendto(b"ping", (parts.hostname, port))
            else:
                sock.connect((parts.hostname, port))
        return b""

    return Made(f"beneath {kind}", ask, answers=False)


async def _opened(host, port):
    _, writer = await asyncio.open_connection(host, port)
    writer.close()
    return b""


_MAKERS = [_httpx, _httpx_async, _requests, _urllib3, _aiohttp, _openai, _openai_async, _beneath]
