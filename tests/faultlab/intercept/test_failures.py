"""What goes wrong is told by requests, urllib3 and aiohttp in their own words: those that real sockets bring about."""

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiohttp
import pytest
import requests
import urllib3

sys.path.insert(0, str(Path(__file__).parents[2] / "conformance"))

from dropped import Dropped

from faultlab import Lab, faults
from faultlab.adapters.base import Failing
from faultlab.errors import HarnessError, WaitsForEver
from faultlab.wire import DropKind

_BODY = {"model": "m", "messages": [{"role": "user", "content": "ping"}]}
_PATIENCE_S = 0.2


def _by_requests(url, *, stream, timeout=_PATIENCE_S):
    with requests.post(url, json=_BODY | {"stream": stream}, timeout=timeout, stream=stream) as answer:
        return answer.status_code, answer.content


def _by_urllib3(url, *, stream, timeout=_PATIENCE_S):
    with urllib3.PoolManager(retries=False, timeout=timeout) as pools:
        answer = pools.request("POST", url, body=json.dumps(_BODY | {"stream": stream}), preload_content=not stream)
        return answer.status, answer.read() if stream else answer.data


def _by_aiohttp(url, *, stream, timeout=_PATIENCE_S):
    async def asked():
        patience = aiohttp.ClientTimeout(total=None, sock_connect=timeout, sock_read=timeout)
        session = aiohttp.ClientSession(timeout=patience)
        async with session, session.post(url, json=_BODY | {"stream": stream}) as answer:
            return answer.status, await answer.read()

    return asyncio.run(asked())


LIBRARIES = {"requests": _by_requests, "urllib3": _by_urllib3, "aiohttp": _by_aiohttp}


def every_library(test):
    return pytest.mark.parametrize("library", LIBRARIES)(test)


def _met(library, fault, *, stream, in_process):
    """What the client gets; or the classes of what it raised and of all that stands behind it."""
    lab = Lab(virtual_time=in_process)
    upstream = lab.upstream("openai", says=["hello there"], faults=[fault], base_url="http://api.example.com/v1")
    try:
        if in_process:
            with lab.intercept():
                return LIBRARIES[library](f"{upstream.base_url}/chat/completions", stream=stream)
        with lab.serve():
            return LIBRARIES[library](f"{upstream.served_url}/chat/completions", stream=stream)
    except (OSError, urllib3.exceptions.HTTPError, aiohttp.ClientError) as error:
        return _chain(error)


def _chain(error):
    while error is not None:
        yield type(error).__name__
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


_ON_A_SOCKET = {
    "closed_at_once": Dropped(DropKind.CLOSED_AT_ONCE),
    "closed": Dropped(DropKind.CLOSED),
    "half_closed": Dropped(DropKind.HALF_CLOSED),
    "reset": Dropped(DropKind.RESET),
    "not_http": Dropped(DropKind.NOT_HTTP),
    "decoding": Dropped(DropKind.DECODING),
    "read_timeout": faults.read_timeout(),
    "cut": faults.cut(),
    "truncated": faults.truncated(),
    "stall": faults.stall(),
    "unavailable": faults.unavailable(),
    "empty_body": faults.empty_body(),
}


@every_library
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", _ON_A_SOCKET)
def test_it_fails_as_on_a_socket(monkeypatch, library, name, stream):
    monkeypatch.undo()  # the server's thread may wait
    met = [_met(library, _ON_A_SOCKET[name], stream=stream, in_process=each) for each in (True, False)]
    in_process, on_a_socket = [each if isinstance(each, tuple) else list(each) for each in met]
    if isinstance(in_process, tuple):
        assert (in_process[0], len(in_process[1])) == (on_a_socket[0], len(on_a_socket[1]))
    else:
        assert in_process == on_a_socket


