"""The same upstream in process and on a socket, asked by the same clients: they meet the same.

What a socket cannot play stands in a table of the product with its reason, and is held against real sockets here.
"""

import asyncio
import contextlib
import dataclasses
import functools
import importlib
import itertools
import socket
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from dropped import Dropped
from libraries import LIBRARIES

from faultlab import faults
from faultlab.adapters.base import Router
from faultlab.adapters.gate import KEPT_OUT
from faultlab.adapters.playable import (
    DECIDED_BY_THE_KERNEL,
    NEEDS_PLAIN,
    NEEDS_TLS,
    NOT_ON_A_SOCKET,
    OTHERWISE_OVER_TLS,
    SLOWER_ON_A_SOCKET,
)
from faultlab.adapters.server import Server
from faultlab.adapters.transport import async_transport, transport
from faultlab.clock import VirtualClock
from faultlab.errors import HarnessError
from faultlab.faults import FAULTS
from faultlab.schedule import Entry, Schedule
from faultlab.script import Reply, Script, ToolCall
from faultlab.upstream import Stage, Upstream
from faultlab.wire import DropKind

_BASE = "https://openrouter.ai/api/v1"
_BODY = b'{"model": "m", "stream": %s}'
_SHORT_S, _LONG_S = 0.1, 10
_CLIENTS = [f"{library}-{twin}" for library in LIBRARIES for twin in ("sync", "async")]
_REPLY = Reply("hello from the model", (ToolCall("terminal", '{"command": "ls"}'),))


def _upstream(*chosen):
    schedule = Schedule([Entry((fault,)) for fault in chosen])
    return Upstream(
        "primary", "openrouter", _BASE, Stage(VirtualClock()), script=Script([_REPLY] * 9), schedule=schedule
    )


@dataclasses.dataclass(frozen=True)
class Client:
    """One of the four ways to ask, and all that is to be known of what it meets."""

    name: str

    @functools.cached_property
    def module(self):
        return importlib.import_module(self.name.partition("-")[0])

    @property
    def is_awaited(self):
        return self.name.endswith("-async")

    def in_process(self, upstream, *, patience_s=_LONG_S, **more):
        through = (async_transport if self.is_awaited else transport)(
            Router([upstream]), upstream.stage.clock, self.module
        )
        return self.met(f"{_BASE}/chat/completions", {"transport": through, "timeout": patience_s}, **more)

    def on_a_socket(self, upstream, *, patience_s=_LONG_S, is_tls=False, **more):
        kinds = {fault.drops() for fault in upstream.schedule.faults}
        tls = ["primary"] if is_tls or kinds & NEEDS_TLS else []
        with Server(Router([upstream]), upstream.stage.clock, tls=tls).in_thread() as server:
            url, options = server.url_of(f"{_BASE}/chat/completions"), {"timeout": patience_s, "verify": _context()}
            if tls:
                options["verify"] = ssl.create_default_context(cadata=server.ca_pem.decode())
                url = url.replace("127.0.0.1", "localhost")
            if any(kind and kind.startswith("proxy") for kind in kinds):
                url, options["proxy"] = f"{_BASE}/chat/completions", server.url_of(_BASE).removesuffix("/api/v1")
            return self.met(url, options | {"trust_env": False}, **more)

    def met(self, url, options, *, asks=(False,)):
        """What comes of requests on one client, whole or streamed ones."""
        if self.is_awaited:
            return asyncio.run(self._met_async(url, options, asks))
        with self.module.Client(**options) as client:
            return [self._seen(client, url, _content(streamed)) for streamed in asks]

    async def _met_async(self, url, options, asks):
        async with self.module.AsyncClient(**options) as client:
            met = []
            for streamed in asks:
                try:
                    met.append(_answered(await client.post(url, content=_content(streamed))))
                except self.module.RequestError as error:
                    met.append(tuple(link for link, _ in _links(error)[:2]))
            return met

    def _seen(self, client, url, content):
        try:
            return _answered(client.post(url, content=content))
        except self.module.RequestError as error:
            return _links(error)


@functools.cache
def _context():
    return ssl.create_default_context()


