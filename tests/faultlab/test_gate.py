"""What happens to a connection before there is a request on it: who is let in, who is not, and what is recorded."""

import contextlib
import dataclasses
import errno
import logging
import select
import socket
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from eventually import eventually

from faultlab import faults
from faultlab.adapters import door
from faultlab.adapters.base import Router
from faultlab.adapters.playable import NEEDS_PLAIN, NEEDS_TLS
from faultlab.adapters.port import Port
from faultlab.adapters.server import Server
from faultlab.clock import SystemClock
from faultlab.errors import HarnessError
from faultlab.faults import Fault
from faultlab.schedule import Entry, Schedule
from faultlab.script import Reply, Script
from faultlab.upstream import Stage, Upstream
from faultlab.wire import Drop, DropKind

_BASE = "http://127.0.0.3:9/v1"
_BODY = b'{"model": "m"}'
_REQUEST = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
_TOO_LONG_S = 10


@dataclasses.dataclass(frozen=True)
class _Dropped(Fault):
    kind: DropKind

    def answer(self, _request, _moment):
        return (Drop(self.kind),)

    def drops(self):
        return self.kind


@pytest.fixture(autouse=True)
def _nobody_complains(caplog):
    yield
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def _upstream(*chosen, name="primary", base_url=_BASE, stage=None):
    schedule = Schedule([Entry((fault,) if fault else ()) for fault in chosen])
    script = Script([Reply("hello")] * 9)
    return Upstream(name, "openai", base_url, stage or Stage(SystemClock()), script=script, schedule=schedule)


@contextlib.contextmanager
def _served(*upstreams, **more):
    """Where the first one is served, as an address."""
    with Server(Router(upstreams), upstreams[0].stage.clock, **more).in_thread() as server:
        host, port = server.url_of(upstreams[0].base_url).split("/")[2].split(":")
        yield host, int(port)


def _connected(address):
    return socket.create_connection(address, timeout=_TOO_LONG_S)


def _ask(client):
    """The status line of the answer; empty when there is none."""
    client.sendall(_REQUEST)
    return client.recv(65536).partition(b"\r\n")[0]


def _told(upstream):
    return [(exchange.fault, exchange.status, exchange.unread) for exchange in upstream.exchanges]


# Turned away.


def test_one_connection_is_refused_and_the_next_one_let_in():
    upstream = _upstream(None, faults.refused())
    with _served(upstream) as address:
        with _connected(address) as client:
            assert _ask(client) == b"HTTP/1.1 200 OK"
        with pytest.raises(ConnectionRefusedError):
            _connected(address)
        eventually(lambda: upstream.exchanges[-1].ended_s)
        with _connected(address) as client:
            assert _ask(client) == b"HTTP/1.1 200 OK"
    assert _told(upstream) == [(None, 200, False), ("refused", None, True), (None, 200, False)]
    refused = upstream.exchanges[1]
    assert (refused.request.url, refused.request.body, refused.key_of) == (_BASE, b"", "none")
    assert refused.started_s < refused.ended_s