# What a server cannot bring about, or not soon: as it was seen with a host that is not there, a port that is closed,
# a certificate of somebody else, a proxy that refuses.
_BEFORE_THERE_IS_A_CONNECTION = {
    "dns_failure": {
        "requests": ["ConnectionError", "MaxRetryError", "NameResolutionError", "gaierror"],
        "urllib3": ["NameResolutionError", "gaierror"],
        "aiohttp": ["ClientConnectorDNSError", "gaierror"],
    },
    "refused": {
        "requests": ["ConnectionError", "MaxRetryError", "NewConnectionError", "ConnectionRefusedError"],
        "urllib3": ["NewConnectionError", "ConnectionRefusedError"],
        "aiohttp": ["ClientConnectorError", "ConnectionRefusedError"],
    },
    "connect_timeout": {
        "requests": ["ConnectTimeout", "MaxRetryError", "ConnectTimeoutError", "TimeoutError"],
        "urllib3": ["ConnectTimeoutError", "TimeoutError"],
        "aiohttp": ["ConnectionTimeoutError", "TimeoutError"],
    },
    "tls_cut": {
        "requests": ["SSLError", "MaxRetryError", "SSLError", "SSLEOFError"],
        "urllib3": ["SSLError", "SSLEOFError"],
        "aiohttp": ["ClientConnectorError", "ConnectionResetError"],
    },
    "certificate_invalid": {
        "requests": ["SSLError", "MaxRetryError", "SSLError", "SSLCertVerificationError"],
        "urllib3": ["SSLError", "SSLCertVerificationError"],
        "aiohttp": ["ClientConnectorCertificateError", "SSLCertVerificationError"],
    },
    "plain_http": {
        "requests": ["SSLError", "MaxRetryError", "SSLError", "SSLError"],
        "urllib3": ["SSLError", "SSLError"],
        "aiohttp": ["ClientConnectorSSLError", "SSLError"],
    },
    "proxy_407": {
        "requests": ["ProxyError", "MaxRetryError", "ProxyError"],
        "urllib3": ["ProxyError"],
        "aiohttp": ["ClientHttpProxyError"],
    },
    "pool_timeout": {
        "requests": ["EmptyPoolError"],
        "urllib3": ["EmptyPoolError"],
    },
    "write_timeout": {
        "requests": ["ConnectionError", "ProtocolError", "TimeoutError"],
        "urllib3": ["ProtocolError", "TimeoutError"],
    },
    "write_error": {
        "requests": ["ConnectionError", "ProtocolError", "RemoteDisconnected"],
        "urllib3": ["ProtocolError", "RemoteDisconnected"],
        "aiohttp": ["ServerDisconnectedError"],
    },
}


@pytest.mark.parametrize(
    ("name", "library", "expected"),
    [(name, library, chain) for name, told in _BEFORE_THERE_IS_A_CONNECTION.items() for library, chain in told.items()],
)
def test_what_no_server_can_do_is_told_as_it_is_known(name, library, expected):
    assert list(_met(library, Dropped(DropKind(name)), stream=False, in_process=True)) == expected


_NEVER_THERE = ["close_error", "local_protocol", "proxy_error", "unsupported_protocol", "too_many_redirects"]


@every_library
@pytest.mark.parametrize("name", _NEVER_THERE)
def test_what_cannot_come_about_there_is_told_and_not_counted_as_played(library, name):
    with pytest.raises(HarnessError, match=f"{name} cannot come about with"):
        _met(library, Dropped(DropKind(name)), stream=False, in_process=True)


def test_every_way_to_fail_is_looked_at():
    looked_at = {*_ON_A_SOCKET, *_BEFORE_THERE_IS_A_CONNECTION, *_NEVER_THERE}
    as_another = {
        "disconnected": "closed",
        "incomplete": "truncated",
        "proxy_403": "proxy_407",
        "proxy_502": "proxy_407",
    }
    as_another |= {"hostname_mismatch": "certificate_invalid", "client_closed": "closed"}
    assert {each.value for each in Failing} - set(as_another) <= looked_at


# Time.


@every_library
def test_silence_costs_nothing_and_is_told_on_the_clock(library):
    lab = Lab()
    upstream = lab.upstream("openai", says=["hello"], faults=[faults.slow(first_s=20)])
    with lab.intercept():
        assert LIBRARIES[library](f"{upstream.base_url}/chat/completions", stream=False, timeout=30)[0] == 200
    assert lab.clock.now_s == 20


