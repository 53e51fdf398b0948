"""A server that answers as the transport does, bytes for events, and leaves nothing behind."""

import contextlib
import json
import logging
import resource
import signal
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from eventually import eventually

from faultlab import faults
from faultlab.adapters import connection
from faultlab.adapters.base import Router
from faultlab.adapters.server import Server
from faultlab.clock import SystemClock
from faultlab.errors import HarnessError
from faultlab.schedule import Entry, Schedule
from faultlab.script import Reply, Script
from faultlab.upstream import Stage, Upstream

_BASE = "https://openrouter.ai/api/v1"
_PATH = "/api/v1/chat/completions"
_TOO_LONG_S = 10
_AT_ONCE_S = 0.2


@pytest.fixture(autouse=True)
def _nobody_complains(caplog):
    """Whatever a client does, it is no error of the server's."""
    yield
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def _upstream(*entries, name="primary", base_url=_BASE, says=("hello",) * 20, stage=None, **more):
    schedule = Schedule([entry if isinstance(entry, Entry) else Entry((entry,)) for entry in entries])
    script = Script([Reply(text) for text in says])
    stage = stage or Stage(SystemClock())
    return Upstream(name, "openrouter", base_url, stage, script=script, schedule=schedule, **more)


@contextlib.contextmanager
def _served(*upstreams, **more):
    with Server(Router(upstreams), upstreams[0].stage.clock, **more).in_thread() as server:
        yield server


def _request(*, streamed=False, fields=(), method="POST", path=_PATH, body=None):
    content = json.dumps({"model": "m", "stream": streamed}).encode() if body is None else body
    head = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(content)}", *fields]
    return "\r\n".join([*head, "", ""]).encode() + content


class _Client:
    """A raw socket to where a URL is served."""

    def __init__(self, server, url=_BASE):
        host, _, port = server.url_of(url).split("/")[2].partition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=_TOO_LONG_S)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def until(self, end):
        """All bytes up to and with `end`."""
        while end not in self.buffer:
            data = self.socket.recv(65536)
            assert data, f"closed after {self.buffer!r}"
            self.buffer += data
        found, _, self.buffer = self.buffer.partition(end)
        return found + end

    def answer(self):
        """Status, headers and body of a whole answer."""
        line, *fields = self.until(b"\r\n\r\n").decode().strip().split("\r\n")
        headers = dict(field.split(": ", 1) for field in fields)
        while len(self.buffer) < int(headers["content-length"]):
            self.buffer += self.socket.recv(65536)
        body, self.buffer = self.buffer[: int(headers["content-length"])], b""
        return int(line.split()[1]), headers, body

    def rest(self):
        """All bytes up to the server's FIN."""
        received = bytearray(self.buffer)
        try:
            while data := self.socket.recv(1 << 20):
                received += data
        finally:
            self.buffer = bytes(received)
        return self.buffer


# Answers.


def test_a_request_is_answered_and_recorded_under_the_url_of_its_upstream():
    upstream = _upstream()
    with _served(upstream) as server, _Client(server) as client:
        authorization = f"Authorization: Bearer {upstream.api_key}"
        status, headers, body = client.send(_request(fields=[authorization])).answer()
    assert (status, json.loads(body)["choices"][0]["message"]["content"]) == (200, "hello")
    assert headers == {"content-type": "application/json", "content-length": str(len(body))}
    (exchange,) = upstream.exchanges
    assert (exchange.request.url, exchange.request.headers["host"]) == (f"{_BASE}/chat/completions", "openrouter.ai")
    assert (exchange.key_of, exchange.request.headers["authorization"]) == ("primary", "[redacted]")
    assert exchange.ended_s >= exchange.started_s > 0