def test_those_who_knock_at_once_are_refused_at_once():
    upstream = _upstream(*[faults.refused()] * 3)
    with _served(upstream) as address:
        met = []

        def knock():
            with pytest.raises(ConnectionRefusedError):
                _connected(address)
            met.append(True)

        threads = [threading.Thread(target=knock) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        eventually(lambda: all(exchange.ended_s for exchange in upstream.exchanges))
    assert len(met) == 3
    assert _told(upstream) == [("refused", None, True)] * 3


def test_who_gets_no_answer_is_gone_when_he_gives_up():
    upstream = _upstream(faults.connect_timeout())
    with _served(upstream) as address:
        started_s = upstream.stage.clock.now_s
        with pytest.raises(TimeoutError):
            socket.create_connection(address, timeout=0.2)
        eventually(lambda: upstream.exchanges and upstream.exchanges[0].ended_s)
        assert 0.15 < upstream.exchanges[0].ended_s - started_s < _TOO_LONG_S
        with _connected(address) as client:
            assert _ask(client) == b"HTTP/1.1 200 OK"
    assert _told(upstream) == [("connect_timeout", None, True), (None, 200, False)]


@pytest.mark.parametrize("fault", [faults.connect_timeout(), faults.refused()])
def test_who_comes_again_the_moment_he_gave_up_is_let_in(fault):
    upstream = _upstream(fault)
    with _served(upstream) as address:
        with socket.socket() as client:
            client.setblocking(False)
            client.connect_ex(address)
            eventually(lambda: upstream.exchanges)
            assert select.select([], [client], [], 0.05)[1] == []
        # Before it can be seen that he has gone; were he not heard at once, that would take a second.
        socket.create_connection(address, timeout=0.8).close()
        eventually(lambda: upstream.exchanges[0].ended_s)
    assert _told(upstream) == [(fault.name, None, True)]


def test_who_joins_those_that_will_be_refused_is_refused_with_them():
    upstream = _upstream(*[faults.refused()] * 2)
    with _served(upstream) as address, contextlib.ExitStack() as clients:
        for count in (1, 2):
            client = clients.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(address)
            eventually(lambda count=count: len(upstream.exchanges) == count)
        eventually(lambda: all(exchange.ended_s for exchange in upstream.exchanges))
        assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED
    assert _told(upstream) == [("refused", None, True)] * 2


def test_others_are_let_in_while_one_waits_to_be_refused():
    upstream = _upstream(faults.refused())
    with _served(upstream) as address, socket.socket() as client:
        client.setblocking(False)
        client.connect_ex(address)
        eventually(lambda: upstream.exchanges)
        assert select.select([], [client], [], 0.05)[1] == []
        with _connected(address) as other:
            assert _ask(other) == b"HTTP/1.1 200 OK"
        assert select.select([], [client], [], _TOO_LONG_S)[1] == [client]
        assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED


def test_a_server_stops_while_somebody_is_turned_away():
    upstream = _upstream(faults.connect_timeout())
    with socket.socket() as client, _served(upstream) as address:
        client.setblocking(False)
        client.connect_ex(address)
        eventually(lambda: upstream.exchanges)
    assert upstream.exchanges[0].ended_s


def test_other_origins_are_open_meanwhile():
    stage = Stage(SystemClock())
    shut = _upstream(faults.refused(), stage=stage)
    other = _upstream(name="other", base_url="http://127.0.0.4:9/v1", stage=stage)
    with _served(other, shut) as address, _connected(address) as client:
        assert _ask(client) == b"HTTP/1.1 200 OK"
    assert [exchange.upstream for exchange in stage.trace.exchanges] == ["other"]


def test_where_nobody_can_tell_who_knocks_all_are_refused_for_a_while(monkeypatch):
    monkeypatch.setattr(Port, "ignore", lambda port: bool(port.listen() and False))
    upstream = _upstream(faults.refused())
    with _served(upstream, closed_for_s=0.2) as address:
        eventually(lambda: upstream.exchanges)
        with pytest.raises(ConnectionRefusedError):
            _connected(address)
        eventually(lambda: upstream.exchanges[0].ended_s)
        with _connected(address) as client:
            assert _ask(client) == b"HTTP/1.1 200 OK"
    assert _told(upstream) == [("refused", None, True), (None, 200, False)]


def test_who_finds_no_room_waits_until_somebody_leaves(monkeypatch):
    monkeypatch.setattr(door, "_MOST_GUESTS", 1)
    with _served(_upstream()) as address, _connected(address) as first, _connected(address) as second:
        assert _ask(first) == b"HTTP/1.1 200 OK"
        second.settimeout(0.2)
        with pytest.raises(TimeoutError):
            _ask(second)
        first.close()
        second.settimeout(_TOO_LONG_S)
        assert second.recv(65536).startswith(b"HTTP/1.1 200 OK")


# Let in, and failing before a request.


@pytest.mark.parametrize(
    ("kind", "met"),
    [
        ("proxy_407", b"HTTP/1.1 407 Proxy Authentication Required"),
        ("proxy_403", b"HTTP/1.1 403 Forbidden"),
        ("proxy_502", b"HTTP/1.1 502 Bad Gateway"),
    ],
)
def test_a_proxy_answers_whoever_wants_to_go_through(kind, met):
    upstream = _upstream(_Dropped(DropKind(kind)))
    with _served(upstream) as address, _connected(address) as client:
        client.sendall(b"CONNECT 127.0.0.3:9 HTTP/1.1\r\n")
        client.sendall(b"host: 127.0.0.3:9\r\n\r\n")
        assert client.recv(65536).startswith(met)
        assert client.recv(1) == b""
        eventually(lambda: upstream.exchanges[0].ended_s)
    assert [(exchange.faults, exchange.unread) for exchange in upstream.exchanges] == [(("_dropped",), True)]


@pytest.mark.parametrize("kind", ["closed_at_once", "upload_reset"])
def test_a_connection_is_reset_when_something_was_sent_on_it(kind):
    upstream = _upstream(_Dropped(DropKind(kind)))
    with _served(upstream) as address:
        with _connected(address) as client:
            eventually(lambda: upstream.exchanges)
            assert upstream.exchanges[0].ended_s == 0
            with pytest.raises(ConnectionResetError):
                _ask(client)
        with _connected(address) as client:
            assert _ask(client) == b"HTTP/1.1 200 OK"
    assert [exchange.unread for exchange in upstream.exchanges] == [True, False]


def test_who_leaves_before_it_fails_ends_it():
    upstream = _upstream(_Dropped(DropKind.UPLOAD_RESET))
    with _served(upstream) as address:
        _connected(address).close()
        eventually(lambda: upstream.exchanges and upstream.exchanges[0].ended_s)


def test_before_a_new_connection_has_to_come_the_old_ones_are_closed():
    upstream = _upstream(None, None, None, _Dropped(DropKind.CLOSED_AT_ONCE))
    with _served(upstream) as address, _connected(address) as idle, _connected(address) as last:
        assert _ask(idle) == b"HTTP/1.1 200 OK"
        assert _ask(last) == b"HTTP/1.1 200 OK"
        last.sendall(_REQUEST)
        answer = last.recv(65536)
        assert b"connection: close" in answer
        assert (last.recv(1), idle.recv(1)) == (b"", b"")
    assert len(upstream.exchanges) == 3


def test_a_connection_that_is_there_already_is_reset_by_what_comes_too_late_for_it():
    upstream = _upstream(None, faults.refused())
    with _served(upstream) as address, _connected(address) as late, _connected(address) as first:
        assert _ask(first) == b"HTTP/1.1 200 OK"
        with pytest.raises(ConnectionResetError):
            _ask(late)
    assert _told(upstream) == [(None, 200, False), ("refused", None, False)]


def test_what_else_an_entry_has_is_wasted_on_a_connection_without_a_request():
    stage = Stage(SystemClock())
    upstream = Upstream(
        "primary", "openai", _BASE, stage, schedule=Schedule([Entry((faults.slow(), faults.refused()))])
    )
    assert upstream.next_drop() is DropKind.REFUSED
    answer = upstream.connect()
    assert (answer.exchange.faults, answer.exchange.wasted) == (("refused",), ("slow",))
    assert (answer.events, upstream.connect()) == ((Drop(DropKind.REFUSED),), None)


# What cannot be played there.


@pytest.mark.parametrize("kind", sorted(NEEDS_TLS))
def test_what_goes_wrong_with_tls_needs_tls(kind):
    with pytest.raises(HarnessError, match="there is no TLS"):
        Server(Router([_upstream(_Dropped(kind))]), SystemClock())


@pytest.mark.parametrize("kind", sorted(NEEDS_PLAIN))
def test_a_proxy_needs_none(kind):
    with pytest.raises(HarnessError, match="plain HTTP"):
        Server(Router([_upstream(_Dropped(kind))]), SystemClock(), tls=["primary"])