@every_library
def test_without_a_time_out_nothing_ends_a_silence(library):
    lab = Lab()
    upstream = lab.upstream("openai", says=["hello"], faults=[faults.read_timeout()])
    with lab.intercept(), pytest.raises(WaitsForEver):
        LIBRARIES[library](f"{upstream.base_url}/chat/completions", stream=False, timeout=None)


def test_aiohttp_s_time_for_all_of_it_is_kept():
    lab = Lab()
    upstream = lab.upstream("openai", says=["hello"] * 2, faults=[faults.slow(first_s=299), faults.slow(first_s=301)])

    async def asked():
        async with aiohttp.ClientSession() as session:
            for _ in range(2):
                async with session.post(f"{upstream.base_url}/chat/completions", json=_BODY) as answer:
                    await answer.read()

    with lab.intercept(), pytest.raises(TimeoutError):
        asyncio.run(asked())
    assert [exchange.ended_s for exchange in upstream.exchanges] == [299, 599]


def test_urllib3_s_own_retries_wait_on_the_clock():
    with Lab() as lab:
        upstream = lab.upstream("openai", says=["hello"], faults=[(faults.unavailable(retry_after_s=3), 2)])
        lab.intercept()
        retries = urllib3.Retry(5, status_forcelist=[503], allowed_methods=["POST"])
        with urllib3.PoolManager(retries=retries) as pools:
            url = f"{upstream.base_url}/chat/completions"
            assert pools.request("POST", url, body=json.dumps(_BODY)).status == 200
        assert lab.clock.waits == (3, 3)


@every_library
def test_a_stream_comes_piece_by_piece(library):
    lab = Lab()
    upstream = lab.upstream("openai", says=["one two three"], faults=[faults.slow(event_every_s=2)])
    url, came_at = f"{upstream.base_url}/chat/completions", []

    async def asked():
        async with aiohttp.ClientSession() as session, session.post(url, json=_BODY | {"stream": True}) as answer:
            async for _ in answer.content.iter_any():
                came_at.append(lab.clock.now_s)

    with lab.intercept():
        if library == "aiohttp":
            asyncio.run(asked())
        elif library == "requests":
            with requests.post(url, json=_BODY | {"stream": True}, stream=True, timeout=5) as answer:
                came_at += [lab.clock.now_s for line in answer.iter_lines(chunk_size=1) if line]
        else:
            with urllib3.PoolManager() as pools:
                answer = pools.request("POST", url, body=json.dumps(_BODY | {"stream": True}), preload_content=False)
                came_at += [lab.clock.now_s for _ in answer.stream()]
    assert sorted(set(came_at)) == [2 * n for n in range(len(set(came_at)))]
    assert len(set(came_at)) > 3


# Several flows of one virtual time.


def _both_at_once(library, url):
    """Two requests side by side, and when each was answered."""

    async def in_one_loop():
        async with aiohttp.ClientSession() as session:

            async def ask():
                async with session.post(url, json=_BODY) as answer:
                    return answer.status

            return await asyncio.gather(ask(), ask())

    def ask(_):
        return LIBRARIES[library](url, stream=False, timeout=60)[0]

    if library == "aiohttp":
        return asyncio.run(in_one_loop())
    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(ask, range(2)))


@every_library
def test_two_that_wait_side_by_side_wait_at_the_same_time(library):
    with Lab() as lab:
        slow = [faults.slow(first_s=10), faults.slow(first_s=20)]
        upstream = lab.upstream("openai", says=["hello"] * 2, faults=slow)
        lab.intercept()
        assert _both_at_once(library, f"{upstream.base_url}/chat/completions") == [200, 200]
        assert lab.clock.now_s == 20


def test_a_time_out_around_a_request_comes_when_it_is_due():
    with Lab() as lab:
        upstream = lab.upstream("openai", says=["hello"], faults=[faults.read_timeout()])
        lab.intercept()

        async def asked():
            session, url = aiohttp.ClientSession(), f"{upstream.base_url}/chat/completions"
            async with session, asyncio.timeout(5), session.post(url, json=_BODY) as answer:
                return answer.status

        with pytest.raises(TimeoutError):
            asyncio.run(asked())
        assert lab.clock.now_s == 5