def test_each_event_of_a_stream_is_a_chunk_of_its_own():
    upstream = _upstream()
    with _served(upstream) as server, _Client(server) as client:
        head, _, chunks = client.send(_request(streamed=True)).until(b"0\r\n\r\n").partition(b"\r\n\r\n")
        assert b"transfer-encoding: chunked" in head
        assert client.send(_request()).answer()[0] == 200
    sent = [event.data for event in upstream.exchanges[0].sent[1:]]
    assert chunks == b"".join(b"%x\r\n%b\r\n" % (len(data), data) for data in sent) + b"0\r\n\r\n"


def test_requests_sent_ahead_are_answered_in_order():
    upstream = _upstream(faults.slow(first_s=0.05), says=("one", "two", "three"))
    with _served(upstream) as server, _Client(server) as client:
        client.send(_request() * 2 + _request(fields=["connection: close"]))
        answers = client.rest().split(b"HTTP/1.1 200 OK")[1:]
    assert [json.loads(one.partition(b"\r\n\r\n")[2])["choices"][0]["message"]["content"] for one in answers] == [
        "one",
        "two",
        "three",
    ]
    assert b"connection: close" in answers[2]
    assert b"connection: close" not in answers[0]


def test_a_client_that_waits_is_told_to_send_its_body():
    body = b'{"model": "m"}'
    with _served(_upstream()) as server, _Client(server) as client:
        client.send(_request(fields=["expect: 100-continue"], body=body)[: -len(body)])
        assert client.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert client.send(body).answer()[0] == 200


@pytest.mark.parametrize("sent", [b"POST /api/v1/ch", _request()[:-1], _request(body=b"x" * 100_000)[:-1]])
def test_a_request_that_does_not_come_whole_is_not_waited_for_without_end(monkeypatch, sent):
    monkeypatch.setattr(connection, "_MOST_ASKING_S", _AT_ONCE_S)
    upstream = _upstream()
    with _served(upstream) as server, _Client(server) as client:
        status, headers, _ = client.send(sent).answer()
        assert (status, headers["connection"], server.refused_requests) == (408, "close", 1)
        assert client.rest() == b""
    assert not upstream.exchanges


def test_who_asks_nothing_may_stay_and_so_may_who_is_answered_slowly(monkeypatch):
    monkeypatch.setattr(connection, "_MOST_ASKING_S", _AT_ONCE_S)
    with _served(_upstream(faults.slow(first_s=_AT_ONCE_S * 2))) as server, _Client(server) as client:
        assert client.send(_request()).answer()[0] == 200
        client.socket.settimeout(_AT_ONCE_S * 2)
        with pytest.raises(TimeoutError):
            client.socket.recv(1)


def test_a_head_is_answered_without_a_body():
    with _served(_upstream()) as server, _Client(server) as client:
        assert client.send(_request(method="HEAD")).until(b"\r\n\r\n").startswith(b"HTTP/1.1 404 Not Found\r\n")
        assert client.send(_request()).answer()[0] == 200


def test_an_older_client_gets_a_stream_up_to_the_end_of_the_connection():
    with _served(_upstream()) as server, _Client(server) as client:
        sent = client.send(_request(streamed=True).replace(b"HTTP/1.1", b"HTTP/1.0")).rest()
    head, _, body = sent.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head
    assert b"\n\ndata: " in body
    assert body.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"POST /v1 HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n{", 413),
        (b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 70_000, 431),
        (b"CONNECT openrouter.ai:443 HTTP/1.1\r\nhost: openrouter.ai:443\r\n\r\n", 501),
        (b"GET http://elsewhere.example/ HTTP/1.1\r\nhost: elsewhere.example\r\n\r\n", 404),
    ],
)
def test_what_is_no_request_for_here_is_refused_and_its_connection_closed(sent, status):
    upstream = _upstream()
    with _served(upstream) as server, _Client(server) as client:
        assert server.refused_requests == 0
        found, headers, body = client.send(sent).answer()
        assert server.refused_requests == 1
    assert (found, headers["connection"]) == (status, "close")
    assert json.loads(body)["error"]["message"]
    assert not upstream.exchanges