def _content(streamed):
    return _BODY % (b"true" if streamed else b"false")


_OF_THE_CONNECTION = {"connection", "transfer-encoding"}


def _answered(response):
    headers = [(name, value) for name, value in response.headers.items() if name not in _OF_THE_CONNECTION]
    return response.status_code, headers, response.content


def _links(error):
    """Every link of what was raised: its class and its text."""
    # h11's own exceptions are no part of what the libraries promise, nor is whether the system's own is hidden.
    if error is None or type(error).__module__.startswith("h11"):
        return []
    # Counts of bytes and lines of C are the occasion's.
    text = str(error).partition("received")[0].partition("(_ssl")[0]
    return [(type(error), text), *_links(error.__cause__ or error.__context__)]


@pytest.fixture(params=_CLIENTS)
def client(request):
    return Client(request.param)


# A slow answer waits for no time at all here; an entry of the catalogue needs its name.
_FIELDS = {"slow": {"first_s": 0}, "wire": {"id": "groq.429.tokens_per_minute"}}
_FAULTS = {name: fault(**_FIELDS.get(name, {})) for name, fault in FAULTS.items()}
_SILENT = {"read_timeout", "stall"}
_AT_THE_GATE = {name for name, fault in _FAULTS.items() if fault.drops() in KEPT_OUT}
_BY_NAME = sorted(set(FAULTS) - _AT_THE_GATE - {"dns_failure"})


@pytest.mark.parametrize("name", _BY_NAME)
def test_a_fault_is_the_same_to_its_client(client, name):
    def upstream():
        return _upstream(*[_FAULTS[name]] * 2)

    asks = {"asks": (False, True), "patience_s": _SHORT_S if name in _SILENT else _LONG_S}
    assert client.on_a_socket(upstream(), **asks) == client.in_process(upstream(), **asks)


_OTHERS = sorted(
    set(DropKind)
    - {fault.drops() for fault in _FAULTS.values()}
    - set(NOT_ON_A_SOCKET)
    - set(DECIDED_BY_THE_KERNEL)
    - KEPT_OUT
)


@pytest.mark.parametrize("kind", _OTHERS)
def test_so_is_what_only_a_catalogue_knows(client, kind):
    assert client.on_a_socket(_upstream(Dropped(kind))) == client.in_process(_upstream(Dropped(kind)))


_DROPPED = {kind: Dropped(kind) for kind in sorted({*_OTHERS, DropKind.RESET, DropKind.CLOSED, DropKind.HALF_CLOSED})}
_BROKEN = {"cut": faults.cut()} | {kind: fault for kind, fault in _DROPPED.items() if kind not in NEEDS_PLAIN}


@pytest.mark.parametrize("name", sorted(_BROKEN))
def test_so_is_what_breaks_over_tls(client, name):
    asks = {"asks": (False, True)}
    fault = _BROKEN[name]
    real = client.on_a_socket(_upstream(fault, fault), is_tls=True, **asks)
    faked = client.in_process(_upstream(fault, fault), **asks)
    if not client.is_awaited and (name == "cut" or name in OTHERWISE_OVER_TLS) and real != faked:
        assert {_class(met) for met in faked} == {client.module.ReadError}
        assert {_class(met) for met in real} == {client.module.RemoteProtocolError}
    else:
        assert real == faked


def _class(met):
    """Of what was raised to a client that is not awaited."""
    return met[0][0]


def test_who_is_kept_out_meets_the_same():
    """All at once, each at a port of its own: a refusal takes a second, in which the client knocks again."""

    def pair(kind, name):
        patience_s = _SHORT_S if kind is DropKind.CONNECT_TIMEOUT else _LONG_S
        plays = (Client(name).on_a_socket, Client(name).in_process)
        return [play(_upstream(Dropped(kind)), patience_s=patience_s) for play in plays]

    pairs = list(itertools.product(sorted(KEPT_OUT), _CLIENTS))
    with ThreadPoolExecutor(len(pairs)) as pool:
        for (kind, name), (real, faked) in zip(pairs, pool.map(pair, *zip(*pairs, strict=True)), strict=True):
            assert real == faked, (kind, name)


