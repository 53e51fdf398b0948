"""urllib3, 1.26 and 2, and with it requests: a pool's connections are laid to the lab instead of the network.

The library writes real HTTP and reads real HTTP: its retries, its decoding and requests' own exceptions stay real.
"""

from __future__ import annotations

import io
import socket
import ssl
from collections.abc import Callable
from importlib import import_module
from typing import Any

from faultlab.adapters.base import Ending, Failing, Timeouts
from faultlab.adapters.failures import system_error
from faultlab.adapters.intercept.base import Patches, current
from faultlab.adapters.intercept.line import Line, Over
from faultlab.errors import HarnessError
from faultlab.wire import FOR_EVER, Pause

__all__ = ["patch"]

_LARGEST_READ = 65_536

_PROXY_SAYS = {
    Failing.PROXY_407: "407 Proxy Authentication Required",
    Failing.PROXY_403: "403 Forbidden",
    Failing.PROXY_502: "502 Bad Gateway",
}


def patch(module: Any, patches: Patches) -> None:
    """Lead what the library's pools ask for to whoever intercepts; `module` is its `connectionpool`."""
    patches.put(module.HTTPConnectionPool, "_make_request", _asking)
    for pool in (module.HTTPConnectionPool, module.HTTPSConnectionPool):
        patches.put(pool, "_prepare_proxy", _preparing)


def _asking(original: Callable[..., Any]) -> Callable[..., Any]:
    def make_request(pool: Any, conn: Any, method: str, url: str, *args: Any, **options: Any) -> Any:
        interception, origin = current(), _origin(pool)
        if interception is None or not interception.has(origin if url.startswith("/") else url):
            _hang_up(conn, lambda laid: isinstance(laid, _Socket))
        elif not (isinstance(conn.sock, _Socket) and conn.sock.line.interception is interception):
            _hang_up(conn, lambda _: True)
            _lay(pool, conn, _Socket(Line(interception, origin), pool, conn))
        return original(pool, conn, method, url, *args, **options)

    return make_request


def _preparing(original: Callable[..., Any]) -> Callable[..., Any]:
    def prepare_proxy(pool: Any, conn: Any) -> None:
        interception = current()
        # The lab is reached without any proxy; what goes through needs its own.
        if interception is None or not interception.has(_origin(pool)):
            original(pool, conn)

    return prepare_proxy


def _origin(pool: Any) -> str:
    host = f"[{pool.host.strip('[]')}]" if ":" in pool.host else pool.host
    is_usual = pool.port in (None, {"http": 80, "https": 443}[pool.scheme])
    return f"{pool.scheme}://{host}" if is_usual else f"{pool.scheme}://{host}:{pool.port}"


def _module_of(pool: Any, name: str) -> Any:
    """A module of the library that the pool is of: of several, where another package has brought its own."""
    library = next(kind.__module__ for kind in type(pool).__mro__ if kind.__name__ == "HTTPConnectionPool")
    return import_module(f"{library.rpartition('.')[0]}.{name}")


def _hang_up(conn: Any, unfit: Callable[[Any], bool]) -> None:
    """A connection that was laid before, to where this request does not go, is not used for it."""
    if getattr(conn, "sock", None) is not None and unfit(conn.sock):
        conn.close()


def _lay(pool: Any, conn: Any, laid: _Socket) -> None:
    """As if it had been connected, by TLS where that was asked for."""
    conn.sock = laid
    if getattr(conn, "cert_reqs", "plain") != "plain":
        util = _module_of(pool, "util.ssl_")
        conn.is_verified = util.resolve_cert_reqs(conn.cert_reqs) == ssl.CERT_REQUIRED or bool(conn.assert_fingerprint)
    if hasattr(conn, "has_connected_to_proxy"):
        conn._has_connected_to_proxy = True  # else each of its failures would be told as the proxy's


