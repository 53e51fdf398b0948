"""A transport for the client libraries httpx2 and httpx that goes to real sockets, but to others than the URL says.

What is asked stays as it was, the `Host` header too: only where it is asked changes.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import lru_cache
from types import ModuleType
from typing import Any, ClassVar

from faultlab.adapters.transport import installed_library

__all__ = ["detour"]


def detour(leads_to: Callable[[str], str], module: ModuleType | None = None) -> Any:
    """A `BaseTransport` of the library (None: the one that the installed openai uses); `leads_to` maps its URLs."""
    return _of(module or installed_library())(leads_to)


class _Detour:
    """`BaseTransport`'s own methods."""

    module: ClassVar[Any]

    def __init__(self, leads_to: Callable[[str], str]) -> None:
        self._leads_to = leads_to
        # What is served is plain HTTP; a context that trusts nobody costs less than one that knows every authority.
        self._real = self.module.HTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    def handle_request(self, request: Any) -> Any:
        url = self._leads_to(str(request.url))
        same = {"headers": request.headers, "stream": request.stream, "extensions": request.extensions}
        return self._real.handle_request(self.module.Request(request.method, url, **same))

    def close(self) -> None:
        self._real.close()


@lru_cache(maxsize=8)
def _of(module: Any) -> type[Any]:
    """The library insists on its base class, which is not known before."""
    return type("DetourTransport", (_Detour, module.BaseTransport), {"module": module})