def test_upstreams_of_one_origin_share_a_port_and_others_have_their_own():
    stage = Stage(SystemClock())
    upstreams = [
        _upstream(stage=stage),
        _upstream(name="fallback", base_url="https://openrouter.ai/beta", stage=stage),
        _upstream(name="third", base_url="http://127.0.0.2:9/v1", stage=stage, token_url="https://auth.example/token"),
    ]
    with _served(*upstreams) as server:
        urls = [server.url_of(one.base_url) for one in upstreams]
        assert urls[0].removesuffix("/api/v1") == urls[1].removesuffix("/beta")
        assert len({url.split("/")[2] for url in [*urls, server.url_of("https://auth.example/token")]}) == 3
        with _Client(server) as client:
            client.send(_request(path="/beta/chat/completions")).answer()
    assert [exchange.upstream for exchange in stage.trace.exchanges] == ["fallback"]


def test_what_is_not_served_has_no_url():
    with _served(_upstream()) as server, pytest.raises(HarnessError, match=r"openrouter\.ai"):
        server.url_of("https://openrouter.ai.example/v1")


@pytest.mark.parametrize("host", ["0.0.0.0", "", "localhost.example", "10.0.0.1", "::"])  # noqa: S104, refused
def test_nothing_but_the_loopback_is_bound(host):
    with pytest.raises(HarnessError, match=r"127\.0\.0\.1"):
        Server(Router([_upstream()]), SystemClock(), host=host)


def test_a_client_that_never_stops_asking_is_told_so():
    stage = Stage(SystemClock(), most_exchanges=1)
    with _served(_upstream(stage=stage)) as server, _Client(server) as client:
        client.send(_request()).answer()
        assert server.runaway is None
        assert b"stopped after 1 requests" in client.send(_request()).answer()[2]
        assert "stopped after 1" in str(server.runaway)


# Ends.


@pytest.mark.parametrize("fault", [faults.read_timeout(), faults.stall(), faults.slow(event_every_s=60)])
def test_a_client_that_hangs_up_ends_its_exchange(fault):
    upstream = _upstream(fault)
    with _served(upstream) as server:
        with _Client(server) as client:
            client.send(_request(streamed=True))
            eventually(lambda: upstream.exchanges)
            assert upstream.exchanges[0].ended_s == 0
        eventually(lambda: upstream.exchanges[0].ended_s > 0)


def test_who_was_answered_and_comes_again_at_once_is_kept_out():
    upstream = _upstream(faults.rate_limit(), faults.connect_timeout())
    with _served(upstream) as server:
        with _Client(server) as client:
            assert client.send(_request()).answer()[0] == 429
            address = client.socket.getpeername()
        with pytest.raises(TimeoutError), socket.create_connection(address, timeout=_AT_ONCE_S):
            pass
    assert [exchange.fault for exchange in upstream.exchanges] == ["rate_limit", "connect_timeout"]


def test_a_second_answer_that_never_comes_leaves_the_first_one_whole():
    upstream = _upstream(Entry(), faults.read_timeout())
    with _served(upstream) as server, _Client(server) as client:
        assert client.send(_request()).answer()[0] == 200
        client.send(_request()).socket.settimeout(_AT_ONCE_S)
        with pytest.raises(TimeoutError):
            client.socket.recv(1)
    assert [exchange.status for exchange in upstream.exchanges] == [200, None]


def test_half_of_a_connection_is_closed_while_the_other_is_read():
    with _served(_upstream(faults.half_closed())) as server, _Client(server) as client:
        assert client.send(_request()).rest() == b""
        for _ in range(3):
            client.send(b"x" * 1000)  # a closed connection would answer with a reset
        assert client.socket.recv(1) == b""


@pytest.mark.parametrize("streamed", [False, True])
def test_what_came_before_a_reset_has_arrived_however_much_it_is(streamed):
    upstream = _upstream(faults.cut(), says=["x" * 12_000_000])
    with _served(upstream) as server, _Client(server) as client:
        client.send(_request(streamed=streamed))
        eventually(lambda: upstream.exchanges and upstream.exchanges[0].status)
        with pytest.raises(ConnectionResetError):
            client.rest()
    assert client.buffer.count(b"x") > 5_900_000


