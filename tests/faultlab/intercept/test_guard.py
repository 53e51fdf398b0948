"""What no patch foresaw: sockets and names beneath every library are refused while a lab intercepts, and only then."""

import _socket
import asyncio
import http.client
import socket
import threading
import urllib.request
from contextlib import closing, suppress

import httpcore
import pytest

from faultlab import Lab
from faultlab.errors import NotAsPlanned, UnknownHost

_FAR = "192.0.2.1"  # for documentation alone: nobody is there
_NAME = "api.example.com"


@pytest.fixture
def lab():
    return Lab()


def _with_socket(kind, call, family=socket.AF_INET):
    def reach():
        with socket.socket(family, kind) as sock:
            sock.settimeout(0.01)
            call(sock)

    return reach


def _opened(host):
    async def opened():
        await asyncio.open_connection(host, 443)

    return lambda: asyncio.run(opened())


def _asked(call):
    with closing(http.client.HTTPSConnection(_NAME)) as connection:
        call(connection)


_TCP, _UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM

_connect = _with_socket(_TCP, lambda sock: sock.connect((_FAR, 443)))

_WAYS_OUT = {
    "create_connection": (lambda: socket.create_connection((_NAME, 443)), f"dns://{_NAME}"),
    "connect": (_connect, f"socket://{_FAR}:443"),
    "connect-name": (_with_socket(_TCP, lambda sock: sock.connect((_NAME, 443))), f"dns://{_NAME}"),
    "connect_ex": (_with_socket(_TCP, lambda sock: sock.connect_ex((_FAR, 443))), f"socket://{_FAR}:443"),
    "connect_ex-name": (_with_socket(_TCP, lambda sock: sock.connect_ex((_NAME, 443))), f"dns://{_NAME}"),
    "sendto": (_with_socket(_UDP, lambda sock: sock.sendto(b"x", (_FAR, 53))), f"socket://{_FAR}:53"),
    "sendto-name": (_with_socket(_UDP, lambda sock: sock.sendto(b"x", 0, (_NAME, 53))), f"dns://{_NAME}"),
    "sendmsg": (_with_socket(_UDP, lambda sock: sock.sendmsg([b"x"], [], 0, (_FAR, 53))), f"socket://{_FAR}:53"),
    "sendmsg-name": (_with_socket(_UDP, lambda sock: sock.sendmsg([b"x"], [], 0, (_NAME, 53))), f"dns://{_NAME}"),
    "broadcast": (_with_socket(_UDP, lambda sock: sock.sendto(b"x", ("<broadcast>", 9))), "socket://<broadcast>:9"),
    "bind-name": (_with_socket(_TCP, lambda sock: sock.bind((_NAME, 0))), f"dns://{_NAME}"),
    "getaddrinfo": (lambda: socket.getaddrinfo(_NAME, 443), f"dns://{_NAME}"),
    "getaddrinfo-bytes": (lambda: socket.getaddrinfo(_NAME.encode(), 443), f"dns://{_NAME}"),
    "gethostbyname": (lambda: socket.gethostbyname(_NAME), f"dns://{_NAME}"),
    "gethostbyname_ex": (lambda: socket.gethostbyname_ex(_NAME), f"dns://{_NAME}"),
    "gethostbyaddr": (lambda: socket.gethostbyaddr(_FAR), f"dns://{_FAR}"),
    "getnameinfo": (lambda: socket.getnameinfo((_FAR, 443), 0), f"dns://{_FAR}"),
    "getaddrinfo-below-localhost": (lambda: socket.getaddrinfo("api.localhost", 443), "dns://api.localhost"),
    "getfqdn": (lambda: socket.getfqdn(_NAME), f"dns://{_NAME}"),
    "bare-getaddrinfo": (lambda: _socket.getaddrinfo(_NAME, 443), f"dns://{_NAME}"),
    "http.client": (lambda: _asked(lambda connection: connection.request("GET", "/")), f"dns://{_NAME}"),
    "urllib.request": (lambda: urllib.request.urlopen(f"https://{_NAME}/"), f"dns://{_NAME}"),
    "open_connection": (_opened(_FAR), f"socket://{_FAR}:443"),
    "open_connection-name": (_opened(_NAME), f"dns://{_NAME}"),
    "httpcore": (lambda: httpcore.request("GET", f"https://{_NAME}/"), f"dns://{_NAME}"),
    "loopback": (lambda: socket.create_connection(("127.0.0.1", 9)), "socket://localhost:9"),
    "loopback-by-none": (_with_socket(_TCP, lambda sock: sock.connect(("", 9))), "socket://localhost:9"),
    "loopback-by-mapped": (
        _with_socket(_TCP, lambda sock: sock.connect(("::ffff:127.0.0.1", 9)), socket.AF_INET6),
        "socket://localhost:9",
    ),
}