# What a socket cannot play, and why that is true.


def test_every_way_to_drop_a_connection_is_played_or_stands_in_a_table():
    played = {fault.drops() for fault in _FAULTS.values()} - {None} | set(_OTHERS) | KEPT_OUT
    tables = set(NOT_ON_A_SOCKET) | set(DECIDED_BY_THE_KERNEL)
    assert played | tables == set(DropKind)
    assert played & tables == {DropKind.DNS_FAILURE}


@pytest.mark.parametrize("kind", NOT_ON_A_SOCKET)
def test_what_cannot_be_played_is_refused_with_the_reason(kind):
    upstream = _upstream(Dropped(DropKind.RESET), Dropped(kind))
    with pytest.raises(HarnessError, match=kind) as refused:
        Server(Router([upstream]), upstream.stage.clock)
    assert NOT_ON_A_SOCKET[kind] in str(refused.value)


@contextlib.contextmanager
def _unheard():
    """A server that lets the kernel take what comes, and never reads; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def _pool_timeout(module):
    upstream = _upstream(faults.stall(after_events=1))
    options = {"limits": module.Limits(max_connections=1), "timeout": module.Timeout(_LONG_S, pool=0.01)}
    with (
        Server(Router([upstream]), upstream.stage.clock).in_thread() as server,
        module.Client(**options, verify=_context(), trust_env=False) as client,
        client.stream("POST", server.url_of(f"{_BASE}/chat/completions"), content=_content(streamed=True)),
    ):
        client.post(server.url_of(_BASE))


def _write_timeout(module):
    with _unheard() as url:
        module.post(url, content=b"x" * (30 << 20), timeout=0.05, verify=_context(), trust_env=False)


def _local_protocol(module):
    with _unheard() as url:
        module.post(url, headers={"authorization": "Bearer \n"}, verify=_context(), trust_env=False)


def _unsupported_protocol(module):
    module.post("/chat/completions", verify=_context(), trust_env=False)


def _too_many_redirects(module):
    there = faults.status(code=307, headers={"location": "/api/v1/chat/completions"})
    upstream = _upstream(*[there] * 30)
    with Server(Router([upstream]), upstream.stage.clock).in_thread() as server:
        url = server.url_of(f"{_BASE}/chat/completions")
        module.post(url, content=_content(streamed=False), follow_redirects=True, verify=_context(), trust_env=False)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    "fails", [_pool_timeout, _write_timeout, _local_protocol, _unsupported_protocol, _too_many_redirects]
)
def test_what_the_client_does_by_itself_is_the_same_when_it_is_played(library, fails):
    module, kind = importlib.import_module(library), DropKind(fails.__name__.removeprefix("_"))
    assert kind in NOT_ON_A_SOCKET
    with pytest.raises(module.RequestError) as raised:
        fails(module)
    (played,) = Client(f"{library}-sync").in_process(_upstream(Dropped(kind)))
    assert _links(raised.value) == played


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_request_of_usual_size_is_taken_by_the_kernel(library):
    module = importlib.import_module(library)
    with _unheard() as url, pytest.raises(module.ReadTimeout):
        module.post(url, content=b"x" * 100_000, timeout=_SHORT_S, verify=_context(), trust_env=False)


@pytest.mark.parametrize("kind", SLOWER_ON_A_SOCKET)
def test_who_waits_less_than_the_kernel_for_a_refusal_meets_a_time_out(client, kind):
    upstream = _upstream(Dropped(kind))
    (met,) = client.on_a_socket(upstream, patience_s=_SHORT_S)
    assert (met[0] if client.is_awaited else _class(met)) is client.module.ConnectTimeout
    assert len(upstream.exchanges) == 1


@pytest.mark.parametrize("kind", DECIDED_BY_THE_KERNEL)
def test_what_the_kernel_decides_is_one_of_two(client, kind):
    (met,) = client.on_a_socket(_upstream(Dropped(kind)))
    first = met[0] if client.is_awaited else met[0][0]
    assert first in {client.module.RemoteProtocolError, client.module.ReadError}