def test_a_client_that_reads_slowly_is_waited_for():
    upstream = _upstream(says=["x" * 30_000_000])
    with _served(upstream) as server, _Client(server) as client:
        client.send(_request(streamed=True, fields=["connection: close"]))
        eventually(lambda: upstream.exchanges and upstream.exchanges[0].status)
        assert upstream.exchanges[0].ended_s == 0
        assert client.rest().count(b"x") >= 30_000_000
        eventually(lambda: upstream.exchanges[0].ended_s)


def test_a_client_that_leaves_while_much_is_sent_to_it_ends_its_exchange():
    upstream = _upstream(says=["x" * 30_000_000])
    with _served(upstream) as server:
        with _Client(server) as client:
            client.send(_request(streamed=True)).socket.recv(1000)
        eventually(lambda: upstream.exchanges[0].ended_s)


@pytest.fixture
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard != resource.RLIM_INFINITY else 8192, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_a_thousand_streams_are_held_open_and_nobody_waits_for_them():
    upstream = _upstream(Entry((faults.stall(after_events=1),), 1000), stage=Stage(SystemClock(), most_exchanges=None))
    with _served(upstream) as server:
        with contextlib.ExitStack() as clients:
            for _ in range(1000):
                clients.enter_context(_Client(server)).send(_request(streamed=True))
            eventually(lambda: sum(exchange.status == 200 for exchange in upstream.exchanges) == 1000)
            assert not any(exchange.ended_s for exchange in upstream.exchanges)
            assert clients.enter_context(_Client(server)).send(_request()).answer()[0] == 200
        eventually(lambda: all(exchange.ended_s for exchange in upstream.exchanges))


def test_a_stream_without_pauses_lets_others_have_their_turn():
    upstream = _upstream(faults.drip(), says=["x" * 30_000, "hello"])
    with _served(upstream) as server, _Client(server) as greedy, _Client(server) as other:
        greedy.send(_request(streamed=True))
        eventually(lambda: upstream.exchanges and upstream.exchanges[0].status)
        assert other.send(_request()).answer()[0] == 200
        assert upstream.exchanges[0].ended_s == 0
        greedy.until(b"\r\n0\r\n\r\n")


def test_a_server_that_stops_ends_every_exchange_and_connection():
    upstream = _upstream(faults.read_timeout(), faults.read_timeout())
    with contextlib.ExitStack() as clients:
        with _served(upstream) as server:
            waiting = [clients.enter_context(_Client(server)) for _ in range(3)]
            waiting[0].send(_request())
            waiting[1].send(_request())
            eventually(lambda: len(upstream.exchanges) == 2)
        assert all(exchange.ended_s for exchange in upstream.exchanges)
        assert [client.socket.recv(1) for client in waiting] == [b""] * 3
    assert not [thread for thread in threading.enumerate() if "faultlab" in thread.name]


def test_a_server_that_cannot_start_leaves_nothing_behind():
    with _served(_upstream()) as server:
        taken = int(server.url_of(_BASE).split(":")[2].split("/")[0])
        with pytest.raises(OSError, match="in use"), _served(_upstream(), port=taken):
            pass
    assert not [thread for thread in threading.enumerate() if "faultlab" in thread.name]


@contextlib.contextmanager
def _killed(process):
    try:
        yield
    finally:
        process.kill()