@pytest.mark.parametrize("way", _WAYS_OUT)
def test_no_way_leads_out(lab, way):
    reach, wanted = _WAYS_OUT[way]
    with lab.intercept(), pytest.raises(UnknownHost, match=r"lab\.intercept\(allow=\["):
        reach()
    assert lab.refused == [wanted]


def test_a_socket_that_tells_nobody_ahead_does_not_come_to_be(lab):
    with lab.intercept(), pytest.raises(UnknownHost, match=r"a bare _socket\.socket"):
        _socket.socket()
    assert len(lab.refused) == 1


@pytest.mark.parametrize("address", ["127.0.0.2", "0.0.0.0"])  # noqa: S104  # nobody listens there
@pytest.mark.parametrize(
    "name_of", [socket.gethostbyaddr, lambda address: socket.getnameinfo((address, 80), 0)], ids=["addr", "nameinfo"]
)
def test_the_network_is_not_asked_for_names_of_the_loopback_either(lab, name_of, address):
    with lab.intercept(allow_loopback=True), pytest.raises(UnknownHost, match=f"dns://{address}"):
        name_of(address)


@pytest.mark.parametrize(
    ("reach", "wanted"),
    [
        (lambda: urllib.request.urlopen("https://api.openai.com/v1"), "dns://api.openai.com"),
        (_connect, f"socket://{_FAR}:443"),
    ],
    ids=["name", "address"],
)
def test_who_cannot_be_answered_though_somebody_stands_there_is_told_what_can(lab, reach, wanted):
    lab.upstream("openai")
    lab.upstream("vllm", base_url=f"http://{_FAR}:443/v1")
    can = r"upstreams answer httpx, httpx2, requests, urllib3 and aiohttp, and other clients by lab\.serve\(\)$"
    with lab.intercept(), pytest.raises(UnknownHost, match=f"{wanted}.*{can}"):
        reach()
    assert [sign for sign in lab.signs() if wanted in sign and "allow" not in sign and "lab.serve()" in sign]


def test_what_is_swallowed_is_told_at_the_end(lab):
    with lab.intercept(), suppress(Exception):
        _connect()
    with pytest.raises(NotAsPlanned, match=_FAR):
        lab.check()


def test_an_error_of_the_harness_is_no_error_of_the_network(lab):
    with lab.intercept(), pytest.raises(UnknownHost) as raised:
        _connect()
    assert not isinstance(raised.value, OSError)


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.mark.parametrize("how", ["allow", "allow_loopback"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_what_is_allowed_is_reached(lab, listener, how, host):
    port = listener.getsockname()[1]
    allowed = {"allow": {"allow": [f"localhost:{port}"]}, "allow_loopback": {"allow_loopback": True}}[how]
    with lab.intercept(**allowed), socket.create_connection((host, port)) as connected:
        assert connected.getpeername()[1] == port
    assert lab.refused == []


def test_an_allowed_name_is_reached_where_it_is(lab, listener, monkeypatch):
    port = listener.getsockname()[1]
    row = (socket.AF_INET, _TCP, 6, "", ("127.0.0.1", port))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [row])
    with lab.intercept(allow=[f"{_NAME}:{port}"]), socket.create_connection((_NAME, port)) as connected:
        assert connected.getpeername()[1] == port
        with pytest.raises(UnknownHost):
            _connect()


def test_what_stays_in_the_machine_is_left_alone(lab, tmp_path):
    with lab.intercept():
        assert socket.getaddrinfo("127.0.0.1", 80)
        assert socket.getaddrinfo(None, 80)
        assert socket.gethostbyaddr("127.0.0.1")
        ends = socket.socketpair()
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
            server.bind(str(tmp_path / "s"))
            server.listen()
            client.connect(str(tmp_path / "s"))
        with socket.create_server(("localhost", 0)) as server:
            assert server.getsockname()[1]
        asyncio.run(asyncio.sleep(0))
    for end in ends:
        end.close()
    assert lab.refused == []


def test_every_thread_is_watched(lab):
    raised = []

    def reach():
        try:
            _connect()
        except UnknownHost as error:
            raised.append(error)

    with lab.intercept():
        thread = threading.Thread(target=reach)
        thread.start()
        thread.join()
    assert raised


def test_afterwards_sockets_are_what_they_were(lab, listener):
    names = ("connect", "connect_ex", "bind", "sendto", "sendmsg")
    before = [vars(socket.socket).get(name) for name in names] + [socket.getaddrinfo, socket.gethostbyname]
    with lab.intercept():
        pass
    assert [vars(socket.socket).get(name) for name in names] + [socket.getaddrinfo, socket.gethostbyname] == before
    with socket.create_connection(listener.getsockname()):
        pass
    assert lab.refused == []