class _Socket:
    """What urllib3 and http.client ask of a socket."""

    def __init__(self, line: Line, pool: Any, conn: Any) -> None:
        self.line = line
        self._pool = pool
        self._conn = conn
        self._timeout: float | None = None
        self._unread = b""
        # Nothing comes there, and its end is the end: a connection that was kept is looked at before it is used again.
        self._shown, self._kept = socket.socketpair()
        line.interception.laid.add(self)

    def sendall(self, data: Any) -> None:
        """More of a request. Writing has the time-out of connecting; how long a pool would wait is not known here."""
        patience_s = _seconds(self._conn.timeout)
        self.line.timeouts = Timeouts(connect=patience_s, write=patience_s, pool=0.0)
        self.line.feed(bytes(data))

    def settimeout(self, seconds: float | None) -> None:
        """How long to wait for the next bytes."""
        self._timeout = seconds

    def gettimeout(self) -> float | None:
        """The same, asked."""
        return self._timeout

    def setsockopt(self, *_: Any) -> None:
        """There is nothing to be set."""

    def fileno(self) -> int:
        """Of a real one, where nothing comes."""
        return self._shown.fileno()

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        """What http.client reads a response from."""
        return io.BufferedReader(_Incoming(self), _LARGEST_READ)

    def shutdown(self, _how: int) -> None:
        """The client hangs up, maybe while another of its threads waits."""
        self.line.hang_up()

    def close(self) -> None:
        """The connection is given up; a response that is still read goes on, as from any socket whose file is open."""
        self._shown.close()
        self._kept.close()

    __del__ = close

    def abandon(self) -> None:
        """The lab has gone: whoever kept this finds that it was closed."""
        self._kept.close()

    def recv(self, size: int) -> bytes:
        """What comes next, at most so much; nothing at the end."""
        if not self._unread:
            self._unread = self._next()
        taken, self._unread = self._unread[:size], self._unread[size:]
        return taken

    def _next(self) -> bytes:
        """What comes, waited for; nothing at the end."""
        if not self.line.is_answering:
            self.line.timeouts = self.line.timeouts._replace(read=_seconds(self._timeout))
        while True:
            match self.line.step():
                case bytes() as data if data:
                    return data
                case Pause(seconds):
                    self.line.interception.clock.advance(seconds, self.line.closed)
                case Over(data):
                    return data
                case Ending() as ending:
                    raise _failure(self._pool, self._conn, ending)
                case None:
                    raise TimeoutError("timed out")  # nothing was asked, and nothing comes


class _Incoming(io.RawIOBase):
    """The response as a file; it outlives its connection's `close`."""

    def __init__(self, laid: _Socket) -> None:
        self._laid = laid

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._laid.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if self._laid.line.is_answering:
            self._laid.line.hang_up()
        super().close()


def _seconds(given: Any) -> float:
    """Of a time-out: a number, None for none at all, or a mark for the process's default."""
    stated = given if given is None or isinstance(given, (int, float)) else socket.getdefaulttimeout()
    return FOR_EVER if stated is None else float(stated)


def _failure(pool: Any, conn: Any, ending: Ending) -> Any:
    """What the library raises, or what it is raised by."""
    known = _module_of(pool, "exceptions")
    behind = system_error(ending.how)
    match ending.how:
        case Failing.DNS_FAILURE | Failing.REFUSED:
            return _unconnected(known, conn, ending.how, behind)
        case Failing.CONNECT_TIMEOUT:
            text = f"Connection to {conn.host} timed out. (connect timeout={conn.timeout})"
            raised = known.ConnectTimeoutError(conn, text)
        case Failing.WRITE_TIMEOUT:
            raised = known.ProtocolError("Connection aborted.", behind)
        case Failing.POOL_TIMEOUT:
            raised = known.EmptyPoolError(pool, "Pool reached maximum size and no more connections are allowed.")
        case Failing.PROXY_407 | Failing.PROXY_403 | Failing.PROXY_502:
            refused = OSError(f"Tunnel connection failed: {_PROXY_SAYS[ending.how]}")
            raised = known.ProxyError("Unable to connect to proxy", refused)
        case Failing.TLS_CUT | Failing.CERTIFICATE_INVALID | Failing.HOSTNAME_MISMATCH | Failing.PLAIN_HTTP:
            raised = known.SSLError(behind)
            raised.__context__ = behind
            return raised
        case _ if behind is None:
            raise HarnessError(f"{ending.how} cannot come about with urllib3: give the request another fault")
        case _:
            return behind
    raised.__cause__ = behind
    return raised


def _unconnected(known: Any, conn: Any, how: Failing, behind: Exception | None) -> Any:
    if how is Failing.DNS_FAILURE and hasattr(known, "NameResolutionError"):
        raised = known.NameResolutionError(conn.host, conn, behind)
    else:
        raised = known.NewConnectionError(conn, f"Failed to establish a new connection: {behind}")
    raised.__cause__ = behind
    return raised
