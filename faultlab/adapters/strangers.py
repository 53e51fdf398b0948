"""Whether a request comes from a program of this machine, or from a web page that some browser shows.

A page of anywhere can have its own name resolved to the loopback, and ask. It cannot help its browser's telling so: by
the host that was asked for, and by the origin of what is sent.
"""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from faultlab.wire import Request

__all__ = ["comes_from_elsewhere"]

_OWN_NAME: Final = "localhost"


def comes_from_elsewhere(request: Request) -> str | None:
    """Why it is refused; None when it is not."""
    host = request.headers.get("host", "")
    if not _is_loopback(host):
        return f"the host that was asked for, {host!r:.80}, is no name of the loopback"
    if "origin" in request.headers:
        return "a web page asked: this is for programs, which send no Origin"
    return None


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):  # a name is no address, and some texts are neither
        name = urlsplit(f"//{host}").hostname or ""
        return name == _OWN_NAME or ip_address(name).is_loopback
    return False
