"""Connections that break on a real socket, and in the transport: the same exceptions, texts and causes.

What the machine cannot be made to do without a network (a name that does not resolve) is in the transport's own table.
"""

import contextlib
import importlib
import socket
import ssl
import struct
import threading

import pytest

from faultlab import faults
from faultlab.adapters.base import Router
from faultlab.adapters.transport import transport
from faultlab.clock import VirtualClock
from faultlab.schedule import Entry, Schedule
from faultlab.script import Reply, Script
from faultlab.upstream import Stage, Upstream

_BODY = b'{"model": "m", "stream": %s}'
_WHOLE = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 400\r\n\r\n" + b"{" * 15
_STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n9\r\ndata: {}\n\r\n"


def _reset(connection):
    """RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# What a server does after it has read the request: bytes, then how it closes.
_SERVERS = {
    "disconnected": (b"", None),
    "reset": (b"", _reset),
    "truncated": (_WHOLE, None),
    "cut": (_WHOLE, _reset),
    "truncated in a stream": (_STREAM, None),
    "cut in a stream": (_STREAM, _reset),
}


@contextlib.contextmanager
def _listening(serve):
    """A server for one connection on the loopback; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept():
            connection, _ = listener.accept()
            with connection:
                serve(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def _serving(sent, closes):
    def serve(connection):
        received = b""
        while not received.endswith(b"}"):
            received += connection.recv(65536)
        connection.sendall(sent)
        if closes:
            closes(connection)

    return serve


def _met(client, url, *, streamed=False):
    """Every link of what a request raises: its class and its text."""
    library = importlib.import_module(type(client).__module__.partition(".")[0])
    with client, pytest.raises(library.TransportError) as raised:
        client.post(url, content=_BODY % (b"true" if streamed else b"false"))
    return _links(raised.value)


def _links(error):
    # h11's own exceptions are no part of what the libraries promise, nor is whether the system's own is hidden.
    if error is None or type(error).__module__.startswith("h11"):
        return []
    # Counts of bytes and lines of C are the occasion's.
    text = str(error).partition("received")[0].partition("(_ssl")[0]
    return [(type(error), text), *_links(error.__cause__ or error.__context__)]


def _real(module, url, **more):
    return _met(module.Client(trust_env=False, verify=False), url, **more)


def _faked(module, fault, **more):
    stage = Stage(VirtualClock())
    base = "https://api.openai.com/v1"
    schedule = Schedule([Entry((fault,))])
    upstream = Upstream("primary", "openai", base, stage, script=Script([Reply("hello")]), schedule=schedule)
    through = transport(Router([upstream]), stage.clock, module)
    return _met(module.Client(transport=through), f"{base}/chat/completions", **more)


@pytest.fixture(params=["httpx2", "httpx"])
def module(request):
    return importlib.import_module(request.param)


@pytest.mark.parametrize("name", _SERVERS)
def test_a_connection_ends_in_the_transport_as_on_a_socket(module, name):
    with _listening(_serving(*_SERVERS[name])) as port:
        real = _real(module, f"http://127.0.0.1:{port}/")
    fault, _, streamed = name.partition(" in a ")
    assert _faked(module, getattr(faults, fault)(), streamed=bool(streamed)) == real


def test_so_does_one_that_is_refused(module):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert _faked(module, faults.refused()) == _real(module, f"http://127.0.0.1:{port}/")


def test_so_does_a_handshake_that_is_cut(module):
    with _listening(lambda connection: connection.recv(65536)) as port:
        real = _real(module, f"https://127.0.0.1:{port}/")
    assert _faked(module, faults.tls_failure()) == real


def test_so_does_one_that_is_silent(module):
    silent = threading.Event()
    with _listening(lambda _: silent.wait(5)) as port:
        real = _met(module.Client(trust_env=False, timeout=0.05), f"http://127.0.0.1:{port}/")
        silent.set()
    assert _faked(module, faults.read_timeout()) == real


@pytest.mark.parametrize(
    ("fault", "system"),
    [
        (faults.certificate_invalid(), ssl.SSLCertVerificationError),
        (faults.dns_failure(), socket.gaierror),
        (faults.connect_timeout(), TimeoutError),
    ],
)
def test_what_needs_a_network_has_the_same_links(module, fault, system):
    (outer, text), (core, same), (behind, _) = _faked(module, fault)
    assert (outer.__name__, outer.__module__) == (core.__name__, module.__name__)
    assert (behind, same) == (system, text)