_PROGRAM = """
import asyncio, sys
from faultlab import Lab, faults
from faultlab.adapters.base import Router
from faultlab.adapters.server import Server

lab = Lab(virtual_time=False)
upstream = lab.upstream("openai", faults=[faults.read_timeout()]).behind
server = Server(Router([upstream]), lab.clock)
asyncio.run(server.run(lambda it: print(it.url_of(upstream.base_url), flush=True)), debug=False)
print([exchange.ended_s > 0 for exchange in upstream.exchanges])
"""


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_nothing_left_behind(told):
    command = [sys.executable, "-W", "error", "-X", "dev", "-c", _PROGRAM]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process, _killed(process):
        host, port = process.stdout.readline().decode().split("/")[2].split(":")
        with socket.create_connection((host, int(port)), timeout=_TOO_LONG_S) as client:
            head, brace, body = _request(path="/v1/chat/completions", fields=["expect: 100-continue"]).partition(b"{")
            client.sendall(head)
            assert client.recv(100).startswith(b"HTTP/1.1 100 Continue")
            client.sendall(brace + body)
            process.send_signal(told)
            out, err = process.communicate(timeout=_TOO_LONG_S)
            assert client.recv(1) == b""
    assert (process.returncode, err) == (0, b"")
    assert out in (b"[True]\n", b"[]\n")


# TLS.


def _trusting(server):
    context = ssl.create_default_context()
    context.load_verify_locations(cadata=server.ca_pem.decode())
    return context


def test_an_upstream_is_served_by_https_and_others_are_not():
    stage = Stage(SystemClock())
    upstreams = [_upstream(stage=stage), _upstream(name="fallback", base_url="https://other.example/v1", stage=stage)]
    with _served(*upstreams, tls=["primary"]) as server:
        assert server.url_of(_BASE).startswith("https://127.0.0.1:")
        assert server.url_of("https://other.example/v1").startswith("http://")
        with _Client(server) as client:
            client.socket = _trusting(server).wrap_socket(client.socket, server_hostname="127.0.0.1")
            assert client.send(_request(streamed=True)).until(b"\r\n0\r\n\r\n").startswith(b"HTTP/1.1 200 OK")
            assert client.send(_request()).answer()[0] == 200


def test_half_a_connection_of_https_is_closed_whole():
    with _served(_upstream(faults.half_closed()), tls=["primary"]) as server, _Client(server) as client:
        client.socket = _trusting(server).wrap_socket(client.socket, server_hostname="127.0.0.1")
        assert client.send(_request()).rest() == b""


def test_a_reset_of_https_leaves_as_one():
    with _served(_upstream(faults.reset()), tls=["primary"]) as server, _Client(server) as client:
        secured = _trusting(server).wrap_socket(client.socket, server_hostname="127.0.0.1")
        secured.sendall(_request())
        client.socket = socket.socket(fileno=secured.detach())
        client.socket.settimeout(_TOO_LONG_S)
        with pytest.raises(ConnectionResetError):
            client.rest()


def test_a_reset_of_https_is_no_end_that_tls_knows():
    with _served(_upstream(faults.reset()), tls=["primary"]) as server, _Client(server) as client:
        client.socket = _trusting(server).wrap_socket(
            client.socket, server_hostname="127.0.0.1", suppress_ragged_eofs=False
        )
        with pytest.raises(OSError, match=r"reset by peer|in violation of protocol"):
            client.send(_request()).rest()


def test_who_does_not_look_at_certificates_is_let_in_with_a_bad_one():
    upstream = _upstream(faults.certificate_invalid())
    with _served(upstream, tls=["primary"]) as server, _Client(server) as client:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        client.socket = context.wrap_socket(client.socket)
        assert client.send(_request()).answer()[0] == 200
    assert [exchange.faults for exchange in upstream.exchanges] == [("certificate_invalid",), ()]


def test_without_trustme_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(HarnessError, match=r"faultlab\[tls\]"):
        Server(Router([_upstream()]), SystemClock(), tls=["primary"])


def test_nobody_has_a_certificate_who_was_not_asked_for():
    with pytest.raises(HarnessError, match="tls names no upstream: second"):
        Server(Router([_upstream()]), SystemClock(), tls=["second"])
    with _served(_upstream()) as server, pytest.raises(HarnessError, match="tls"):
        _ = server.ca_pem
