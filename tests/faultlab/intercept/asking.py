"""The ways in which an application asks over HTTP: each sends a POST and gives back the status and the body."""

import asyncio
import json
import ssl

import aiohttp
import httpx
import httpx2
import httpx_aiohttp
import requests
import urllib3

__all__ = ["SOME_WAYS", "TRAP", "WAYS"]

_TLS = ssl.create_default_context()
"""One for all: making it takes longer than all the rest."""

TRAP = "http://127.0.0.1:9"
"""A proxy where nobody is: who asks it fails."""


def _synchronous(module, **made_with):
    def ask(url, body, **more):
        with module.Client(verify=_TLS, **{name: make() for name, make in made_with.items()}) as client:
            answer = client.post(url, json=body, **more)
        return answer.status_code, answer.content

    return ask


def _asynchronous(module, **made_with):
    def ask(url, body, **more):
        async def asked():
            async with module.AsyncClient(verify=_TLS, **{name: make() for name, make in made_with.items()}) as client:
                answer = await client.post(url, json=body, **more)
            return answer.status_code, answer.content

        return asyncio.run(asked())

    return ask


def _without_client(module):
    def ask(url, body, **more):
        answer = module.post(url, json=body, verify=_TLS, **more)
        return answer.status_code, answer.content

    return ask


def _by_transport(module):
    def ask(url, body, **more):
        with module.HTTPTransport(verify=_TLS) as transport:
            answer = transport.handle_request(module.Request("POST", url, json=body, **more))
            return answer.status_code, answer.read()

    return ask


def _by_async_transport(module):
    def ask(url, body, **more):
        async def asked():
            async with module.AsyncHTTPTransport(verify=_TLS) as transport:
                answer = await transport.handle_async_request(module.Request("POST", url, json=body, **more))
                return answer.status_code, await answer.aread()

        return asyncio.run(asked())

    return ask


def _nobody_else(module):
    """A transport that would answer by itself."""
    return lambda: module.MockTransport(lambda _: module.Response(500))


def _logging(base, handle):
    """A transport that inherits from the library's own, as one that logs."""

    def handled(self, request):
        return getattr(base, handle)(self, request)

    return lambda: type("Logging", (base,), {handle: handled})(verify=_TLS)


def _requests(**options):
    def ask(url, body, **more):
        with requests.Session() as session:
            answer = session.post(url, json=body, **options, **more)
        return answer.status_code, answer.content

    return ask


def _urllib3(make):
    def ask(url, body, **more):
        with make() as pools:
            answer = pools.request("POST", url, body=json.dumps(body), **more)
            return answer.status, answer.data

    return ask


def _aiohttp(**options):
    def ask(url, body, **more):
        async def asked():
            async with aiohttp.ClientSession() as session, session.post(url, json=body, **options, **more) as answer:
                return answer.status, await answer.read()

        return asyncio.run(asked())

    return ask


WAYS = {
    **{
        f"{module.__name__}-{name}": way
        for module in (httpx, httpx2)
        for name, way in {
            "client": _synchronous(module),
            "without-client": _without_client(module),
            "proxied": _synchronous(module, proxy=lambda: TRAP),
            "mounted": _synchronous(module, mounts=lambda module=module: {"all://": module.HTTPTransport(verify=_TLS)}),
            "own-transport": _synchronous(module, transport=_nobody_else(module)),
            "logging": _synchronous(module, transport=_logging(module.HTTPTransport, "handle_request")),
            "async": _asynchronous(module),
            "async-proxied": _asynchronous(module, proxy=lambda: TRAP),
            "async-own-transport": _asynchronous(module, transport=_nobody_else(module)),
            "async-logging": _asynchronous(
                module, transport=_logging(module.AsyncHTTPTransport, "handle_async_request")
            ),
            "transport": _by_transport(module),
            "async-transport": _by_async_transport(module),
        }.items()
    },
    "requests": _requests(),
    "requests-proxied": _requests(proxies={"https": TRAP, "http": TRAP}),
    "requests-unverified": _requests(verify=False),
    "urllib3": _urllib3(urllib3.PoolManager),
    "urllib3-proxied": _urllib3(lambda: urllib3.ProxyManager(TRAP)),
    "aiohttp": _aiohttp(),
    "aiohttp-proxied": _aiohttp(proxy=TRAP),
    "httpx-aiohttp": _asynchronous(httpx, transport=lambda: httpx_aiohttp.AiohttpTransport(verify=_TLS)),
}

SOME_WAYS = {name: WAYS[name] for name in ("httpx-client", "httpx2-async", "requests", "urllib3", "aiohttp")}
"""One of each library."""
