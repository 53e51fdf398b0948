"""What httpx2 and httpx raise when an exchange fails: the library's exception, its core's, and the system's.

The library is handed in as a module. Every link is as it comes off a real socket; what only the library itself knows
has no core's behind it.
"""

from __future__ import annotations

import errno
import importlib
import socket
import ssl
from collections.abc import Callable
from functools import lru_cache
from types import ModuleType
from typing import Any

from faultlab.adapters.base import Ending, Failing

__all__ = ["failure", "system_error"]


def _certificate(why: str) -> Callable[[], Exception]:
    text = f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {why} (_ssl.c:1006)"
    return lambda: ssl.SSLCertVerificationError(1, text)


def _tls_cut() -> Exception:
    return ssl.SSLEOFError(8, "[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol (_ssl.c:1006)")


def _plain_http() -> Exception:
    return ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)")


def _system(number: int, text: str) -> Callable[[], Exception]:
    return lambda: OSError(number, text)


def _timed_out() -> Exception:
    return TimeoutError("timed out")


_WITHOUT_RESPONSE = "Server disconnected without sending a response."
_MISMATCH = "Hostname mismatch, certificate is not valid for 'localhost'."

_FAILURES: dict[Failing, tuple[str, Callable[[], Exception] | str]] = {
    Failing.DNS_FAILURE: ("ConnectError", lambda: socket.gaierror(-2, "Name or service not known")),
    Failing.REFUSED: ("ConnectError", _system(errno.ECONNREFUSED, "Connection refused")),
    Failing.TLS_CUT: ("ConnectError", _tls_cut),
    Failing.CERTIFICATE_INVALID: ("ConnectError", _certificate("self-signed certificate")),
    Failing.HOSTNAME_MISMATCH: ("ConnectError", _certificate(_MISMATCH)),
    Failing.PLAIN_HTTP: ("ConnectError", _plain_http),
    Failing.PROXY_407: ("ProxyError", "407 Proxy Authentication Required"),
    Failing.PROXY_403: ("ProxyError", "403 Forbidden"),
    Failing.PROXY_502: ("ProxyError", "502 Bad Gateway"),
    Failing.CONNECT_TIMEOUT: ("ConnectTimeout", _timed_out),
    Failing.READ_TIMEOUT: ("ReadTimeout", _timed_out),
    Failing.WRITE_TIMEOUT: ("WriteTimeout", _timed_out),
    Failing.POOL_TIMEOUT: ("PoolTimeout", ""),
    Failing.RESET: ("ReadError", _system(errno.ECONNRESET, "Connection reset by peer")),
    Failing.DISCONNECTED: ("RemoteProtocolError", _WITHOUT_RESPONSE),
    Failing.NOT_HTTP: ("RemoteProtocolError", r"illegal status line: bytearray(b'\x00\x01garbage')"),
    Failing.WRITE_ERROR: ("WriteError", _system(errno.EPIPE, "Broken pipe")),
    Failing.CLOSE_ERROR: ("CloseError", "CloseError"),
    Failing.LOCAL_PROTOCOL: ("LocalProtocolError", r"Illegal header value b'Bearer \n'"),
    Failing.PROXY_ERROR: ("ProxyError", "ProxyError"),
    Failing.UNSUPPORTED_PROTOCOL: (
        "UnsupportedProtocol",
        "Request URL is missing an 'http://' or 'https://' protocol.",
    ),
    Failing.TOO_MANY_REDIRECTS: ("TooManyRedirects", "Exceeded maximum allowed redirects."),
    Failing.CLIENT_CLOSED: ("ReadError", _system(errno.EBADF, "Bad file descriptor")),
}
"""How an exchange fails → the library's exception, and the system's own behind it, or the text when there is none."""


def system_error(how: Failing) -> Exception | None:
    """The system's own exception; None where only the library itself knows."""
    behind = _FAILURES[how][1] if how in _FAILURES else ""
    return None if isinstance(behind, str) else behind()


def failure(module: Any, ending: Ending) -> Exception:
    """The library's exception as it comes off a real socket: raised from its core's, which hides the system's."""
    name, behind = _FAILURES.get(ending.how) or ("RemoteProtocolError", _incomplete(ending))
    hidden = None if isinstance(behind, str) else behind()
    text = behind if isinstance(behind, str) else str(hidden)
    raised: Exception = getattr(module, name)(text)
    raised.__cause__ = _core(module, name, text, hidden)
    return raised


def _core(module: Any, name: str, text: str, hidden: Exception | None) -> Exception | None:
    """The exception of the library's core; the system's own where the core has none of this name."""
    known = getattr(_core_of(module), name, None)
    if known is None:
        return hidden
    core: Exception = known(text)
    core.__context__, core.__suppress_context__ = hidden, True
    return core


@lru_cache(maxsize=8)
def _core_of(module: Any) -> ModuleType:
    """What the library's own transport is built on: httpcore2 for httpx2, httpcore for httpx."""
    return importlib.import_module(module.__name__.replace("httpx", "httpcore"))


def _incomplete(ending: Ending) -> str:
    """How the libraries tell that the server broke off within the body."""
    counted = f"received {ending.received} bytes, expected {ending.announced}"
    how = "incomplete chunked read" if ending.announced is None else counted
    return f"peer closed connection without sending complete message body ({how})"
